//! One call of one side under the gates' conditions: captured, poisoned, replayed twice, copied out.

use super::outputs::Outputs;
use super::placement::{GUARD_PATTERN, Placement, set_bytes};
use super::protocol::{CheckReply, CheckRequest, Copied, Fault, OutputCopy};
use super::serve::Session;
use super::side::SideStatus;
use super::spent::Spent;
use crate::device::{GraphId, Span};
use crate::task::{Case, Expect};
use crate::toolchain::Side;

/// Number of the buffer set that a check draws; timed sets count from 0.
pub const CHECK_SET: u32 = u32::MAX;

impl Session {
    pub(super) fn check(&mut self, request: &CheckRequest) -> Result<CheckReply, Fault> {
        let CheckRequest {
            case, side, seed, ..
        } = request;
        let mut spent = Spent::start();
        let workspaces = self.sides.workspace_bytes(*side, case)?;
        let arena = self
            .arena
            .reserve(&mut *self.device, set_bytes(case, workspaces))?;
        let placement = Placement::new(case, workspaces, &mut { arena.address }, &mut self.random);
        placement.prepare(&mut *self.device, case, *seed, CHECK_SET)?;
        let route = self.sides.route(*side, &placement);
        let inputs = placement.read_only(case);
        let before = self.device.digest(&inputs)?;
        if case.expect == Expect::Refused {
            // What must be refused is painted before the call: nothing of it may run, not even at capture.
            self.device
                .paint(&placement.written(case), request.poison[0])?;
        }
        spent.lap("prepare");
        let (graph, outcome) = self.capture_call(*side, &placement)?;
        spent.lap("capture");
        let attested = self.attest_call(graph, case, &placement)?;
        spent.lap("attest");
        let mut reply = CheckReply {
            status: outcome.status,
            route,
            declined: outcome.declined,
            graph: attested.record,
            graph_params: attested.params,
            graph_faults: attested.faults,
            device_changes: Vec::new(),
            guard_damage: 0,
            refused_damage: 0,
            inputs_changed: false,
            outputs: Vec::new(),
            second_outputs: Vec::new(),
            spent: Vec::new(),
        };
        if outcome.status == SideStatus::Ok && case.expect == Expect::Accepted {
            self.run_twice(request, &placement, graph, &mut reply, &mut spent)?;
        } else {
            self.device.replay(graph)?;
            reply.refused_damage = self
                .device
                .damage(&placement.written(case), request.poison[0])?;
        }
        spent.lap("run");
        let damage = self.device.damage(&placement.guards, GUARD_PATTERN)?;
        // Guards are painted once: what the first run damaged is still there, unless the second covered it up.
        reply.guard_damage = reply.guard_damage.max(damage);
        reply.inputs_changed = self.device.digest(&inputs)? != before;
        reply.device_changes = self.device_changes()?;
        spent.lap("inspect");
        self.device.discard(graph)?;
        spent.lap("discard");
        reply.spent = spent.laps();
        Ok(reply)
    }

    /// Replays on both poisons; the second run's outputs are copied only where a bit differs from the first's.
    fn run_twice(
        &mut self,
        request: &CheckRequest,
        placement: &Placement,
        graph: GraphId,
        reply: &mut CheckReply,
        spent: &mut Spent,
    ) -> Result<(), Fault> {
        let case = &request.case;
        let outputs = Outputs::of(case, placement);
        let mut area = Area {
            next: request.area,
            end: self.shared.bytes().len() as u64,
        };
        // After the capture and before each replay: work that ran outside the graph is painted over.
        outputs.poison(&mut *self.device, request.poison[0])?;
        // Once: what the first run leaves in the workspace must not help the second, whose inputs are others.
        self.device
            .paint(&placement.workspaces, request.poison[0])?;
        self.device.replay(graph)?;
        spent.lap("run");
        let first = outputs.inspect(&mut *self.device)?;
        spent.lap("inspect");
        reply.outputs = self.copy_outputs(case, placement, CHECK_SET, &mut area)?;
        spent.lap("copy");
        reply.guard_damage =
            self.device.damage(&placement.guards, GUARD_PATTERN)? + first.gap_damage;

        spent.lap("inspect");
        placement.draw(&mut *self.device, case, request.seed, CHECK_SET)?;
        outputs.poison(&mut *self.device, request.poison[1])?;
        self.device.replay(graph)?;
        spent.lap("run");
        let second = outputs.inspect(&mut *self.device)?;
        if second.digest != first.digest {
            reply.second_outputs = self.copy_outputs(case, placement, CHECK_SET, &mut area)?;
        }
        Ok(())
    }

    /// Copies every written storage to shared memory.
    pub(super) fn copy_outputs(
        &mut self,
        case: &Case,
        placement: &Placement,
        set: u32,
        area: &mut Area,
    ) -> Result<Vec<OutputCopy>, Fault> {
        let mut copies = Vec::new();
        for storage in (0..placement.storages.len()).filter(|storage| case.is_written(*storage)) {
            let Span { address, bytes } = placement.storages[storage];
            let copied = area.take(bytes)?;
            let range = copied.offset as usize..(copied.offset + bytes) as usize;
            self.device
                .read(address, &mut self.shared.bytes_mut()[range])?;
            copies.push(OutputCopy {
                set,
                storage,
                copied,
            });
        }
        Ok(copies)
    }

    /// Captures one call. A refusal leaves an empty graph, every other failure is an error.
    pub(super) fn capture_call(
        &mut self,
        side: Side,
        placement: &Placement,
    ) -> Result<(GraphId, Outcome), Fault> {
        let mut outcome = Outcome::default();
        let sides = &self.sides;
        let graph = self.device.capture(1, &mut |stream| {
            outcome = sides.launch(side, placement, stream);
            outcome.accepted(side)
        })?;
        // What was launched past the capture is over before anything is painted.
        self.drain()?;
        Ok((graph, outcome))
    }
}

/// What a launch returned.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    pub(super) status: SideStatus,
    /// The candidate handed the call to the baseline.
    pub(super) declined: bool,
}

impl Outcome {
    /// Served or refused; anything else is the side's failure.
    pub(super) fn accepted(self, side: Side) -> Result<(), crate::device::DeviceError> {
        match self.status {
            SideStatus::Ok | SideStatus::InvalidArgument => Ok(()),
            status => Err(crate::device::DeviceError::Side {
                call: format!("kda_launch of the {side}"),
                status: status.to_string(),
            }),
        }
    }
}

/// A part of the shared memory, filled from its start.
pub(super) struct Area {
    pub(super) next: u64,
    pub(super) end: u64,
}

impl Area {
    fn take(&mut self, bytes: u64) -> Result<Copied, Fault> {
        let copied = Copied {
            offset: self.next,
            bytes,
        };
        self.next = (self.next + bytes).next_multiple_of(64);
        if copied.offset + bytes > self.end {
            return Err(Fault::Contract(format!(
                "outputs of {bytes} bytes do not fit the shared memory"
            )));
        }
        Ok(copied)
    }
}
