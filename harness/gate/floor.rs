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
    use std::path::Path;

    use super::*;
    use crate::task::{Task, names};

    fn rows() -> Vec<Case> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tasks = names(root).expect("the tasks should be listed");
        let load = |name: &String| Task::load(root, name).expect("the tasks should load").rows;
        tasks.iter().flat_map(load).collect()
    }

    #[test]
    fn what_integers_choose_from_need_not_be_read_whole() {
        let chooses = |row: &Case| row.inputs().any(|spec| !spec.dtype.is_float());
        let (choosing, plain): (Vec<Case>, Vec<Case>) = rows().into_iter().partition(chooses);
        assert!(!choosing.is_empty() && !plain.is_empty());
        let in_place = |row: &Case| bytes_of(row, |spec| spec.role == Role::Inout);
        let cases = choosing.iter().map(|row| (row, in_place(row)));
        for (row, bytes) in cases.chain(plain.iter().map(|row| (row, bytes_of(row, |_| true)))) {
            // A byte a nanosecond.
            let floor = floor_ns(row, Some(1e9 / READ_OVER_COPY), Some(0.0)).expect("a floor");
            assert!((floor - bytes).abs() <= 1e-9 * bytes, "{}: {floor}", row.id);
        }
    }

    fn bytes_of(row: &Case, is_read: impl Fn(&TensorSpec) -> bool) -> f64 {
        let read = row.inputs().filter(|spec| is_read(spec));
        read.map(TensorSpec::distinct_bytes).sum::<u64>() as f64
    }

    #[test]
    fn a_call_of_few_bytes_takes_half_an_empty_kernel_and_a_device_without_ceilings_has_no_floor() {
        let row = &rows()[0];
        assert_eq!(floor_ns(row, Some(1e18), Some(800.0)), Some(400.0));
        assert_eq!(floor_ns(row, None, None), None);
    }
}
