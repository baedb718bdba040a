//! One row timed on both sides: buffer sets, graphs, and what came of its lanes.

use super::cold::{Cold, Half, Sample};
use super::placement::{GUARD_PATTERN, Placement, set_bytes};
use super::protocol::{Fault, TimeReply, TimeRequest};
use super::serve::Session;
use super::side::SideStatus;
use super::spent::Spent;
use crate::device::{Device, DeviceError, Replay, Span};
use crate::ledger::GraphRecord;
use crate::task::Case;
use crate::timing::{ClockWatch, RowGraphs, calls_per_sample, lead_in_calls, rotation};
use crate::toolchain::Side;

/// Share of the device's memory that one row's buffer sets may take.
const MEMORY_SHARE: f64 = 0.7;

/// Calls whose time says how many make a sample, at most.
const ESTIMATED_CALLS: u32 = 64;

/// What stays of a timed row until its outputs are fetched.
pub(super) struct TimedRow {
    pub(super) case: Case,
    pub(super) seed: u64,
    /// Buffer sets that samples rotate over; those behind them are of lead-ins alone.
    rotation: usize,
    baseline: Vec<Placement>,
    candidate: Vec<Placement>,
    /// Those of the cold lane, once it is done.
    pub(super) graphs: Option<RowGraphs>,
}

impl TimedRow {
    /// Buffer sets of samples.
    pub(super) fn sets(&self, side: Side) -> &[Placement] {
        &self.all_sets(side)[..self.rotation]
    }

    /// Those of samples and of lead-ins.
    pub(super) fn all_sets(&self, side: Side) -> &[Placement] {
        match side {
            Side::Baseline => &self.baseline,
            Side::Candidate => &self.candidate,
        }
    }

    /// The first buffer sets of each side.
    pub(super) fn first_sets(&self, sets: u32) -> [&[Placement]; 2] {
        Side::BOTH.map(|side| &self.sets(side)[..sets as usize])
    }

    /// Each side's buffer sets of lead-ins.
    pub(super) fn lead_in_sets(&self) -> [&[Placement]; 2] {
        Side::BOTH.map(|side| &self.all_sets(side)[self.rotation..])
    }

    /// Calls of a lead-in.
    pub(super) fn lead_in_calls(&self) -> u32 {
        (self.baseline.len() - self.rotation) as u32
    }

    /// Hands each side the other's buffer sets.
    pub(super) fn exchange(&mut self) {
        std::mem::swap(&mut self.baseline, &mut self.candidate);
    }

    /// Outputs that are not also inputs, of every buffer set of samples.
    pub(super) fn outputs(&self, side: Side) -> Vec<Span> {
        let sets = self.sets(side).iter();
        sets.flat_map(|placement| placement.poisonable(&self.case))
            .collect()
    }

    /// The same of all sets, and their workspaces.
    pub(super) fn traces(&self, side: Side) -> Vec<Span> {
        let sets = self.all_sets(side).iter();
        sets.flat_map(|set| set.poisonable(&self.case).into_iter().chain(set.workspaces))
            .filter(|span| span.bytes > 0)
            .collect()
    }

    /// Whether outputs have bytes between their elements, which a call leaves as they were.
    pub(super) fn has_gaps(&self) -> bool {
        let mut outputs = self.case.outputs();
        outputs.any(|spec| spec.bytes() < self.case.storage_bytes[spec.storage])
    }
}

