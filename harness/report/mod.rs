//! Views of finished entries: text for a terminal, Markdown and HTML for reviewers, JSON lines for programs. Nothing here measures or prints.

mod buckets;
mod color;
mod difference;
mod evidence;
mod gates;
mod graphs;
mod grid;
mod history;
mod html;
pub mod json;
mod markdown;
mod numbers;
mod plot;
mod provenance;
mod record;
mod replay;
mod rows;
mod run;
mod selftest;
mod summary;
mod table;
mod tasks;
mod verification;

pub use color::{Color, Tone};
pub use difference::difference;
pub use graphs::graphs;
pub use grid::{Cell, Column, Grid};
pub use history::history;
pub use html::{Raw, entry_html, summary_html};
pub use markdown::run_markdown;
pub use replay::replay;
pub use run::{Recorded, run};
pub use selftest::selftest;
pub use summary::{TaskEntry, summary, summary_markdown};
pub use tasks::{contract, tasks};
pub use verification::verification;
