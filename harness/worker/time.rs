//! One row timed on both sides: buffer sets, graphs, lanes, and the audited last block.

use super::check::Area;
use super::placement::{Placement, set_bytes};
use super::protocol::{Fault, FetchedOutputs, LaneSamples, TimePlan, TimeReply, TimeRequest};
use super::serve::Session;
use super::side::SideStatus;
use crate::device::{DeviceError, Span, Stream};
use crate::ledger::GraphRecord;
use crate::stats::{Block, blocks_per_process};
use crate::task::Case;
use crate::tensor::{Role, TensorSpec};
use crate::timing::{RowGraphs, calls_per_sample, orders, rotation, sample_blocks};
use crate::toolchain::Side;

/// Share of the device's memory that one row's buffer sets may take.
const MEMORY_SHARE: f64 = 0.7;

/// Untimed replays of each sample graph before the first block.
const WARMUP_REPLAYS: usize = 3;

/// Calls enqueued in one `submit` sample at most: far below the depth at which a launch waits for the device.
const SUBMIT_CALLS: u32 = 64;

/// Calls, each waited for, in one `wall` sample at most.
const WALL_CALLS: u32 = 8;

/// Device time of all calls in one sample on the host's clock, in nanoseconds.
const HOST_SAMPLE_NS: f64 = 5e5;

/// What outputs hold before the last timed block; a NaN in every float type.
const AUDIT_POISON: u32 = 0xFFFF_FFFF;

/// What they hold before the calls captured afresh: another NaN.
const FRESH_POISON: u32 = 0xFFF1_FFF1;

/// Spans in one painting call.
const PAINTED_AT_ONCE: usize = 1024;

/// What stays of a timed row until its outputs are fetched.
pub(super) struct TimedRow {
    case: Case,
    seed: u64,
    baseline: Vec<Placement>,
    candidate: Vec<Placement>,
    /// Those of the cold lane, once it is done.
    graphs: Option<RowGraphs>,
}

impl TimedRow {
    fn sets(&self, side: Side) -> &[Placement] {
        match side {
            Side::Baseline => &self.baseline,
            Side::Candidate => &self.candidate,
        }
    }

    /// Outputs of every buffer set that are not also inputs.
    fn outputs(&self, side: Side) -> Vec<Span> {
        let sets = self.sets(side).iter();
        sets.flat_map(|placement| placement.poisonable(&self.case))
            .collect()
    }

    /// Whether outputs have bytes between their elements, which a call leaves as they were.
    fn has_gaps(&self) -> bool {
        let mut outputs = self.case.outputs();
        outputs.any(|spec| spec.bytes() < self.case.storage_bytes[spec.storage])
    }
}

