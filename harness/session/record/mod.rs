//! From what a run found to its entry.

mod bucket;
mod control;
mod headline;
mod raw;
mod row;
mod verdict;

pub(super) use control::{LaneOf, control_record, logs_of};

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ceilings::Ceilings;
use super::losses::Losses;
use super::plan::{Cases, Depth, Sampling};
use super::sampling::Taken;
use super::screening::Screened;
use super::statics::kernel_records;
use super::{Machine, RunOptions};
use crate::gate::GateBook;
use crate::ledger::{
    ClockRecord, Decision, DeviceRecord, Entry, GateRecord, Headline, Outcome, Provenance,
    RawSamples, RowRecord, RowState, SCHEMA_VERSION, SamplingRecord,
};
use crate::task::{Case, Task};
use crate::timing::ClockWatch;
use crate::toolchain::TaskLibraries;
use crate::worker::TimeReply;

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
    pub(super) timed: Option<&'a Taken>,
    pub(super) book: &'a GateBook,
    pub(super) losses: &'a Losses<'a>,
    pub(super) before: Option<ClockRecord>,
    pub(super) after: Option<ClockRecord>,
    pub(super) started: Timestamp,
    pub(super) wall_seconds: f64,
    pub(super) harness_commit: String,
}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Not yet in any ledger.
    pub entry: Entry,
    /// Of whatever was timed.
    pub samples: Option<RawSamples>,
}

pub(super) fn assemble(findings: &Findings) -> Finished {
    let entry = entry(findings);
    Finished {
        samples: findings.raw_samples(&entry.id),
        entry,
    }
}

fn entry(findings: &Findings) -> Entry {
    let mut rows: Vec<RowRecord> = findings
        .cases
        .rows
        .iter()
        .map(|case| findings.row(case))
        .collect();
    if !findings.machine.is_emulated() {
        findings.judge_rows(&mut rows);
    }
    let gates = findings.book.records();
    let controls = findings.controls(&rows);
    let mut headline = findings.headlines(&rows, &gates);
    let mut decision = findings.decide(&rows, &gates, &headline);
    if decision != Decision::Invalid && controls.as_ref().is_some_and(|c| !c.admissible) {
        headline.clear();
        decision = Decision::Inadmissible;
    }
    let facts = &findings.ceilings.facts;
    let watch = findings.clock_watch();
    Entry {
        schema: SCHEMA_VERSION,
        id: entry_id(findings.started, findings.built),
        task: findings.task.name.clone(),
        decision,
        summary: summary(decision, &headline, &gates, &rows),
        note: None,
        gpu: facts.name.clone(),
        started: findings.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        wall_seconds: findings.wall_seconds,
        headline,
        replicates: None,
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
            copy_tb_per_s: findings.ceilings.copy_bytes_per_second().unwrap_or(0.0) * 1e-12,
            ceilings: findings.ceilings.record(),
            before: findings.before.clone(),
            during: findings.timed.and_then(|timed| timed.during.clone()),
            after: findings.after.clone(),
        },
        sampling: SamplingRecord {
            processes: findings.timed.map_or(0, |_| findings.sampling.processes),
            blocks_per_process: findings.largest_block_count(),
            sample_us: findings.sampling.plan.sample_ns * 1e-3,
            margin: findings.task.contract.margin,
            confidence: CONFIDENCE,
            floor_us: findings.ceilings.floor_ns().unwrap_or(0.0) * 1e-3,
            redrawn_blocks: watch.redrawn as usize,
            sm_mhz: watch.sm_mhz,
        },
        controls,
        samples: None,
        warnings: findings.warnings(),
        gates,
        buckets: findings.buckets(&rows),
        kernels: kernel_records(findings.built, &rows),
        rows,
        control_rows: findings.control_rows(),
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
        let replies = self.replies();
        replies.map(|reply| reply.device.len()).max().unwrap_or(0)
    }

    /// Every row in every process.
    fn replies(&self) -> impl Iterator<Item = &TimeReply> {
        let samples = self.timed.into_iter().flat_map(|timed| timed.rows.values());
        samples
            .filter_map(|samples| samples.as_ref().ok())
            .flatten()
    }

    fn clock_watch(&self) -> ClockWatch {
        let mut watch = ClockWatch::default();
        self.replies().for_each(|reply| watch.add(reply.clocks));
        watch
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
            let task = self.task;
            let (rows, grid) = (self.cases.rows.len(), self.cases.grid.len());
            if (rows, grid) != (task.rows.len(), task.grid.len())
                && self.options.selection.is_everything()
            {
                warnings.push(format!(
                    "a look: {rows} of {} rows and {grid} of {} grid cases; --rows names others",
                    task.rows.len(),
                    task.grid.len()
                ));
            }
        }
        for missing in &self.ceilings.sandbox.missing {
            warnings.push(format!("workers were not locked in by {missing}"));
        }
        warnings.extend(self.losses.unkept());
        if !self.options.selection.is_everything() {
            let has_production = self.cases.rows.iter().any(|row| row.production);
            let why = match has_production {
                true => "a part of the rows was run: a headline needs every locked row of its set",
                false => {
                    "no production row was run, so there is no verdict on the task: --rows and --set choose the rows"
                }
            };
            warnings.push(why.to_owned());
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
