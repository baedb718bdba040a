//! What a timed row's replays left: compared with the same calls captured afresh, redrawn, and copied out.

use super::check::Area;
use super::cold::Half;
use super::placement::Placement;
use super::protocol::{Fault, FetchedOutputs};
use super::serve::Session;
use super::time::TimedRow;
use crate::device::DeviceError;
use crate::tensor::{Role, TensorSpec};
use crate::toolchain::Side;

/// What outputs hold before the last timed block; a NaN in every float type.
pub(super) const AUDIT_POISON: u32 = 0xFFFF_FFFF;

/// What they hold before the calls captured afresh: another NaN.
const FRESH_POISON: u32 = 0xFFF1_FFF1;

impl Session {
    pub(super) fn paint_outputs(
        &mut self,
        row: &TimedRow,
        side: Side,
        poison: u32,
    ) -> Result<(), DeviceError> {
        self.device.paint(&row.outputs(side), poison)
    }

    /// Sides whose timed replays left other bits, in any buffer set, than the same calls captured and replayed once.
    pub(super) fn unlike_fresh(&mut self, row: &TimedRow, sets: u32) -> Result<Vec<Side>, Fault> {
        // A call that overwrites its own input leaves something else after every call.
        let varies = |spec: &TensorSpec| spec.role == Role::Inout || !spec.repeatable;
        if row.case.outputs().any(varies) {
            return Ok(Vec::new());
        }
        let timed = Side::BOTH.map(|side| self.output_digest(row, side));
        let poison = match row.has_gaps() {
            true => AUDIT_POISON,
            false => FRESH_POISON,
        };
        for side in Side::BOTH {
            self.paint_outputs(row, side, poison)?;
        }
        let graphs = self.row_graphs(Half::First, sets, row.first_sets(sets))?;
        let mut unlike = Vec::new();
        for ((side, replay), timed) in graphs.by_side().into_iter().zip(timed) {
            self.device.replay(replay.graph)?;
            if self.output_digest(row, side)? != timed? {
                unlike.push(side);
            }
        }
        self.discard(&graphs)?;
        Ok(unlike)
    }

    fn output_digest(&mut self, row: &TimedRow, side: Side) -> Result<u64, DeviceError> {
        self.device.digest(&row.outputs(side))
    }

    /// Fresh inputs of one buffer set at the addresses that were timed, and one replay of the graphs that were timed. What
    /// earlier calls left, the right answers to other inputs, stays: nothing tells a call that it is looked at.
    pub(super) fn redraw(&mut self, seed: u64, set: u32) -> Result<(), Fault> {
        let mut row = self.timed.take().ok_or_else(no_row)?;
        row.seed = seed;
        for side in Side::BOTH {
            let placement = set_of(&row, side, set)?;
            placement.draw(&mut *self.device, &row.case, seed, set)?;
        }
        if let Some(graphs) = &row.graphs {
            self.device.replay(graphs.candidate.graph)?;
            self.device.replay(graphs.baseline.graph)?;
        }
        self.timed = Some(row);
        Ok(())
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
            let placement = set_of(&row, side, set)?;
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

fn set_of(row: &TimedRow, side: Side, set: u32) -> Result<&Placement, Fault> {
    let placement = row.sets(side).get(set as usize);
    placement.ok_or_else(|| Fault::Contract(format!("there is no buffer set {set}")))
}

fn no_row() -> Fault {
    Fault::Contract("no row was timed".to_owned())
}
