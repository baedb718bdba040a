//! The least time of a call.

use crate::device::Peaks;
use crate::ledger::{BoundClass, BoundRecord};

/// The slowest of memory, arithmetic and launching, and its time in nanoseconds.
///
/// `bytes` are each input read once and each output written once, against the driver's copy from memory to memory;
/// `flops` against the FMA pipe; launching is one empty kernel in a graph of many. They overlap in a kernel, so the
/// slowest is the bound, not the sum (S. Williams et al., Comm. ACM 52, 2009).
pub fn bound(bytes: u64, flops: u64, peaks: &Peaks) -> (BoundClass, f64) {
    let memory = bytes as f64 / peaks.copy_bytes * 1e9;
    let compute = flops as f64 / peaks.fma_operations * 1e9;
    if peaks.floor_ns >= memory.max(compute) {
        (BoundClass::Latency, peaks.floor_ns)
    } else if compute > memory {
        (BoundClass::Compute, compute)
    } else {
        (BoundClass::Memory, memory)
    }
}

/// The bound beside what both sides take, given as medians in microseconds a call.
pub fn record(bound: (BoundClass, f64), baseline_us: f64, candidate_us: f64) -> BoundRecord {
    let (class, ns) = bound;
    let us = ns * 1e-3;
    BoundRecord {
        class,
        us,
        baseline_share: us / baseline_us,
        candidate_share: us / candidate_us,
        still_to_win: candidate_us / us,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEAKS: Peaks = Peaks {
        copy_bytes: 3e12,
        hot_copy_bytes: 6e12,
        read_bytes: 3e12,
        fma_operations: 6e13,
        tensor_operations: 6e14,
        floor_ns: 800.0,
        empty_graph_ns: 2500.0,
    };

    #[test]
    fn the_slowest_resource_is_the_bound() {
        assert_eq!(
            bound(3_000_000, 1_000_000, &PEAKS),
            (BoundClass::Memory, 1000.0)
        );
        assert_eq!(
            bound(3_000, 120_000_000, &PEAKS),
            (BoundClass::Compute, 2000.0)
        );
        assert_eq!(bound(3_000, 0, &PEAKS), (BoundClass::Latency, 800.0));
    }

    #[test]
    fn shares_are_of_the_least_time_and_may_exceed_it() {
        let record = record((BoundClass::Memory, 1000.0), 2.0, 0.8);
        assert_eq!((record.us, record.baseline_share), (1.0, 0.5));
        assert_eq!((record.candidate_share, record.still_to_win), (1.25, 0.8));
    }
}
