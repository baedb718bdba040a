//! Taking blocks of device samples.

use serde::{Deserialize, Serialize};

use crate::device::{Device, DeviceError, Replay, Timings};
use crate::stats::{Block, Order};
use crate::toolchain::Side;

/// A block in which the SM clock moves by more than this is taken again (`MEASURE.md`, "Clocks").
const CLOCK_AGREEMENT: f64 = 0.01;

/// One graph a side, each of the same number of calls.
#[derive(Clone, Copy, Debug)]
pub struct RowGraphs {
    pub baseline: Replay,
    pub candidate: Replay,
}

impl RowGraphs {
    /// Each behind its lead-in.
    pub fn led_in_by(self, lead_in: RowGraphs) -> Self {
        let led = |replay: Replay, lead_in: Replay| Replay {
            lead_in: Some(lead_in.graph),
            ..replay
        };
        Self {
            baseline: led(self.baseline, lead_in.baseline),
            candidate: led(self.candidate, lead_in.candidate),
        }
    }

    pub fn by_side(&self) -> [(Side, Replay); 2] {
        [
            (Side::Baseline, self.baseline),
            (Side::Candidate, self.candidate),
        ]
    }

    fn in_order(&self, order: Order) -> [Replay; 4] {
        order.sides().map(|side| match side {
            Side::Baseline => self.baseline,
            Side::Candidate => self.candidate,
        })
    }
}

/// What the SM clock did while blocks were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClockWatch {
    /// Blocks taken again because the clock moved within them.
    pub redrawn: u32,
    /// Blocks kept although it did: as many as there were blocks had been taken again.
    pub unsteady: u32,
    /// Least and greatest clock of any sample, in MHz; `None` where the device does not tell.
    pub sm_mhz: Option<[f64; 2]>,
}

impl ClockWatch {
    /// Takes over what another watch saw.
    pub fn add(&mut self, other: Self) {
        self.redrawn += other.redrawn;
        self.unsteady += other.unsteady;
        for mhz in other.sm_mhz.into_iter().flatten() {
            self.see(mhz);
        }
    }

    fn see(&mut self, mhz: f64) {
        let [least, most] = self.sm_mhz.unwrap_or([mhz, mhz]);
        self.sm_mhz = Some([least.min(mhz), most.max(mhz)]);
    }
}

/// One block an order, in nanoseconds per call. What is taken again goes into `watch`.
pub fn sample_blocks(
    device: &mut dyn Device,
    graphs: &RowGraphs,
    orders: &[Order],
    calls: u32,
    watch: &mut ClockWatch,
) -> Result<Vec<Block>, DeviceError> {
    let mut again = orders.len();
    orders
        .iter()
        .map(|&order| {
            let timings = loop {
                let timings = device.time(&graphs.in_order(order))?;
                let clocks = timings.sm_mhz.iter().flatten();
                clocks.for_each(|mhz| watch.see(*mhz));
                if is_steady(&timings) {
                    break timings;
                }
                if again == 0 {
                    watch.unsteady += 1;
                    break timings;
                }
                again -= 1;
                watch.redrawn += 1;
            };
            Ok(block(order, &timings.ns, calls))
        })
        .collect()
}

/// One block an order behind a producer whose own time, that of `producer` before and after, is taken off. Empty where
/// that leaves nothing of a call.
pub fn sample_produced(
    device: &mut dyn Device,
    producer: Replay,
    graphs: &RowGraphs,
    orders: &[Order],
    calls: u32,
) -> Result<Vec<Block>, DeviceError> {
    let mut blocks = Vec::with_capacity(orders.len());
    for &order in orders {
        let [first, second, third, fourth] = graphs.in_order(order);
        let timings = device.time(&[producer, first, second, third, fourth, producer])?;
        let alone = f64::midpoint(timings.ns[0], timings.ns[5]);
        let of_calls: Vec<f64> = timings.ns[1..5].iter().map(|ns| ns - alone).collect();
        if of_calls.iter().any(|ns| *ns <= 0.0) {
            return Ok(Vec::new());
        }
        blocks.push(block(order, &of_calls, calls));
    }
    Ok(blocks)
}

/// One block of the baseline alone: its first and last sample follow a replay of its own, the two between one of the
/// candidate, which counts as being the baseline. The places of both have one mean, so that a drift cancels.
pub fn sample_beside(
    device: &mut dyn Device,
    graphs: &RowGraphs,
    calls: u32,
) -> Result<Block, DeviceError> {
    let RowGraphs {
        baseline,
        candidate,
    } = *graphs;
    let timings = device.time(&[
        candidate, baseline, baseline, candidate, baseline, candidate, baseline, baseline, baseline,
    ])?;
    let samples = [2, 4, 6, 8].map(|place| timings.ns[place]);
    Ok(block(Order::Baab, &samples, calls))
}

fn block(order: Order, replay_ns: &[f64], calls: u32) -> Block {
    let mut ns = [0.0; 4];
    for (ns, time) in ns.iter_mut().zip(replay_ns) {
        *ns = time / f64::from(calls);
    }
    Block { order, ns }
}

