//! One row of the entry: where it was routed, what its lanes read, and how far it is from its bound.

use super::{CONFIDENCE, Findings};
use crate::ledger::{BoundRecord, GraphRecord, RowRecord, RowState};
use crate::roofline;
use crate::session::plan::Depth;
use crate::session::screening::Screened;
use crate::stats::{Block, lane};
use crate::task::Case;
use crate::tensor::TensorSpec;
use crate::toolchain::Built;
use crate::worker::{RouteReply, TimeReply};

impl Findings<'_> {
    pub(super) fn row(&self, case: &Case) -> RowRecord {
        let mut row = blank_row(case);
        row.flops = self.flops(case);
        match &self.screened[&case.id] {
            Screened::Lost(why) => {
                row.state = RowState::Lost;
                row.reason = Some(why.clone());
            }
            Screened::NotRun => {
                row.reason = Some("a gate failed before anything was loaded".to_owned());
            }
            Screened::Failed(route) => {
                describe_route(&mut row, route);
                row.reason = Some("a gate failed on it".to_owned());
            }
            Screened::Passed { route, .. } => {
                describe_route(&mut row, route);
                match self.timed.map(|timed| &timed.rows[&case.id]) {
                    None => row.reason = Some(self.untimed_because()),
                    Some(Err(why)) => {
                        row.state = RowState::Lost;
                        row.reason = Some(why.clone());
                    }
                    Some(Ok(replies)) => self.measure(&mut row, replies),
                }
            }
        }
        row
    }

    fn untimed_because(&self) -> String {
        match self.options.depth {
            Depth::Check => "gates only".to_owned(),
            Depth::Quick | Depth::Full => "a gate failed, on this row or another".to_owned(),
        }
    }

    fn measure(&self, row: &mut RowRecord, replies: &[TimeReply]) {
        let Some(first) = replies.first() else { return };
        let of = |lane_of: fn(&TimeReply) -> &Vec<Block>| {
            lane(
                &replies
                    .iter()
                    .map(|reply| lane_of(reply).clone())
                    .collect::<Vec<_>>(),
                CONFIDENCE,
            )
        };
        row.state = RowState::Measured;
        row.declined = first.declined;
        row.calls_per_sample = first.calls_per_sample;
        row.buffer_sets = first.buffer_sets;
        row.baseline_graph = Some(first.baseline_graph.clone());
        row.candidate_graph = Some(first.candidate_graph.clone());
        row.same_code = self.has_same_code(first);
        row.device = of(|reply| &reply.device);
        row.device_hot = of(|reply| &reply.device_hot);
        row.device_dirty = of(|reply| &reply.device_dirty);
        row.beside = of(|reply| &reply.beside).and_then(|lane| lane.ratio);
        row.submit = of(|reply| &reply.submit);
        row.wall = of(|reply| &reply.wall);
        if let (Some(device), Some(copy)) = (&row.device, self.ceilings.copy_bytes_per_second()) {
            // Bytes per microsecond are MB/s; 1e6 of them are a TB/s.
            let achieved = |median_us: f64| row.bytes as f64 / median_us * 1e-6;
            row.baseline_tb_per_s = Some(achieved(device.baseline_us.median));
            row.candidate_tb_per_s = Some(achieved(device.candidate_us.median));
            row.candidate_share_of_copy = Some(achieved(device.candidate_us.median) * 1e12 / copy);
        }
        row.bound = self.bound(row);
    }

    fn bound(&self, row: &RowRecord) -> Option<BoundRecord> {
        let (device, peaks) = (row.device.as_ref()?, self.ceilings.peaks.as_ref()?);
        let (baseline, candidate) = (device.baseline_us.median, device.candidate_us.median);
        let limit = roofline::bound(row.bytes, row.flops, peaks);
        Some(roofline::record(limit, baseline, candidate))
    }

    /// Operations of the entry's formula over all outputs of the case.
    fn flops(&self, case: &Case) -> u64 {
        let entry = &self.task.contract.entries[case.entry];
        let outputs: u64 = case.outputs().map(TensorSpec::elements).sum();
        u64::from(entry.flops_per_output) * outputs
    }

    /// Whether both sides' graphs hold the same machine code, kernel by kernel. Objects for the host list no kernels.
    fn has_same_code(&self, reply: &TimeReply) -> bool {
        let codes = |graph: &GraphRecord, built: &Built| -> Option<Vec<String>> {
            let code = |name: &str| {
                let mut kernels = built.facts.kernels.iter();
                let kernel = kernels.find(|kernel| kernel.name == name)?;
                Some(kernel.code_hash.clone())
            };
            graph.kernels().map(code).collect()
        };
        let baseline = &self.built.baseline;
        let behind = match reply.declined {
            true => baseline,
            false => &self.built.candidate,
        };
        let ours = codes(&reply.baseline_graph, baseline);
        ours.is_some_and(|ours| {
            !ours.is_empty() && codes(&reply.candidate_graph, behind) == Some(ours)
        })
    }
}

fn blank_row(case: &Case) -> RowRecord {
    RowRecord {
        id: case.id.clone(),
        set: case.set.clone(),
        entry: case.entry_name.clone(),
        production: case.production,
        state: RowState::NotTimed,
        reason: None,
        bucket: String::new(),
        declined: false,
        same_code: false,
        verdict: None,
        smallest_effect: None,
        second_opinion: None,
        modes: None,
        doubt: None,
        bytes: case.moved_bytes(),
        flops: 0,
        bound: None,
        shrunk: case.shrunk.clone(),
        calls_per_sample: 0,
        buffer_sets: 0,
        baseline_graph: None,
        candidate_graph: None,
        baseline_tb_per_s: None,
        candidate_tb_per_s: None,
        candidate_share_of_copy: None,
        device: None,
        device_hot: None,
        device_dirty: None,
        beside: None,
        submit: None,
        wall: None,
    }
}

fn describe_route(row: &mut RowRecord, route: &RouteReply) {
    row.bucket.clone_from(&route.bucket);
    row.declined = route.declined;
}
