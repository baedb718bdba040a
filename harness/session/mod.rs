//! One run of one task: build, static gates, cases through the gates, timed processes, and the record of it all.

mod calibrate;
mod ceilings;
mod controls;
mod error;
mod gpu_watch;
mod graphs;
mod judging;
mod losses;
mod machine;
mod pair;
mod plan;
mod profile;
mod progress;
mod record;
mod replay;
mod run;
mod sampling;
mod screening;
mod statics;
mod stock;
mod tool;

pub use calibrate::calibrate;
pub use controls::TwinRows;
pub use error::SessionError;
pub use graphs::{CallGraph, graphs};
pub use machine::{GpuChoice, Machine};
pub use plan::{Depth, RunOptions, Selection};
pub use profile::Profile;
pub use progress::{Progress, Silent};
pub use record::Finished;
pub use replay::{Replay, ReplayOptions, Replayed};
pub use run::run;
pub(crate) use screening::tell;
pub use tool::{SanitizerTool, Tool};
