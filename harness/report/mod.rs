//! Views of finished entries: text for a terminal, JSON lines for programs. Nothing here measures or prints.

mod buckets;
mod color;
mod difference;
mod evidence;
mod gates;
mod graphs;
mod grid;
mod history;
pub mod json;
mod kernels;
mod names;
mod numbers;
mod profile;
mod provenance;
mod replay;
mod rows;
mod run;
mod selftest;
mod summary;
mod tasks;
mod verification;

pub use color::{Color, Tone};
pub use difference::difference;
pub use graphs::graphs;
pub use grid::{Cell, Column, Grid};
pub use history::history;
pub use profile::profile;
pub use replay::replay;
pub use run::{Recorded, run};
pub use selftest::selftest;
pub use summary::{TaskEntry, summary, summary_markdown};
pub use tasks::{contract, tasks};
pub use verification::verification;