fn is_steady(timings: &Timings) -> bool {
    let clocks = || timings.sm_mhz.iter().flatten().copied();
    let least = clocks().fold(f64::INFINITY, f64::min);
    clocks().fold(0.0, f64::max) <= least * (1.0 + CLOCK_AGREEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{GraphId, ScriptedDevice};
    use crate::stats::process_log_ratio;
    use crate::timing::orders;

    const GRAPHS: RowGraphs = RowGraphs {
        baseline: Replay::bare(GraphId(0)),
        candidate: Replay::bare(GraphId(1)),
    };

    /// A device whose graph `graph` takes `time(graph, replays so far)` nanoseconds.
    fn device(mut time: impl FnMut(usize, usize) -> f64 + 'static) -> ScriptedDevice {
        let mut replays = 0;
        ScriptedDevice::new(Box::new(move |graph| {
            replays += 1;
            time(graph.0, replays)
        }))
    }

    fn sampled(blocks: u32, time: impl FnMut(usize, usize) -> f64 + 'static) -> Vec<Block> {
        let (orders, mut watch) = (orders(blocks, 3), ClockWatch::default());
        sample_blocks(&mut device(time), &GRAPHS, &orders, 10, &mut watch).unwrap()
    }

    #[test]
    fn each_side_is_led_in_by_its_own_graph() {
        let lead_in = RowGraphs {
            baseline: Replay::bare(GraphId(7)),
            candidate: Replay::bare(GraphId(8)),
        };
        let led = GRAPHS.led_in_by(lead_in);
        let graphs = led
            .by_side()
            .map(|(_, replay)| (replay.graph, replay.lead_in));
        let lead_in = |graph| Some(GraphId(graph));
        assert_eq!(graphs, [(GraphId(0), lead_in(7)), (GraphId(1), lead_in(8))]);
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

    #[test]
    fn what_the_candidate_does_to_the_next_replay_shows_beside_it() {
        let mut previous = 0;
        let mut device = device(move |graph, _| {
            let slowed = if previous == 1 { 1.03 } else { 1.0 };
            previous = graph;
            1000.0 * slowed
        });
        let block = sample_beside(&mut device, &GRAPHS, 10).unwrap();
        let ratio = process_log_ratio(&[block]).unwrap();
        assert!((ratio - 1.03_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn a_drift_is_not_taken_for_what_the_candidate_does() {
        let mut device = device(|_, replay| 1000.0 * (0.001 * replay as f64).exp());
        let block = sample_beside(&mut device, &GRAPHS, 10).unwrap();
        assert!(process_log_ratio(&[block]).unwrap().abs() < 1e-12);
    }

    /// Samples two blocks under a clock of these values, then of the last one.
    fn watched(clocks: &'static [f64]) -> (Vec<Block>, ClockWatch) {
        let mut replay = 0;
        let mut device = device(|_, replay| replay as f64).with_clock(Box::new(move || {
            replay += 1;
            Some(clocks[clocks.len().min(replay) - 1])
        }));
        let (orders, mut watch) = (orders(2, 3), ClockWatch::default());
        let blocks = sample_blocks(&mut device, &GRAPHS, &orders, 1, &mut watch).unwrap();
        (blocks, watch)
    }

    #[test]
    fn a_block_within_which_the_clock_moves_is_taken_again() {
        let (blocks, watch) = watched(&[1980.0, 1980.0, 1755.0]);
        assert_eq!((watch.redrawn, watch.unsteady), (1, 0));
        assert_eq!(watch.sm_mhz, Some([1755.0, 1980.0]));
        // The first four replays are in no block.
        assert_eq!((blocks[0].ns[0], blocks.len()), (5.0, 2));
    }

    #[test]
    fn a_clock_that_moves_a_little_stands() {
        let (_, watch) = watched(&[1980.0, 1965.0, 1980.0]);
        assert_eq!((watch.redrawn, watch.unsteady), (0, 0));
    }

    #[test]
    fn a_clock_that_never_rests_ends_the_redrawing() {
        const RESTLESS: [f64; 16] = {
            let mut clocks = [1980.0; 16];
            let mut at = 0;
            while at < 16 {
                clocks[at] = if at % 2 == 0 { 1980.0 } else { 1700.0 };
                at += 1;
            }
            clocks
        };
        let (blocks, watch) = watched(&RESTLESS);
        assert_eq!((watch.redrawn, watch.unsteady, blocks.len()), (2, 2, 2));
    }

    #[test]
    fn a_producers_time_is_taken_off() {
        let mut device = device(|graph, _| [2200.0, 2000.0, 1000.0][graph]);
        let orders = orders(2, 3);
        let blocks =
            sample_produced(&mut device, Replay::bare(GraphId(2)), &GRAPHS, &orders, 10).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].baseline_ns(), [120.0; 2]);
        assert_eq!(blocks[0].candidate_ns(), [100.0; 2]);
    }

    #[test]
    fn a_producer_that_takes_all_leaves_no_block() {
        let mut device = device(|_, _| 1000.0);
        let orders = orders(2, 3);
        let blocks =
            sample_produced(&mut device, Replay::bare(GraphId(2)), &GRAPHS, &orders, 10).unwrap();
        assert_eq!(blocks, []);
    }
}