impl Session {
    pub(super) fn time(&mut self, request: TimeRequest) -> Result<TimeReply, Fault> {
        if let Some(graphs) = self.timed.take().and_then(|row| row.graphs) {
            self.discard(&graphs)?;
        }
        let TimeRequest {
            pairing,
            case,
            seed,
            plan,
        } = request;
        let mut spent = Spent::start();
        self.sides.pairing = pairing;
        let mut row = self.place(case, seed, plan.max_calls)?;
        let sets = row.rotation as u32;

        spent.lap("place");
        let mut graph_faults = Vec::new();
        let (baseline_graph, _) = self.describe_call(&row, Side::Baseline, &mut graph_faults)?;
        let (candidate_graph, declined) =
            self.describe_call(&row, Side::Candidate, &mut graph_faults)?;
        let estimate = self.estimate_ns(&row, sets)?;
        let calls = calls_per_sample(estimate, sets, &plan);
        spent.lap("prepare");

        let mut clocks = ClockWatch::default();
        let mut device_hot = self.hot_lane(&row, calls, Half::First, &plan, &mut clocks)?;
        let mut device_dirty = self.dirty_lane(&row, calls, sets, Half::First, &plan)?;
        self.exchange(&mut row)?;
        device_hot.extend(self.hot_lane(&row, calls, Half::Second, &plan, &mut clocks)?);
        spent.lap("hot");
        let second = self.dirty_lane(&row, calls, sets, Half::Second, &plan)?;
        // Half a lane would be of one place alone.
        match device_dirty.is_empty() || second.is_empty() {
            true => device_dirty.clear(),
            false => device_dirty.extend(second),
        }
        spent.lap("dirty");
        let beside = self.beside_lane(&row, calls, sets, &plan)?;
        spent.lap("beside");
        let submit = self.submit_lane(&row, estimate, &plan)?;
        spent.lap("submit");
        let wall = self.wall_lane(&row, estimate, &plan)?;
        spent.lap("wall");
        // Last, so that what is fetched afterwards was written by timed replays of the headline lane.
        let sample = Sample {
            calls,
            sets,
            alone: [&baseline_graph, &candidate_graph],
        };
        let Cold {
            blocks: device,
            graphs,
            warmup_rounds,
        } = self.cold_lane(&mut row, sample, &plan, &mut clocks, &mut graph_faults)?;
        spent.lap("cold");
        let unlike_fresh = self.unlike_fresh(&row, sets)?;
        let device_changes = self.device_changes()?;
        row.graphs = Some(graphs);
        spent.lap("compare");

        let reply = TimeReply {
            calls_per_sample: calls,
            buffer_sets: sets,
            blocks: device.len() as u32,
            device,
            device_hot,
            device_dirty,
            beside,
            submit,
            wall,
            baseline_graph,
            candidate_graph,
            declined,
            graph_faults,
            unlike_fresh,
            device_changes,
            clocks,
            warmup_rounds,
            spent: spent.laps(),
        };
        self.timed = Some(row);
        Ok(reply)
    }

    /// Buffer sets for both sides, drawn. Each side has its own, so that neither can leave anything for the other.
    fn place(&mut self, case: Case, seed: u64, max_calls: u32) -> Result<TimedRow, Fault> {
        let workspaces = [
            self.sides.workspace_bytes(Side::Baseline, &case)?,
            self.sides.workspace_bytes(Side::Candidate, &case)?,
        ];
        // The sides exchange their buffers halfway: both have workspaces of either's size.
        let workspaces = [0, 1].map(|which| workspaces[0][which].max(workspaces[1][which]));
        let workspaces = [workspaces; 2];
        let one_set: u64 = workspaces
            .map(|workspaces| set_bytes(&case, workspaces))
            .iter()
            .sum();
        let facts = self.device.facts();
        let moved = case.moved_bytes();
        let room = match facts.memory_bytes {
            0 => u64::MAX,
            bytes => (bytes as f64 * MEMORY_SHARE) as u64,
        };
        let sets = rotation(moved, facts.l2_bytes, one_set, room, max_calls);
        let left = (room / one_set).saturating_sub(u64::from(sets));
        let lead_in = u64::from(lead_in_calls(moved, facts.l2_bytes, max_calls)).min(left) as u32;
        let all = sets + lead_in;
        let arena = self
            .arena
            .reserve(&mut *self.device, u64::from(all) * one_set)?;
        let mut cursor = arena.address;
        let mut sides = workspaces.map(|workspaces| {
            let set = |_| Placement::new(&case, workspaces, &mut cursor, &mut self.random);
            (0..all).map(set).collect::<Vec<_>>()
        });
        for placements in &sides {
            prepare(&mut *self.device, &case, placements)?;
            for (set, placement) in (0..).zip(placements) {
                placement.draw(&mut *self.device, &case, seed, set)?;
            }
        }
        let [baseline, candidate] = std::mem::take(&mut sides);
        Ok(TimedRow {
            case,
            seed,
            rotation: sets as usize,
            baseline,
            candidate,
            graphs: None,
        })
    }

