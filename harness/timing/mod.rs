//! When to sample what: schedules, calls per sample, buffer rotation. Returns samples and prints nothing.

mod plan;
mod sampler;
mod schedule;

pub use plan::{calls_per_sample, rotation};
pub use sampler::{RowGraphs, sample_blocks};
pub use schedule::orders;
