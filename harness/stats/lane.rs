//! From the blocks of every process to the record of one lane.

use super::{Block, Estimate, process_log_ratio, spread_us};
use crate::ledger::LaneRecord;

/// The record of one row in one lane, from the blocks of each process; `None` where a process has no block.
pub fn lane(processes: &[Vec<Block>], confidence: f64) -> Option<LaneRecord> {
    let log_ratios: Vec<f64> = processes
        .iter()
        .map(|blocks| process_log_ratio(blocks))
        .collect::<Option<_>>()?;
    let blocks = || processes.iter().flatten();
    let baseline_ns: Vec<f64> = blocks().flat_map(Block::baseline_ns).collect();
    let candidate_ns: Vec<f64> = blocks().flat_map(Block::candidate_ns).collect();
    Some(LaneRecord {
        ratio: Estimate::over_processes(&log_ratios).map(|estimate| estimate.interval(confidence)),
        per_process: log_ratios.iter().map(|log| log.exp()).collect(),
        baseline_us: spread_us(&baseline_ns)?,
        candidate_us: spread_us(&candidate_ns)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Order;

    fn process(candidate_ns: f64) -> Vec<Block> {
        let (a, b) = (2000.0, candidate_ns);
        vec![
            Block {
                order: Order::Abba,
                ns: [a, b, b, a],
            },
            Block {
                order: Order::Baab,
                ns: [b, a, a, b],
            },
        ]
    }

    #[test]
    fn both_sides_are_pooled_and_the_ratio_is_over_processes() {
        let lane =
            lane(&[process(1000.0), process(1010.0)], 0.95).expect("both processes have blocks");
        assert_eq!(
            (lane.baseline_us.samples, lane.baseline_us.median),
            (8, 2.0)
        );
        assert!((lane.candidate_us.mean - 1.005).abs() < 1e-12);
        assert!(
            (lane.per_process[0] - 2.0).abs() < 1e-12
                && (lane.per_process[1] - 2000.0 / 1010.0).abs() < 1e-12
        );
        let ratio = lane.ratio.expect("two processes have an interval");
        assert!(ratio.low < ratio.speedup && ratio.speedup < ratio.high);
    }

    #[test]
    fn one_process_keeps_its_speedup_but_has_no_interval() {
        let lane = lane(&[process(1000.0)], 0.95).expect("the process has blocks");
        assert_eq!((lane.ratio, lane.per_process.len()), (None, 1));
    }

    #[test]
    fn a_process_without_blocks_leaves_no_record() {
        assert_eq!(lane(&[process(1000.0), Vec::new()], 0.95), None);
        assert_eq!(lane(&[], 0.95), None);
    }
}
