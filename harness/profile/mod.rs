//! What NVIDIA Nsight Compute counts in one call of each side: the metrics, the command, its answer, and the record.

mod change;
mod command;
mod counters;
mod error;
mod metrics;
mod record;
mod stored;

pub use change::{Change, changes, moved_most, side_total};
pub use command::{Launched, Profiler};
pub(crate) use counters::complaints;
pub use counters::{KernelCounters, read_counters};
pub use error::ProfileError;
pub use metrics::{Metric, Total, Unit, metrics, stalls, units};
pub(crate) use record::FORMAT;
#[cfg(test)]
pub(crate) use record::sample;
pub use record::{Lane, ProfileRecord, ProfiledKernel};
pub use stored::{StoredProfile, stored_profiles};
