//! The lanes beside the headline, each in blocks of four samples.

use super::cold::Half;
use super::placement::Placement;
use super::protocol::{Fault, LaneSamples, TimePlan};
use super::serve::Session;
use super::time::TimedRow;
use crate::device::{DeviceError, Replay, Span, Stream};
use crate::stats::{Block, Order};
use crate::timing::{
    ClockWatch, RowGraphs, orders, sample_beside, sample_blocks, sample_produced, warm_up,
    warm_up_again,
};
use crate::toolchain::Side;

/// Samples of the lanes beside the headline are this much shorter: their figures bear no verdict.
const SIDE_LANE_SHARE: u32 = 3;

/// Calls enqueued in one `submit` sample at most: far below the depth at which a launch waits for the device.
const SUBMIT_CALLS: u32 = 32;

/// Device time of all calls in one sample of `submit`, in nanoseconds.
const SUBMIT_SAMPLE_NS: f64 = 2e5;

/// Rounds of a block of `wall` at most: single calls, four a round.
const WALL_ROUNDS: u32 = 64;

/// What a call and its wait take besides the device's time, about, in nanoseconds.
const WAIT_NS: f64 = 1e4;

/// Lanes by what tells their schedules apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    Hot = 1,
    Submit = 2,
    Wall = 3,
    Dirty = 4,
}

impl Session {
    /// Replays over one buffer set; half of the lane's blocks.
    pub(super) fn hot_lane(
        &mut self,
        row: &TimedRow,
        calls: u32,
        half: Half,
        plan: &TimePlan,
        watch: &mut ClockWatch,
    ) -> Result<LaneSamples, Fault> {
        let calls = share(calls);
        let graphs = self.row_graphs(half, calls, row.first_sets(1))?;
        let graphs = self.led(half, graphs, row.lead_in_calls(), row.first_sets(1))?;
        self.warm_up(half, &graphs, plan)?;
        let schedule = orders_of(half, plan.hot_blocks, row.seed ^ Lane::Hot as u64);
        let blocks = sample_blocks(&mut *self.device, &graphs, &schedule, calls, watch)?;
        self.discard(&graphs)?;
        Ok(blocks)
    }

    /// Replays in which a producer has written each call's inputs just before; half of the lane's blocks. Empty where a
    /// call has no inputs, or the producer leaves nothing of it.
    pub(super) fn dirty_lane(
        &mut self,
        row: &TimedRow,
        calls: u32,
        sets: u32,
        half: Half,
        plan: &TimePlan,
    ) -> Result<LaneSamples, Fault> {
        // A sample that meets each of its sets once finds them cold, since a settle is in front of it.
        let calls = share(calls);
        let sets = row.first_sets(sets.min(calls));
        let is_read = |placements| inputs_of(row, placements).iter().any(|set| !set.is_empty());
        if plan.dirty_blocks == 0 || !is_read(sets[0]) {
            return Ok(Vec::new());
        }
        let (lead_in_calls, lead_in_sets) = (row.lead_in_calls(), row.lead_in_sets());
        let mut graphs = self.produced(row, calls, sets)?;
        let mut producer = self.producer(row, calls, sets[0])?;
        if lead_in_calls > 0 {
            graphs = graphs.led_in_by(self.produced(row, lead_in_calls, lead_in_sets)?);
            producer.lead_in = Some(self.producer(row, lead_in_calls, lead_in_sets[0])?.graph);
        }
        self.warm_up(half, &graphs, plan)?;
        let schedule = orders_of(half, plan.dirty_blocks, row.seed ^ Lane::Dirty as u64);
        let blocks = sample_produced(&mut *self.device, producer, &graphs, &schedule, calls)?;
        self.discard_replay(producer)?;
        self.discard(&graphs)?;
        Ok(blocks)
    }

    fn warm_up(&mut self, half: Half, graphs: &RowGraphs, plan: &TimePlan) -> Result<(), Fault> {
        let device = &mut *self.device;
        match half {
            Half::First => warm_up(device, graphs, plan.warmup_rounds)?,
            Half::Second => warm_up_again(device, graphs, plan.warmup_rounds)?,
        };
        Ok(())
    }

    /// Calls that a producer comes before.
    fn produced(
        &mut self,
        row: &TimedRow,
        calls: u32,
        sets: [&[Placement]; 2],
    ) -> Result<RowGraphs, DeviceError> {
        let mut capture = |side: Side, sets: &[Placement]| {
            let sides = &self.sides;
            let inputs = inputs_of(row, sets);
            let graph = self
                .device
                .capture_produced(&inputs, calls, &mut |call, stream| {
                    let placement = &sets[call as usize % sets.len()];
                    sides.launch(side, placement, stream).accepted(side)
                });
            graph.map(Replay::bare)
        };
        Ok(RowGraphs {
            baseline: capture(Side::Baseline, sets[0])?,
            candidate: capture(Side::Candidate, sets[1])?,
        })
    }

