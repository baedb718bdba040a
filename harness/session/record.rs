//! From what a run found to its entry.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ceilings::Ceilings;
use super::losses::Losses;
use super::plan::{Cases, Depth, Sampling};
use super::sampling::RowSamples;
use super::screening::Screened;
use super::statics::kernel_records;
use super::{Machine, RunOptions};
use crate::gate::GateBook;
use crate::ledger::{
    BucketRecord, ClockRecord, Decision, DeviceRecord, Entry, GateRecord, GraphRecord, Headline,
    Outcome, Provenance, RowRecord, RowState, SCHEMA_VERSION, SamplingRecord,
};
use crate::stats::{Block, Estimate, HeadlineRow, decide, headline, lane, verdicts};
use crate::task::{Case, Task};
use crate::toolchain::{Built, TaskLibraries};
use crate::worker::{RouteReply, TimeReply};

/// Confidence of every interval.
const CONFIDENCE: f64 = 0.95;

/// Everything that an entry is made of.
pub(super) struct Findings<'a> {
    pub(super) task: &'a Task,
    pub(super) cases: &'a Cases,
    pub(super) built: &'a TaskLibraries,
    pub(super) machine: &'a Machine,
    pub(super) options: &'a RunOptions,
    pub(super) sampling: &'a Sampling,
    pub(super) ceilings: &'a Ceilings,
    pub(super) screened: &'a BTreeMap<String, Screened>,
    /// `None` when nothing was timed.
    pub(super) timed: Option<&'a BTreeMap<String, RowSamples>>,
    pub(super) book: &'a GateBook,
    pub(super) losses: &'a Losses<'a>,
    pub(super) before: Option<ClockRecord>,
    pub(super) after: Option<ClockRecord>,
    pub(super) started: Timestamp,
    pub(super) wall_seconds: f64,
    pub(super) harness_commit: String,
}

/// The entry, not yet in any ledger.
pub(super) fn assemble(findings: &Findings) -> Entry {
    let mut rows: Vec<RowRecord> = findings
        .cases
        .rows
        .iter()
        .map(|case| findings.row(case))
        .collect();
    if !findings.machine.is_emulated() {
        judge_rows(&mut rows, findings.task.contract.margin);
    }
    let gates = findings.book.records();
    let headline = findings.headlines(&rows, &gates);
    let decision = findings.decide(&rows, &gates, &headline);
    let facts = &findings.ceilings.facts;
    Entry {
        schema: SCHEMA_VERSION,
        id: entry_id(findings.started, findings.built),
        task: findings.task.name.clone(),
        decision,
        summary: summary(decision, &headline, &gates, &rows),
        gpu: facts.name.clone(),
        started: findings.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        wall_seconds: findings.wall_seconds,
        headline,
        provenance: findings.provenance(),
        device: DeviceRecord {
            name: facts.name.clone(),
            uuid: facts.uuid.clone(),
            driver: match findings.machine {
                Machine::Emulated { .. } => String::new(),
                Machine::Gpu { gpu, .. } => gpu.driver.clone(),
            },
            compute_capability: facts.compute_capability.clone(),
            multiprocessors: facts.multiprocessors,
            l2_bytes: facts.l2_bytes,
            memory_bytes: facts.memory_bytes,
            copy_tb_per_s: findings.ceilings.copy_bytes_per_second.unwrap_or(0.0) * 1e-12,
            ceilings: None,
            before: findings.before.clone(),
            after: findings.after.clone(),
        },
        sampling: SamplingRecord {
            processes: findings.timed.map_or(0, |_| findings.sampling.processes),
            blocks_per_process: findings.largest_block_count(),
            sample_us: findings.sampling.plan.sample_ns * 1e-3,
            margin: findings.task.contract.margin,
            confidence: CONFIDENCE,
            floor_us: findings.ceilings.floor_ns.unwrap_or(0.0) * 1e-3,
            redrawn_blocks: 0,
            sm_mhz: None,
        },
        controls: None,
        samples: None,
        warnings: findings.warnings(),
        gates,
        buckets: findings.buckets(&rows),
        kernels: kernel_records(findings.built, &rows),
        rows,
        control_rows: Vec::new(),
        previous: String::new(),
        hash: String::new(),
    }
}

/// UTC start time to the millisecond and the first digits of the candidate's source hash.
pub(super) fn entry_id(started: Timestamp, built: &TaskLibraries) -> String {
    format!(
        "{}-{}",
        started.strftime("%Y%m%dT%H%M%S%3fZ"),
        &built.candidate.source_hash[..8]
    )
}

