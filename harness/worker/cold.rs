//! The headline lane: replays over rotating buffer sets, which the sides exchange halfway.
//!
//! Where a buffer lies in the device's memory moves a time by a few tenths of a percent, a row of 128 us by 1 %, in a
//! process from its first sample to its last and often in every process alike, which no interval over processes shows.
//! Each side runs half of its blocks on the buffers that the other had, so that neither has the better place.

use super::attest::UNLIKE;
use super::audit::AUDIT_POISON;
use super::protocol::{Fault, LaneSamples, TimePlan};
use super::serve::Session;
use super::time::TimedRow;
use crate::ledger::GraphRecord;
use crate::stats::{Block, Order, blocks_per_process};
use crate::tensor::Role;
use crate::timing::{ClockWatch, RowGraphs, orders, sample_blocks, warm_up_again};
use crate::toolchain::Side;

/// What the headline lane leaves.
pub(super) struct Cold {
    pub(super) blocks: LaneSamples,
    /// Those of the second half, whose replays are fetched.
    pub(super) graphs: RowGraphs,
    pub(super) warmup_rounds: u32,
}

/// Captures of a sample's graphs, of which one has to be of equal calls.
const CAPTURES: u32 = 3;

/// Of a lane: before and after the sides exchange their buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    First,
    Second,
}

/// A sample's graph.
#[derive(Clone, Copy)]
pub(super) struct Sample<'a> {
    pub(super) calls: u32,
    pub(super) sets: u32,
    /// What one call of each side launches.
    pub(super) alone: [&'a GraphRecord; 2],
}

impl Session {
    /// Before its last block every output is painted over, so that what the parent fetches was written by replays that
    /// were timed.
    pub(super) fn cold_lane(
        &mut self,
        row: &mut TimedRow,
        sample: Sample,
        plan: &TimePlan,
        watch: &mut ClockWatch,
        faults: &mut Vec<String>,
    ) -> Result<Cold, Fault> {
        let graphs = self.cold_graphs(row, Half::First, sample, faults)?;
        // The lanes before it have run the same kernels.
        let warmup_rounds = warm_up_again(&mut *self.device, &graphs, plan.warmup_rounds)?;
        let (mut blocks, second_half) =
            self.first_half(row.seed, &graphs, sample.calls, plan, watch)?;
        self.discard(&graphs)?;

        self.exchange(row)?;
        let graphs = self.cold_graphs(row, Half::Second, sample, faults)?;
        warm_up_again(&mut *self.device, &graphs, plan.warmup_rounds)?;
        let schedule = orders(second_half, !row.seed);
        let (last, before) = schedule
            .split_last()
            .expect("a row should be sampled in two blocks at least");
        let mut take = |session: &mut Self, orders: &[Order]| {
            sample_blocks(&mut *session.device, &graphs, orders, sample.calls, watch)
        };
        blocks.extend(take(self, before)?);
        for side in Side::BOTH {
            self.paint_outputs(row, side, AUDIT_POISON)?;
        }
        blocks.extend(take(self, &[*last])?);
        Ok(Cold {
            blocks,
            graphs,
            warmup_rounds,
        })
    }

    /// The blocks before the exchange, and how many come after it: as many, and both numbers even, so that ABBA and BAAB
    /// balance in either half.
    fn first_half(
        &mut self,
        seed: u64,
        graphs: &RowGraphs,
        calls: u32,
        plan: &TimePlan,
        watch: &mut ClockWatch,
    ) -> Result<(Vec<Block>, u32), Fault> {
        let mut take =
            |orders: &[Order]| sample_blocks(&mut *self.device, graphs, orders, calls, watch);
        if let Some(blocks) = plan.blocks {
            let half = blocks / 2;
            return Ok((take(&orders(blocks - half, seed))?, half));
        }
        let pilot = plan.pilot_blocks;
        let mut blocks = take(&orders(pilot, seed))?;
        let bounds = 2 * pilot as usize..=plan.max_blocks as usize;
        let needed = blocks_per_process(&blocks, plan.margin, bounds)
            .map_or(plan.max_blocks, |needed| needed as u32);
        let half = needed.next_multiple_of(4).min(plan.max_blocks) / 2;
        blocks.extend(take(&orders(half.saturating_sub(pilot), !seed))?);
        Ok((blocks, half))
    }

    fn cold_graphs(
        &mut self,
        row: &TimedRow,
        half: Half,
        sample: Sample,
        faults: &mut Vec<String>,
    ) -> Result<RowGraphs, Fault> {
        let Sample { calls, sets, alone } = sample;
        let mut left = CAPTURES;
        loop {
            let graphs = self.led_graphs(half, row, calls, sets)?;
            let mut found = Vec::new();
            for (((side, replay), lead_in_sets), alone) in graphs
                .by_side()
                .into_iter()
                .zip(row.lead_in_sets())
                .zip(alone)
            {
                let attest = |graph, calls, sets| {
                    self.attest_sample(side, graph, calls, alone, &row.case, sets)
                };
                found.extend(attest(replay.graph, calls, row.sets(side))?);
                if let Some(lead_in) = replay.lead_in {
                    found.extend(attest(lead_in, row.lead_in_calls(), lead_in_sets)?);
                }
            }
            // What lies between the members of a kernel's struct is whatever the stack held: it may change once within
            // a capture, and not in every capture. Calls that differ by design do so again.
            left -= 1;
            let by_bytes_alone = found.iter().all(|fault| fault.ends_with(UNLIKE));
            if found.is_empty() || !by_bytes_alone || left == 0 {
                faults.extend(found);
                return Ok(graphs);
            }
            self.discard(&graphs)?;
        }
    }

    /// Hands each side the other's buffers, with nothing of the other in them: outputs and workspaces are painted, and
    /// inputs that calls overwrite are drawn again.
    pub(super) fn exchange(&mut self, row: &mut TimedRow) -> Result<(), Fault> {
        row.exchange();
        let overwrites = row.case.outputs().any(|spec| spec.role == Role::Inout);
        for side in Side::BOTH {
            self.device.paint(&row.traces(side), AUDIT_POISON)?;
            if overwrites {
                for (set, placement) in (0..).zip(row.all_sets(side)) {
                    placement.draw(&mut *self.device, &row.case, row.seed, set)?;
                }
            }
        }
        Ok(())
    }
}