    /// The producer without calls behind it.
    fn producer(
        &mut self,
        row: &TimedRow,
        calls: u32,
        sets: &[Placement],
    ) -> Result<Replay, DeviceError> {
        let inputs = inputs_of(row, sets);
        let graph = self
            .device
            .capture_produced(&inputs, calls, &mut |_, _| Ok(()));
        graph.map(Replay::bare)
    }

    /// The baseline among replays of the candidate, and the same graph among its own.
    pub(super) fn beside_lane(
        &mut self,
        row: &TimedRow,
        calls: u32,
        sets: u32,
        plan: &TimePlan,
    ) -> Result<LaneSamples, Fault> {
        if plan.beside_blocks == 0 {
            return Ok(Vec::new());
        }
        let calls = share(calls);
        let graphs = self.led_graphs(Half::First, row, calls, sets.min(calls))?;
        let blocks = (0..plan.beside_blocks)
            .map(|_| sample_beside(&mut *self.device, &graphs, calls))
            .collect::<Result<_, _>>()?;
        self.discard(&graphs)?;
        Ok(blocks)
    }

    /// Host time of dispatch and launch, the stream being held.
    pub(super) fn submit_lane(
        &mut self,
        row: &TimedRow,
        estimate_ns: f64,
        plan: &TimePlan,
    ) -> Result<LaneSamples, Fault> {
        let calls = ((SUBMIT_SAMPLE_NS / estimate_ns.max(1.0)) as u32).clamp(1, SUBMIT_CALLS);
        let mut next = 0;
        let schedule = orders(plan.host_blocks, row.seed ^ Lane::Submit as u64);
        schedule
            .into_iter()
            .map(|order| {
                let mut ns = [0.0; 4];
                for (side, ns) in order.sides().into_iter().zip(&mut ns) {
                    *ns = self.submit_ns(row, side, calls, &mut next)?;
                }
                Ok(Block { order, ns })
            })
            .collect()
    }

    fn submit_ns(
        &mut self,
        row: &TimedRow,
        side: Side,
        calls: u32,
        next: &mut usize,
    ) -> Result<f64, DeviceError> {
        let (placements, sides) = (row.sets(side), &self.sides);
        let mut all = |stream: Stream| {
            (0..calls).try_for_each(|_| {
                *next += 1;
                let placement = &placements[*next % placements.len()];
                sides.launch(side, placement, stream).accepted(side)
            })
        };
        Ok(self.device.submit_time(&mut all)? / f64::from(calls))
    }

    /// A call and its wait, as a caller sees it. One alone scatters by a fifth: a block is many rounds of four short
    /// calls in the block's order, and each of its samples the geometric mean of its place.
    pub(super) fn wall_lane(
        &mut self,
        row: &TimedRow,
        estimate_ns: f64,
        plan: &TimePlan,
    ) -> Result<LaneSamples, Fault> {
        let calls_ns = 4.0 * f64::from(plan.host_blocks.max(1)) * (estimate_ns + WAIT_NS);
        let rounds = ((plan.host_ns / calls_ns) as u32).clamp(1, WALL_ROUNDS);
        let mut next = 0;
        let schedule = orders(plan.host_blocks, row.seed ^ Lane::Wall as u64);
        schedule
            .into_iter()
            .map(|order| self.wall_block(row, order, rounds, &mut next))
            .collect()
    }

    fn wall_block(
        &mut self,
        row: &TimedRow,
        order: Order,
        rounds: u32,
        next: &mut usize,
    ) -> Result<Block, Fault> {
        let mut logs = [0.0; 4];
        for _ in 0..rounds {
            for (side, log) in order.sides().into_iter().zip(&mut logs) {
                *next += 1;
                let placements = row.sets(side);
                let placement = &placements[*next % placements.len()];
                let sides = &self.sides;
                let mut call =
                    |stream: Stream| sides.launch(side, placement, stream).accepted(side);
                *log += self.device.wall_time(&mut call)?.max(1.0).ln();
            }
        }
        Ok(Block {
            order,
            ns: logs.map(|log: f64| (log / f64::from(rounds)).exp()),
        })
    }
}

/// Spans of the inputs of each set.
fn inputs_of(row: &TimedRow, sets: &[Placement]) -> Vec<Vec<Span>> {
    sets.iter().map(|set| set.inputs(&row.case)).collect()
}

/// The orders of a half. Both halves have one schedule but for the sides' roles, so that ABBA and BAAB balance over them
/// even where each is of one block.
fn orders_of(half: Half, blocks: u32, seed: u64) -> Vec<Order> {
    let schedule = orders(blocks.div_ceil(2), seed).into_iter();
    schedule
        .map(|order| match half {
            Half::First => order,
            Half::Second => order.swapped(),
        })
        .collect()
}

/// Calls in a sample of a lane that is told beside the headline.
fn share(calls: u32) -> u32 {
    calls.div_ceil(SIDE_LANE_SHARE)
}