impl Findings<'_> {
    fn row(&self, case: &Case) -> RowRecord {
        let mut row = blank_row(case);
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
                match self.timed.map(|timed| &timed[&case.id]) {
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
        row.submit = of(|reply| &reply.submit);
        row.wall = of(|reply| &reply.wall);
        if let (Some(device), Some(copy)) = (&row.device, self.ceilings.copy_bytes_per_second) {
            // Bytes per microsecond are MB/s; 1e6 of them are a TB/s.
            let achieved = |median_us: f64| row.bytes as f64 / median_us * 1e-6;
            row.baseline_tb_per_s = Some(achieved(device.baseline_us.median));
            row.candidate_tb_per_s = Some(achieved(device.candidate_us.median));
            row.candidate_share_of_copy = Some(achieved(device.candidate_us.median) * 1e12 / copy);
        }
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

    /// A headline for every set whose production rows were all measured, gates passed, on a GPU.
    fn headlines(&self, rows: &[RowRecord], gates: &[GateRecord]) -> BTreeMap<String, Headline> {
        let sound = gates.iter().all(|gate| gate.outcome == Outcome::Passed);
        if self.machine.is_emulated() || !sound || self.options.depth != Depth::Full {
            return BTreeMap::new();
        }
        let sets = &self.task.contract.sets;
        sets.iter()
            .filter_map(|set| Some((set.name.clone(), self.headline(&set.name, rows)?)))
            .collect()
    }

    fn headline(&self, set: &str, rows: &[RowRecord]) -> Option<Headline> {
        let locked = self
            .task
            .rows
            .iter()
            .filter(|case| case.production && case.set == set);
        let logs: Vec<(Vec<f64>, bool)> = locked
            .map(|case| {
                let row = rows
                    .iter()
                    .find(|row| row.id == case.id && row.state == RowState::Measured)?;
                let logs = row
                    .device
                    .as_ref()?
                    .per_process
                    .iter()
                    .map(|speedup| speedup.ln())
                    .collect();
                Some((logs, row.declined || row.same_code))
            })
            .collect::<Option<_>>()?;
        let rows: Vec<HeadlineRow> = logs
            .iter()
            .map(|(logs, fallback)| HeadlineRow {
                process_log_speedups: logs,
                fallback: *fallback,
            })
            .collect();
        headline(&rows, CONFIDENCE)
    }

    /// The set named after this GPU decides alone where there is one; otherwise every set has to agree.
    fn decide(
        &self,
        rows: &[RowRecord],
        gates: &[GateRecord],
        headlines: &BTreeMap<String, Headline>,
    ) -> Decision {
        let own = self
            .task
            .contract
            .sets
            .iter()
            .filter(|set| set.name == self.machine.name());
        let mut deciding: Vec<&str> = own.map(|set| set.name.as_str()).collect();
        if deciding.is_empty() {
            deciding = self
                .task
                .contract
                .sets
                .iter()
                .map(|set| set.name.as_str())
                .collect();
        }
        let decisions: Vec<Decision> = deciding
            .iter()
            .map(|set| {
                let rows: Vec<RowRecord> =
                    rows.iter().filter(|row| row.set == *set).cloned().collect();
                decide(gates, &rows, headlines.get(*set))
            })
            .collect();
        let any = |decision| decisions.contains(&decision);
        let order = [
            Decision::Invalid,
            Decision::NoVerdict,
            Decision::Reject,
            Decision::Inconclusive,
        ];
        order
            .into_iter()
            .find(|decision| any(*decision))
            .unwrap_or(Decision::Promote)
    }

    fn provenance(&self) -> Provenance {
        let built = self.built;
        Provenance {
            command: self.options.command.clone(),
            seed: self.options.seed,
            harness_commit: self.harness_commit.clone(),
            harness_version: env!("CARGO_PKG_VERSION").to_owned(),
            contract_hash: self.task.contract_hash.clone(),
            baseline_source: built.baseline.source_hash.clone(),
            candidate_source: built.candidate.source_hash.clone(),
            oracle_source: built.oracle.source_hash.clone(),
            baseline_object: built.baseline.object_hash.clone(),
            candidate_object: built.candidate.object_hash.clone(),
            compiler: built.candidate.compiler.clone(),
            compile: built.candidate.argv_compile.clone(),
            link: built.candidate.argv_link.clone(),
            sandbox: self.ceilings.sandbox.to_string(),
        }
    }

    fn largest_block_count(&self) -> usize {
        let samples = self
            .timed
            .into_iter()
            .flatten()
            .filter_map(|(_, samples)| samples.as_ref().ok());
        samples
            .flatten()
            .map(|reply| reply.device.len())
            .max()
            .unwrap_or(0)
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let shrunk = |cases: &[Case]| cases.iter().filter(|case| case.shrunk.is_some()).count();
        let (rows, grid) = (shrunk(&self.cases.rows), shrunk(&self.cases.grid));
        if rows + grid > 0 {
            let cases = self.cases.rows.len() + self.cases.grid.len();
            warnings.push(match self.machine.is_emulated() {
                true => format!(
                    "{} of {cases} cases were shortened to fit the emulated device",
                    rows + grid
                ),
                false => format!(
                    "{grid} of {} grid cases were shortened to what the oracle keeps up with; no row was",
                    self.cases.grid.len()
                ),
            });
        }
        if self.options.depth == Depth::Quick && !self.machine.is_emulated() {
            warnings.push("one process: the spread between processes is unknown, so there is no interval and no verdict".to_owned());
        }
        for missing in &self.ceilings.sandbox.missing {
            warnings.push(format!("workers were not locked in by {missing}"));
        }
        warnings.extend(self.losses.unkept());
        if !self.options.selection.is_everything() {
            warnings.push(
                "a part of the rows was run: a headline needs every locked row of its set"
                    .to_owned(),
            );
        }
        for clock in [&self.before, &self.after].into_iter().flatten() {
            if clock.other_processes > 0 {
                warnings.push(format!(
                    "{} other processes hold a context on this GPU",
                    clock.other_processes
                ));
            }
            if !clock.throttle.is_empty() {
                warnings.push(format!(
                    "clocks are throttled: {}",
                    clock.throttle.join(", ")
                ));
            }
        }
        warnings.dedup();
        warnings
    }

    fn buckets(&self, rows: &[RowRecord]) -> Vec<BucketRecord> {
        let mut buckets: Vec<BucketRecord> = Vec::new();
        for row in rows {
            let (Screened::Passed { route, .. } | Screened::Failed(route)) =
                &self.screened[&row.id]
            else {
                continue;
            };
            if !buckets.iter().any(|bucket| bucket.name == route.bucket) {
                buckets.push(BucketRecord {
                    name: route.bucket.clone(),
                    condition: route.condition.clone(),
                    path: route.path.clone(),
                    why: route.why.clone(),
                    declined: route.declined,
                    production_rows: 0,
                    rows: Vec::new(),
                    speedup: None,
                    decision: None,
                    because: None,
                });
            }
            let bucket = buckets
                .iter_mut()
                .find(|bucket| bucket.name == route.bucket)
                .expect("it was just added");
            bucket.production_rows += usize::from(row.production);
            bucket.rows.push(row.id.clone());
        }
        if !self.machine.is_emulated() {
            for bucket in &mut buckets {
                bucket.speedup = mean_speedup(rows.iter().filter(|row| row.bucket == bucket.name));
            }
        }
        buckets
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
        submit: None,
        wall: None,
    }
}

fn describe_route(row: &mut RowRecord, route: &RouteReply) {
    row.bucket.clone_from(&route.bucket);
    row.declined = route.declined;
}

/// Verdicts over all timed rows, as one family.
fn judge_rows(rows: &mut [RowRecord], margin: f64) {
    let measured = |row: &RowRecord| row.state == RowState::Measured;
    let estimates: Vec<Option<Estimate>> = rows
        .iter()
        .filter(|row| measured(row))
        .map(|row| {
            let logs: Vec<f64> = row
                .device
                .as_ref()?
                .per_process
                .iter()
                .map(|speedup| speedup.ln())
                .collect();
            Estimate::over_processes(&logs)
        })
        .collect();
    let verdicts = verdicts(&estimates, margin, CONFIDENCE);
    for ((row, verdict), estimate) in rows
        .iter_mut()
        .filter(|row| measured(row))
        .zip(verdicts)
        .zip(estimates)
    {
        row.verdict = estimate.map(|_| verdict);
    }
}

fn mean_speedup<'a>(rows: impl Iterator<Item = &'a RowRecord>) -> Option<f64> {
    let logs: Vec<f64> = rows
        .filter_map(|row| row.device.as_ref())
        .map(|device| {
            device
                .per_process
                .iter()
                .map(|speedup| speedup.ln())
                .sum::<f64>()
                / device.per_process.len() as f64
        })
        .collect();
    (!logs.is_empty()).then(|| (logs.iter().sum::<f64>() / logs.len() as f64).exp())
}

