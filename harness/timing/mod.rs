//! When to sample what: schedules, calls per sample, buffer rotation. Returns samples and prints nothing.

mod plan;
mod sampler;
mod schedule;
mod warmup;

pub use plan::{calls_per_sample, lead_in_calls, rotation};
pub use sampler::{ClockWatch, RowGraphs, sample_beside, sample_blocks, sample_produced};
pub use schedule::orders;
pub use warmup::{warm_up, warm_up_again};
