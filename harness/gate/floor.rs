//! The least time that a call can take.

use crate::task::Case;

/// Reads may come faster than the measured copy by this factor: a copy waits for its writes too. The data sheet's
/// bandwidth of an H100 is 1.13 times the copy measured on it.
const READ_OVER_COPY: f64 = 1.35;

/// Share of an empty kernel's time that no kernel can stay below.
const SHARE_OF_EMPTY_KERNEL: f64 = 0.5;

/// Nanoseconds below which a cold call has not read its inputs, or has not run at all; `None` on a device without
/// ceilings. Writes do not count: they may lie in the L2 when the clock stops.
pub fn floor_ns(
    case: &Case,
    copy_bytes_per_second: Option<f64>,
    empty_kernel_ns: Option<f64>,
) -> Option<f64> {
    let reads: u64 = case.inputs().map(|spec| spec.distinct_bytes()).sum();
    let reading = reads as f64 / (READ_OVER_COPY * copy_bytes_per_second?) * 1e9;
    Some(reading.max(SHARE_OF_EMPTY_KERNEL * empty_kernel_ns?))
}
