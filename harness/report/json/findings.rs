//! Lines about what a run found.

use serde::Serialize;

use super::physics::{Bound, Ratio};
use crate::ledger::{self, LaneRecord, Spread};

#[derive(Serialize)]
pub(super) struct Gate<'a> {
    name: &'a str,
    outcome: String,
    cases: usize,
    failures: usize,
    details: &'a [String],
}

impl<'a> Gate<'a> {
    pub(super) fn of(gate: &'a ledger::GateRecord) -> Self {
        Self {
            name: &gate.name,
            outcome: gate.outcome.to_string(),
            cases: gate.cases,
            failures: gate.failures,
            details: &gate.details,
        }
    }
}

#[derive(Serialize)]
pub(super) struct Bucket<'a> {
    name: &'a str,
    condition: &'a str,
    path: &'a str,
    why: &'a str,
    declined: bool,
    production_rows: usize,
    rows: &'a [String],
    speedup: Option<f64>,
    decision: Option<String>,
    because: Option<&'a str>,
}

impl<'a> Bucket<'a> {
    /// `stands`: whether speedups are evidence.
    pub(super) fn of(bucket: &'a ledger::BucketRecord, stands: bool) -> Self {
        Self {
            name: &bucket.name,
            condition: &bucket.condition,
            path: &bucket.path,
            why: &bucket.why,
            declined: bucket.declined,
            production_rows: bucket.production_rows,
            rows: &bucket.rows,
            speedup: bucket.speedup.filter(|_| stands),
            decision: bucket
                .decision
                .filter(|_| stands)
                .map(|decision| decision.to_string()),
            because: bucket.because.as_deref().filter(|_| stands),
        }
    }
}

#[derive(Serialize)]
struct Samples {
    median: f64,
    mean: f64,
    stddev: f64,
    min: f64,
    p10: f64,
    p90: f64,
    samples: usize,
}

impl From<&Spread> for Samples {
    fn from(spread: &Spread) -> Self {
        let Spread {
            median,
            mean,
            stddev,
            min,
            p10,
            p90,
            samples,
        } = *spread;
        Self {
            median,
            mean,
            stddev,
            min,
            p10,
            p90,
            samples,
        }
    }
}

#[derive(Serialize)]
struct Lane<'a> {
    speedup: Option<f64>,
    speedup_low: Option<f64>,
    speedup_high: Option<f64>,
    speedup_per_process: &'a [f64],
    baseline_us: Samples,
    candidate_us: Samples,
}

impl<'a> From<&'a LaneRecord> for Lane<'a> {
    fn from(lane: &'a LaneRecord) -> Self {
        Self {
            speedup: lane.ratio.map(|ratio| ratio.speedup),
            speedup_low: lane.ratio.map(|ratio| ratio.low),
            speedup_high: lane.ratio.map(|ratio| ratio.high),
            speedup_per_process: &lane.per_process,
            baseline_us: (&lane.baseline_us).into(),
            candidate_us: (&lane.candidate_us).into(),
        }
    }
}

#[derive(Serialize)]
struct Graph<'a> {
    fingerprint: &'a str,
    nodes: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Row<'a> {
    id: &'a str,
    set: &'a str,
    entry: &'a str,
    production: bool,
    state: String,
    reason: Option<&'a str>,
    bucket: &'a str,
    declined: bool,
    same_code: bool,
    verdict: Option<String>,
    smallest_effect: Option<f64>,
    bytes: u64,
    flops: u64,
    bound: Option<Bound>,
    shrunk: Option<&'a str>,
    calls_per_sample: u32,
    buffer_sets: u32,
    baseline_graph: Option<Graph<'a>>,
    candidate_graph: Option<Graph<'a>>,
    baseline_tb_per_s: Option<f64>,
    candidate_tb_per_s: Option<f64>,
    candidate_share_of_copy: Option<f64>,
    device: Option<Lane<'a>>,
    device_hot: Option<Lane<'a>>,
    device_dirty: Option<Lane<'a>>,
    beside: Option<Ratio>,
    submit: Option<Lane<'a>>,
    wall: Option<Lane<'a>>,
}

impl<'a> Row<'a> {
    /// `stands`: whether times and speedups are evidence.
    pub(super) fn of(row: &'a ledger::RowRecord, stands: bool) -> Self {
        let graph = |graph: &'a ledger::GraphRecord| Graph {
            fingerprint: &graph.fingerprint,
            nodes: &graph.nodes,
        };
        let lane = |lane: &'a Option<LaneRecord>| lane.as_ref().filter(|_| stands).map(Lane::from);
        Self {
            id: &row.id,
            set: &row.set,
            entry: &row.entry,
            production: row.production,
            state: row.state.to_string(),
            reason: row.reason.as_deref(),
            bucket: &row.bucket,
            declined: row.declined,
            same_code: row.same_code,
            verdict: row
                .verdict
                .filter(|_| stands)
                .map(|verdict| verdict.to_string()),
            smallest_effect: row.smallest_effect.filter(|_| stands),
            bytes: row.bytes,
            flops: row.flops,
            bound: row.bound.as_ref().filter(|_| stands).map(Bound::from),
            shrunk: row.shrunk.as_deref(),
            calls_per_sample: row.calls_per_sample,
            buffer_sets: row.buffer_sets,
            baseline_graph: row.baseline_graph.as_ref().map(graph),
            candidate_graph: row.candidate_graph.as_ref().map(graph),
            baseline_tb_per_s: row.baseline_tb_per_s.filter(|_| stands),
            candidate_tb_per_s: row.candidate_tb_per_s.filter(|_| stands),
            candidate_share_of_copy: row.candidate_share_of_copy.filter(|_| stands),
            device: lane(&row.device),
            device_hot: lane(&row.device_hot),
            device_dirty: lane(&row.device_dirty),
            beside: row.beside.map(Ratio::from),
            submit: lane(&row.submit),
            wall: lane(&row.wall),
        }
    }
}

#[derive(Serialize)]
pub(super) struct HeadlineLine<'a> {
    set: &'a str,
    speedup: f64,
    speedup_low: f64,
    speedup_high: f64,
    rows: usize,
    fallback_rows: usize,
    processes: usize,
}

impl<'a> HeadlineLine<'a> {
    pub(super) fn of(set: &'a str, headline: &ledger::Headline) -> Self {
        Self {
            set,
            speedup: headline.speedup,
            speedup_low: headline.low,
            speedup_high: headline.high,
            rows: headline.rows,
            fallback_rows: headline.fallback_rows,
            processes: headline.processes,
        }
    }
}
