//! What a worker finds in the graphs that it captured.

use super::placement::Placement;
use super::protocol::Fault;
use super::serve::Session;
use crate::device::{
    Bytes, CallNodes, DeviceError, Drained, Graph, GraphId, call_faults, describe, edges_within,
    fingerprint, order_faults, parameters,
};
use crate::ledger::GraphRecord;
use crate::task::Case;
use crate::toolchain::Side;

/// How a fault ends that says of a sample's calls that they differ, and no more.
pub(super) const UNLIKE: &str = "launch something else than the first";

/// What a captured call launches.
pub(super) struct AttestedCall {
    pub(super) record: GraphRecord,
    /// Parameters of each node, for a reader.
    pub(super) params: Vec<String>,
    /// What the graph may not hold.
    pub(super) faults: Vec<String>,
}

impl Session {
    /// One captured call.
    pub(super) fn attest_call(
        &self,
        graph: GraphId,
        case: &Case,
        placement: &Placement,
    ) -> Result<AttestedCall, Fault> {
        let graph = self.device.graph(graph)?;
        let buffers = placement.buffers(case);
        let mut faults = self.faults_of(&graph, 0, graph.nodes.len(), &buffers);
        faults.extend(order_faults(&graph, graph.nodes.len()));
        let names = case.buffer_names();
        let params = |node| parameters(node, &buffers, &names);
        Ok(AttestedCall {
            params: graph.nodes.iter().map(params).collect(),
            record: GraphRecord {
                fingerprint: fingerprint(&graph.nodes, &graph.edges, &buffers, Bytes::Unpadded),
                nodes: graph.nodes.iter().map(describe).collect(),
            },
            faults,
        })
    }

    /// A sample's graph: `calls` calls that walk over `placements`, the first like the one `alone` and each like the first
    /// but for its buffers.
    pub(super) fn attest_sample(
        &self,
        side: Side,
        graph: GraphId,
        calls: u32,
        alone: &GraphRecord,
        case: &Case,
        placements: &[Placement],
    ) -> Result<Vec<String>, DeviceError> {
        let graph = self.device.graph(graph)?;
        let per_call = graph.nodes.len() / calls as usize;
        if per_call * calls as usize != graph.nodes.len() {
            return Ok(vec![format!(
                "{side}: {calls} calls of a sample launch {} nodes, not the same number each",
                graph.nodes.len()
            )]);
        }
        let mut faults = order_faults(&graph, per_call);
        let mut first = None;
        let mut foreign = 0;
        for (call, placement) in (0..calls as usize).zip(placements.iter().cycle()) {
            let start = call * per_call;
            let buffers = placement.buffers(case);
            let nodes = &graph.nodes[start..start + per_call];
            let edges = edges_within(&graph, start, per_call);
            let print = fingerprint(nodes, &edges, &buffers, Bytes::All);
            if call == 0
                && fingerprint(nodes, &edges, &buffers, Bytes::Unpadded) != alone.fingerprint
            {
                faults.push("calls of a sample launch something else than one alone".to_owned());
            }
            if *first.get_or_insert_with(|| print.clone()) != print {
                foreign += 1;
                if foreign == 1 {
                    faults.extend(self.faults_of(&graph, start, per_call, &buffers));
                }
            }
        }
        if foreign > 0 {
            faults.push(format!("{foreign} calls of a sample {UNLIKE}"));
        }
        Ok(faults
            .into_iter()
            .map(|fault| format!("{side}: {fault}"))
            .collect())
    }

    fn faults_of(
        &self,
        graph: &Graph,
        first: usize,
        count: usize,
        buffers: &[crate::device::Span],
    ) -> Vec<String> {
        let call = CallNodes {
            nodes: &graph.nodes[first..first + count],
            buffers,
        };
        call_faults(call, &|address| self.device.is_memory(address))
    }

    /// Waits out what was launched past a capture.
    pub(super) fn drain(&mut self) -> Result<(), DeviceError> {
        self.has_strayed |= self.device.drain()? == Drained::Waited;
        Ok(())
    }

    /// What the calls since the last question left behind on the device, for a reader.
    pub(super) fn device_changes(&mut self) -> Result<Vec<String>, DeviceError> {
        let after = self.device.state()?;
        let changed = self
            .state
            .iter()
            .zip(&after)
            .filter(|(before, after)| before != after);
        let mut changes: Vec<String> = changed
            .map(|((name, before), (_, after))| format!("{name}: {before} before, {after} after"))
            .collect();
        if std::mem::take(&mut self.has_strayed) {
            changes.push("work ran on another stream than the call's".to_owned());
        }
        Ok(changes)
    }
}