    /// Graph of one call, and whether the candidate declined it.
    fn describe_call(
        &mut self,
        row: &TimedRow,
        side: Side,
        faults: &mut Vec<String>,
    ) -> Result<(GraphRecord, bool), Fault> {
        let placement = &row.sets(side)[0];
        let (graph, outcome) = self.capture_call(side, placement)?;
        if outcome.status != SideStatus::Ok {
            return Err(Fault::Contract(format!(
                "the {side} answers {} to a row that it must serve",
                outcome.status
            )));
        }
        let attested = self.attest_call(graph, &row.case, placement)?;
        faults.extend(
            attested
                .faults
                .into_iter()
                .map(|fault| format!("{side}: {fault}")),
        );
        self.device.discard(graph)?;
        Ok((attested.record, outcome.declined))
    }

    /// Device time of one call of the slower side, in nanoseconds.
    fn estimate_ns(&mut self, row: &TimedRow, sets: u32) -> Result<f64, Fault> {
        let calls = sets.min(ESTIMATED_CALLS);
        let graphs = self.row_graphs(Half::First, calls, row.first_sets(calls))?;
        self.device.replay(graphs.baseline.graph)?;
        self.device.replay(graphs.candidate.graph)?;
        let timings = self.device.time(&[graphs.baseline, graphs.candidate])?;
        self.discard(&graphs)?;
        Ok(timings.ns[0].max(timings.ns[1]) / f64::from(calls))
    }

    /// Graphs of samples of `calls` calls over the first `sets` buffer sets, behind lead-ins over their own.
    pub(super) fn led_graphs(
        &mut self,
        half: Half,
        row: &TimedRow,
        calls: u32,
        sets: u32,
    ) -> Result<RowGraphs, DeviceError> {
        let graphs = self.row_graphs(half, calls, row.first_sets(sets))?;
        self.led(half, graphs, row.lead_in_calls(), row.lead_in_sets())
    }

    /// These graphs behind lead-ins of so many calls.
    pub(super) fn led(
        &mut self,
        half: Half,
        graphs: RowGraphs,
        calls: u32,
        sets: [&[Placement]; 2],
    ) -> Result<RowGraphs, DeviceError> {
        if calls == 0 {
            return Ok(graphs);
        }
        Ok(graphs.led_in_by(self.row_graphs(half, calls, sets)?))
    }

    /// Graphs of `calls` calls that walk over each side's `sets`, captured in the order of a half: which graph is made
    /// first moves a time of a few microseconds.
    pub(super) fn row_graphs(
        &mut self,
        half: Half,
        calls: u32,
        sets: [&[Placement]; 2],
    ) -> Result<RowGraphs, DeviceError> {
        let mut capture = |side: Side, placements: &[Placement]| {
            let sides = &self.sides;
            let graph = self.device.capture(calls, &mut |stream| {
                (0..calls as usize).try_for_each(|call| {
                    sides
                        .launch(side, &placements[call % placements.len()], stream)
                        .accepted(side)
                })
            });
            graph.map(Replay::bare)
        };
        let graphs = match half {
            Half::First => {
                let baseline = capture(Side::Baseline, sets[0])?;
                let candidate = capture(Side::Candidate, sets[1])?;
                RowGraphs {
                    baseline,
                    candidate,
                }
            }
            Half::Second => {
                let candidate = capture(Side::Candidate, sets[1])?;
                let baseline = capture(Side::Baseline, sets[0])?;
                RowGraphs {
                    baseline,
                    candidate,
                }
            }
        };
        self.drain()?;
        Ok(graphs)
    }

    pub(super) fn discard(&mut self, graphs: &RowGraphs) -> Result<(), DeviceError> {
        self.discard_replay(graphs.baseline)?;
        self.discard_replay(graphs.candidate)
    }

    pub(super) fn discard_replay(&mut self, replay: Replay) -> Result<(), DeviceError> {
        self.device.discard(replay.graph)?;
        replay
            .lead_in
            .map_or(Ok(()), |lead_in| self.device.discard(lead_in))
    }
}

/// Guards and gaps of all sets, painted together: a launch for each would take longer than the samples of a small row.
fn prepare(
    device: &mut dyn Device,
    case: &Case,
    placements: &[Placement],
) -> Result<(), DeviceError> {
    let guards: Vec<Span> = placements
        .iter()
        .flat_map(|placement| placement.guards.iter().copied())
        .collect();
    device.fence(&guards);
    let gaps = placements.iter().flat_map(|placement| placement.gaps(case));
    let painted: Vec<Span> = guards.iter().copied().chain(gaps).collect();
    device.paint(&painted, GUARD_PATTERN)
}
