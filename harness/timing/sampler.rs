//! Taking blocks of device samples.

use crate::device::{Device, DeviceError, GraphId};
use crate::stats::{Block, Order};
use crate::toolchain::Side;

/// One graph a side, each of the same number of calls.
#[derive(Clone, Copy, Debug)]
pub struct RowGraphs {
    pub baseline: GraphId,
    pub candidate: GraphId,
}

impl RowGraphs {
    pub fn by_side(&self) -> [(Side, GraphId); 2] {
        [
            (Side::Baseline, self.baseline),
            (Side::Candidate, self.candidate),
        ]
    }
}

/// One block an order, in nanoseconds per call.
pub fn sample_blocks(
    device: &mut dyn Device,
    graphs: &RowGraphs,
    orders: &[Order],
    calls: u32,
) -> Result<Vec<Block>, DeviceError> {
    orders
        .iter()
        .map(|&order| {
            let replays = order.sides().map(|side| match side {
                Side::Baseline => graphs.baseline,
                Side::Candidate => graphs.candidate,
            });
            let times = device.time(&replays)?;
            let mut ns = [0.0; 4];
            for (ns, time) in ns.iter_mut().zip(times) {
                *ns = time / f64::from(calls);
            }
            Ok(Block { order, ns })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::ScriptedDevice;
    use crate::stats::process_log_ratio;
    use crate::timing::orders;

    /// Blocks of a device whose graph `graph` takes `time(graph, replays so far)` nanoseconds.
    fn sampled(blocks: u32, mut time: impl FnMut(usize, usize) -> f64 + 'static) -> Vec<Block> {
        let mut replays = 0;
        let mut device = ScriptedDevice::new(Box::new(move |graph| {
            replays += 1;
            time(graph.0, replays)
        }));
        let graphs = RowGraphs {
            baseline: GraphId(0),
            candidate: GraphId(1),
        };
        sample_blocks(&mut device, &graphs, &orders(blocks, 3), 10).unwrap()
    }

    #[test]
    fn a_constant_ratio_comes_back_exactly() {
        let blocks = sampled(6, |graph, _| if graph == 0 { 2200.0 } else { 2000.0 });
        let ratio = process_log_ratio(&blocks).unwrap();
        assert!((ratio - 1.1_f64.ln()).abs() < 1e-12);
        assert!(blocks.iter().all(|block| block.baseline_ns() == [220.0; 2]));
    }

    #[test]
    fn a_drift_does_not_move_the_ratio() {
        let blocks = sampled(8, |_, replay| 1000.0 * (0.001 * replay as f64).exp());
        assert!(process_log_ratio(&blocks).unwrap().abs() < 1e-12);
    }

    #[test]
    fn a_penalty_for_running_second_cancels() {
        let mut previous = 1;
        let blocks = sampled(8, move |graph, _| {
            let penalty = if previous == graph { 1.0 } else { 1.04 };
            previous = graph;
            1000.0 * penalty
        });
        assert!(
            process_log_ratio(&blocks).unwrap().abs() < 0.011,
            "{blocks:?}"
        );
    }
}