fn summary(
    decision: Decision,
    headlines: &BTreeMap<String, Headline>,
    gates: &[GateRecord],
    rows: &[RowRecord],
) -> String {
    let failed: Vec<&str> = gates
        .iter()
        .filter(|gate| gate.outcome == Outcome::Failed)
        .map(|gate| gate.name.as_str())
        .collect();
    let lost = rows
        .iter()
        .filter(|row| row.state == RowState::Lost)
        .count();
    let speeds: Vec<String> = headlines
        .iter()
        .map(|(set, headline)| {
            format!(
                "{:.3}x [{:.3}, {:.3}] on {set} ({} rows)",
                headline.speedup, headline.low, headline.high, headline.rows
            )
        })
        .collect();
    match decision {
        Decision::Promote => format!("faster and right: {}", speeds.join(", ")),
        Decision::Reject => format!("not faster where it has to be: {}", speeds.join(", ")),
        Decision::Inadmissible => "right, but the run failed its own controls".to_owned(),
        Decision::Inconclusive => format!("right, but no speed can be told: {}", speeds.join(", ")),
        Decision::Invalid if failed.is_empty() => format!("{lost} rows were lost"),
        Decision::Invalid => format!("gates failed: {}", failed.join(", ")),
        Decision::NoVerdict => "gates passed; this run makes no claim about speed".to_owned(),
    }
}
