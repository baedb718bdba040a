//! The least time that a call can take.

use crate::task::Case;
use crate::tensor::{Role, TensorSpec};

/// Reads may come faster than the measured copy by this factor: a copy waits for its writes too. The data sheet's
/// bandwidth of an H100 is 1.13 times the copy measured on it.
const READ_OVER_COPY: f64 = 1.35;

/// Share of an empty kernel's time that no kernel can stay below.
const SHARE_OF_EMPTY_KERNEL: f64 = 0.5;

/// Nanoseconds below which a cold call has not read its inputs, or has not run at all; `None` on a device without
/// ceilings. Writes do not count: they may lie in the L2 when the clock stops. Beside integers that choose what is read,
/// only tensors that are written too count as read whole.
pub fn floor_ns(
    case: &Case,
    copy_bytes_per_second: Option<f64>,
    empty_kernel_ns: Option<f64>,
) -> Option<f64> {
    let chooses = case.inputs().any(|spec| !spec.dtype.is_float());
    let whole = case
        .inputs()
        .filter(|spec| !chooses || spec.role == Role::Inout);
    let reads: u64 = whole.map(TensorSpec::distinct_bytes).sum();
    let reading = reads as f64 / (READ_OVER_COPY * copy_bytes_per_second?) * 1e9;
    Some(reading.max(SHARE_OF_EMPTY_KERNEL * empty_kernel_ns?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Task;

    #[test]
    fn a_cache_that_positions_choose_from_need_not_be_read_whole() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let floor = |task: &str, row: &str| {
            let task = Task::load(root, task).expect("the task should load");
            let row = task.rows.iter().find(|case| case.id == row);
            floor_ns(
                row.expect("the row should be there"),
                Some(3e12),
                Some(800.0),
            )
        };
        // q and k of 1000 tokens with 24 heads of 128 bf16, read once: 12.3 MB; the cache has 67.
        let chosen = floor("qknorm_rope", "rider_n1000_h24_prandom").expect("a floor");
        assert!(
            (chosen - 12.288e6 / (1.35 * 3e12) * 1e9).abs() < 50.0,
            "{chosen}"
        );
    }

    #[test]
    fn a_call_of_few_bytes_takes_half_an_empty_kernel_and_a_device_without_ceilings_has_no_floor() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let task = Task::load(root, "fuse_scale_shift").expect("the task should load");
        assert_eq!(
            floor_ns(&task.rows[0], Some(1e15), Some(800.0)),
            Some(400.0)
        );
        assert_eq!(floor_ns(&task.rows[0], None, None), None);
    }
}