impl Session {
    pub(super) fn time(&mut self, request: TimeRequest) -> Result<TimeReply, Fault> {
        if let Some(graphs) = self.timed.take().and_then(|row| row.graphs) {
            self.discard(&graphs)?;
        }
        let TimeRequest { case, seed, plan } = request;
        let mut row = self.place(case, seed, plan.max_calls)?;
        let sets = row.baseline.len() as u32;

        let mut graph_faults = Vec::new();
        let (baseline_graph, _) = self.describe_call(&row, Side::Baseline, &mut graph_faults)?;
        let (candidate_graph, declined) =
            self.describe_call(&row, Side::Candidate, &mut graph_faults)?;
        let estimate = self.estimate_ns(&row, sets)?;
        let calls = calls_per_sample(estimate, sets, &plan);

        let graphs = self.row_graphs(&row, calls, 1)?;
        self.warm_up(&graphs)?;
        let schedule = orders(plan.hot_blocks, seed ^ Lane::Hot as u64);
        let device_hot = sample_blocks(&mut *self.device, &graphs, &schedule, calls)?;
        self.discard(&graphs)?;
        let submit = self.host_lane(
            &row,
            &plan,
            Lane::Submit,
            host_calls(estimate, SUBMIT_CALLS),
        )?;
        let wall = self.host_lane(&row, &plan, Lane::Wall, host_calls(estimate, WALL_CALLS))?;
        // Last, so that what is fetched afterwards was written by timed replays of the headline lane.
        let graphs = self.row_graphs(&row, calls, sets)?;
        for (side, graph) in graphs.by_side() {
            graph_faults.extend(self.attest_sample(
                side,
                graph,
                calls,
                &row.case,
                row.sets(side),
            )?);
        }
        self.warm_up(&graphs)?;
        let device = self.cold_lane(&row, &graphs, calls, &plan)?;
        let unlike_fresh = self.unlike_fresh(&row, sets)?;
        let device_changes = self.device_changes()?;
        row.graphs = Some(graphs);

        let reply = TimeReply {
            calls_per_sample: calls,
            buffer_sets: sets,
            blocks: device.len() as u32,
            device,
            device_hot,
            submit,
            wall,
            baseline_graph,
            candidate_graph,
            declined,
            graph_faults,
            unlike_fresh,
            device_changes,
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
        let one_set = workspaces.map(|workspaces| set_bytes(&case, workspaces));
        let facts = self.device.facts();
        let room = match facts.memory_bytes {
            0 => u64::MAX,
            bytes => (bytes as f64 * MEMORY_SHARE) as u64,
        };
        let sets = rotation(
            case.moved_bytes(),
            facts.l2_bytes,
            one_set[0] + one_set[1],
            room,
            max_calls,
        );
        let arena = self.arena.reserve(
            &mut *self.device,
            u64::from(sets) * (one_set[0] + one_set[1]),
        )?;
        let mut cursor = arena.address;
        let mut sides = workspaces.map(|workspaces| {
            let set = |_| Placement::new(&case, workspaces, &mut cursor, &mut self.random);
            (0..sets).map(set).collect::<Vec<_>>()
        });
        for placements in &sides {
            for (set, placement) in (0..).zip(placements) {
                placement.prepare(&mut *self.device, &case, seed, set)?;
            }
        }
        let [baseline, candidate] = std::mem::take(&mut sides);
        Ok(TimedRow {
            case,
            seed,
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
        let graphs = self.row_graphs(row, sets, sets)?;
        self.device.replay(graphs.baseline)?;
        self.device.replay(graphs.candidate)?;
        let times = self.device.time(&[graphs.baseline, graphs.candidate])?;
        self.discard(&graphs)?;
        Ok(times[0].max(times[1]) / f64::from(sets))
    }

    /// Graphs of `calls` calls over the first `sets` buffer sets.
    fn row_graphs(
        &mut self,
        row: &TimedRow,
        calls: u32,
        sets: u32,
    ) -> Result<RowGraphs, DeviceError> {
        let mut capture = |side: Side| {
            let placements = &row.sets(side)[..sets as usize];
            let sides = &self.sides;
            self.device.capture(calls, &mut |stream| {
                (0..calls).try_for_each(|call| {
                    sides
                        .launch(side, &placements[(call % sets) as usize], stream)
                        .accepted(side)
                })
            })
        };
        let graphs = RowGraphs {
            baseline: capture(Side::Baseline)?,
            candidate: capture(Side::Candidate)?,
        };
        self.drain()?;
        Ok(graphs)
    }

    fn discard(&mut self, graphs: &RowGraphs) -> Result<(), DeviceError> {
        self.device.discard(graphs.baseline)?;
        self.device.discard(graphs.candidate)
    }

    fn warm_up(&mut self, graphs: &RowGraphs) -> Result<(), DeviceError> {
        for _ in 0..WARMUP_REPLAYS {
            self.device.replay(graphs.baseline)?;
            self.device.replay(graphs.candidate)?;
        }
        Ok(())
    }

    /// The headline lane. Before its last block every output is painted over, so that what the parent fetches was
    /// written by replays that were timed.
    fn cold_lane(
        &mut self,
        row: &TimedRow,
        graphs: &RowGraphs,
        calls: u32,
        plan: &TimePlan,
    ) -> Result<LaneSamples, Fault> {
        let mut blocks = Vec::new();
        // Pilot and rest are balanced each, so that the whole is, wherever the pilot ends it.
        let schedule = match plan.blocks {
            Some(blocks) => orders(blocks, row.seed),
            None => {
                let pilot = orders(plan.pilot_blocks, row.seed);
                blocks = sample_blocks(&mut *self.device, graphs, &pilot, calls)?;
                let bounds = plan.pilot_blocks as usize + 2..=plan.max_blocks as usize;
                let needed = blocks_per_process(&blocks, plan.margin, bounds)
                    .map_or(plan.max_blocks, |needed| needed as u32);
                orders(needed - plan.pilot_blocks, !row.seed)
            }
        };
        let (last, before) = schedule
            .split_last()
            .expect("a row should be sampled in one block at least");
        blocks.extend(sample_blocks(&mut *self.device, graphs, before, calls)?);
        for side in Side::BOTH {
            self.paint_outputs(row, side, AUDIT_POISON)?;
        }
        blocks.extend(sample_blocks(&mut *self.device, graphs, &[*last], calls)?);
        Ok(blocks)
    }

    fn paint_outputs(
        &mut self,
        row: &TimedRow,
        side: Side,
        poison: u32,
    ) -> Result<(), DeviceError> {
        let outputs = row.outputs(side);
        let mut spans = outputs.chunks(PAINTED_AT_ONCE);
        spans.try_for_each(|spans| self.device.paint(spans, poison))
    }

    /// Sides whose timed replays left other bits, in any buffer set, than the same calls captured and replayed once.
    fn unlike_fresh(&mut self, row: &TimedRow, sets: u32) -> Result<Vec<Side>, Fault> {
        // A call that overwrites its own input leaves something else after every call.
        let varies = |spec: &TensorSpec| spec.role == Role::Inout || !spec.repeatable;
        if row.case.outputs().any(varies) {
            return Ok(Vec::new());
        }
        let timed = Side::BOTH.map(|side| self.output_digests(row, side));
        let poison = match row.has_gaps() {
            true => AUDIT_POISON,
            false => FRESH_POISON,
        };
        for side in Side::BOTH {
            self.paint_outputs(row, side, poison)?;
        }
        let graphs = self.row_graphs(row, sets, sets)?;
        let mut unlike = Vec::new();
        for ((side, graph), timed) in graphs.by_side().into_iter().zip(timed) {
            self.device.replay(graph)?;
            if self.output_digests(row, side)? != timed? {
                unlike.push(side);
            }
        }
        self.discard(&graphs)?;
        Ok(unlike)
    }

    fn output_digests(&mut self, row: &TimedRow, side: Side) -> Result<Vec<u64>, DeviceError> {
        let outputs = row.outputs(side);
        let spans = outputs.chunks(PAINTED_AT_ONCE);
        spans.map(|spans| self.device.digest(spans)).collect()
    }

    /// Fresh inputs at the addresses that were timed, and one replay of the graphs that were timed. What earlier calls
    /// left, the right answers to other inputs, stays: nothing tells a call that it is looked at.
    pub(super) fn redraw(&mut self, seed: u64) -> Result<(), Fault> {
        let mut row = self.timed.take().ok_or_else(no_row)?;
        row.seed = seed;
        for side in Side::BOTH {
            for (set, placement) in (0..).zip(row.sets(side)) {
                placement.draw(&mut *self.device, &row.case, seed, set)?;
            }
        }
        if let Some(graphs) = &row.graphs {
            self.device.replay(graphs.candidate)?;
            self.device.replay(graphs.baseline)?;
        }
        self.timed = Some(row);
        Ok(())
    }

    /// A lane on the host's clock: dispatch and launch alone, or a call with its wait.
    fn host_lane(
        &mut self,
        row: &TimedRow,
        plan: &TimePlan,
        lane: Lane,
        calls: u32,
    ) -> Result<LaneSamples, Fault> {
        let schedule = orders(plan.host_blocks, row.seed ^ lane as u64);
        let mut blocks = Vec::with_capacity(schedule.len());
        let mut next = 0;
        for order in schedule {
            let mut ns = [0.0; 4];
            for (side, ns) in order.sides().into_iter().zip(&mut ns) {
                *ns = self.host_sample(row, side, lane, calls, &mut next)?;
            }
            blocks.push(Block { order, ns });
        }
        Ok(blocks)
    }

    /// Host nanoseconds per call of one sample; `next` walks over the buffer sets.
    fn host_sample(
        &mut self,
        row: &TimedRow,
        side: Side,
        lane: Lane,
        calls: u32,
        next: &mut usize,
    ) -> Result<f64, DeviceError> {
        let placements = row.sets(side);
        let sides = &self.sides;
        let mut call = |stream: Stream| {
            *next += 1;
            sides
                .launch(side, &placements[*next % placements.len()], stream)
                .accepted(side)
        };
        if lane == Lane::Submit {
            let mut all = |stream| (0..calls).try_for_each(|_| call(stream));
            return Ok(self.device.submit_time(&mut all)? / f64::from(calls));
        }
        let mut total = 0.0;
        for _ in 0..calls {
            total += self.device.wall_time(&mut call)?;
        }
        Ok(total / f64::from(calls))
    }

    /// Outputs of the last timed replays of some buffer sets. A call that overwrites its own input has no output of one
    /// call after a sample of many: it is drawn afresh and called twice, as replays of a sample call it, and the second
    /// call starts from what the first has left.
    pub(super) fn fetch(
        &mut self,
        side: Side,
        sets: &[u32],
        area: u64,
    ) -> Result<FetchedOutputs, Fault> {
        let row = self.timed.take().ok_or_else(no_row)?;
        let mut area = Area {
            next: area,
            end: self.shared.bytes().len() as u64,
        };
        let mut fetched = FetchedOutputs::default();
        for &set in sets {
            let placement = row.sets(side).get(set as usize);
            let placement = placement
                .ok_or_else(|| Fault::Contract(format!("there is no buffer set {set}")))?;
            if row.case.outputs().any(|spec| spec.role == Role::Inout) {
                placement.draw(&mut *self.device, &row.case, row.seed, set)?;
                let (graph, _) = self.capture_call(side, placement)?;
                self.device.replay(graph)?;
                let left = self.copy_outputs(&row.case, placement, set, &mut area)?;
                fetched.started_from.extend(left);
                self.device.replay(graph)?;
                self.device.discard(graph)?;
            }
            let outputs = self.copy_outputs(&row.case, placement, set, &mut area)?;
            fetched.outputs.extend(outputs);
        }
        self.timed = Some(row);
        Ok(fetched)
    }
}

fn no_row() -> Fault {
    Fault::Contract("no row was timed".to_owned())
}

/// Calls in one host-side sample: few enough that the device is not busy with them for long.
fn host_calls(estimate_ns: f64, most: u32) -> u32 {
    ((HOST_SAMPLE_NS / estimate_ns.max(1.0)) as u32).clamp(2, most)
}

/// Lanes by what tells their schedules apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Hot = 1,
    Submit = 2,
    Wall = 3,
}
