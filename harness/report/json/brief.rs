//! One object on a task: what the page of `kda brief` says, with nothing cut.

mod contract;

use std::path::Path;

use serde::Serialize;

use super::attempts::AttemptLine;
use super::findings::{Bucket, HeadlineLine};
use super::physics::{Bound, Kernel};
use super::profile::ProfileChangeLine;
use super::status::{GapLine, differs, state};
use crate::brief::{Brief, FoundProfile};
use crate::gate::gates;
use crate::ledger::{Entry, RowRecord};
use crate::profile::{changes, moved_most};
use crate::report::evidence::figures_stand;
use crate::toolchain::Side;
use contract::{ContractFacts, LockedRowFacts};

#[derive(Serialize)]
pub(super) struct BriefLine<'a> {
    task: &'a str,
    gpu: &'a str,
    contract: ContractFacts<'a>,
    state: &'static str,
    differs: &'a [&'static str],
    current: Option<Current<'a>>,
    gap: Option<GapLine<'a>>,
    production_rows: Vec<LockedRowFacts<'a>>,
    /// Ids, production first and then the furthest first.
    lagging: Vec<&'a str>,
    profile: Option<ProfileFacts<'a>>,
    attempts: Vec<AttemptLine<'a>>,
    earlier_attempts: usize,
    may_be_edited: [String; 2],
    gates: Vec<GateFacts>,
    next: Vec<NextFacts>,
}

/// The entry that the figures are of.
#[derive(Serialize)]
struct Current<'a> {
    id: &'a str,
    started: &'a str,
    decision: String,
    summary: &'a str,
    evidence: bool,
    headlines: Vec<HeadlineLine<'a>>,
    rows: Vec<RowFacts<'a>>,
    buckets: Vec<Bucket<'a>>,
    candidate_kernels: Vec<Kernel<'a>>,
}

/// A row, production or rider, device cold.
#[derive(Serialize)]
struct RowFacts<'a> {
    id: &'a str,
    set: &'a str,
    bucket: &'a str,
    production: bool,
    declined: bool,
    bytes: u64,
    baseline_us: Option<f64>,
    candidate_us: Option<f64>,
    speedup: Option<f64>,
    speedup_low: Option<f64>,
    speedup_high: Option<f64>,
    verdict: Option<String>,
    bound: Option<Bound>,
}

#[derive(Serialize)]
struct ProfileFacts<'a> {
    path: &'a Path,
    row: Option<&'a str>,
    /// Why it cannot be read.
    unreadable: Option<&'a str>,
    moved_most: Vec<ProfileChangeLine>,
}

#[derive(Serialize)]
struct GateFacts {
    name: &'static str,
    asks: &'static str,
}

#[derive(Serialize)]
struct NextFacts {
    command: String,
    why: &'static str,
}

impl<'a> BriefLine<'a> {
    pub(super) fn of(brief: &'a Brief) -> Self {
        let task = &brief.task;
        let lagging = brief.lagging();
        let production = task.rows.iter().filter(|row| row.production);
        let attempts = brief.attempts.iter();
        let next = brief.next().into_iter();
        Self {
            task: &task.name,
            gpu: &brief.gpu,
            contract: ContractFacts::of(task),
            state: state(&brief.standing),
            differs: differs(&brief.standing),
            current: brief.entry.as_ref().map(Current::of),
            gap: brief.gap.as_ref().map(GapLine::of),
            production_rows: production.map(LockedRowFacts::of).collect(),
            lagging: lagging.iter().map(|(row, _)| row.id.as_str()).collect(),
            profile: brief.profile.as_ref().map(ProfileFacts::of),
            attempts: attempts
                .map(|entry| AttemptLine::of(entry, figures_stand(entry)))
                .collect(),
            earlier_attempts: brief.earlier_attempts,
            may_be_edited: [
                format!("tasks/{}/candidate.cu", task.name),
                "kernels/include/kda/".to_owned(),
            ],
            gates: gates::ALL
                .iter()
                .map(|&(name, asks)| GateFacts {
                    name,
                    asks: asks.trim(),
                })
                .collect(),
            next: next
                .map(|step| NextFacts {
                    command: step.command,
                    why: step.why,
                })
                .collect(),
        }
    }
}

impl<'a> Current<'a> {
    fn of(entry: &'a Entry) -> Self {
        let stands = figures_stand(entry);
        let headlines = entry.headline.iter().filter(|_| stands);
        let kernels = entry.kernels.iter();
        Self {
            id: &entry.id,
            started: &entry.started,
            decision: entry.decision.to_string(),
            summary: &entry.summary,
            evidence: stands,
            headlines: headlines
                .map(|(set, headline)| HeadlineLine::of(set, headline))
                .collect(),
            rows: entry
                .rows
                .iter()
                .map(|row| RowFacts::of(row, stands))
                .collect(),
            buckets: entry
                .buckets
                .iter()
                .map(|bucket| Bucket::of(bucket, stands))
                .collect(),
            candidate_kernels: kernels
                .filter(|kernel| kernel.side == Side::Candidate)
                .map(Kernel::of)
                .collect(),
        }
    }
}

impl<'a> RowFacts<'a> {
    /// `stands`: whether figures are evidence.
    fn of(row: &'a RowRecord, stands: bool) -> Self {
        let lane = row.device.as_ref().filter(|_| stands);
        let ratio = lane.and_then(|lane| lane.ratio);
        let verdict = row.verdict.filter(|_| stands);
        Self {
            id: &row.id,
            set: &row.set,
            bucket: &row.bucket,
            production: row.production,
            declined: row.declined,
            bytes: row.bytes,
            baseline_us: lane.map(|lane| lane.baseline_us.median),
            candidate_us: lane.map(|lane| lane.candidate_us.median),
            speedup: ratio.map(|ratio| ratio.speedup),
            speedup_low: ratio.map(|ratio| ratio.low),
            speedup_high: ratio.map(|ratio| ratio.high),
            verdict: verdict.map(|verdict| verdict.to_string()),
            bound: row.bound.as_ref().filter(|_| stands).map(Bound::from),
        }
    }
}

impl<'a> ProfileFacts<'a> {
    fn of(found: &'a FoundProfile) -> Self {
        let record = found.record.as_ref();
        let moved = record.map(|record| moved_most(&changes(record)));
        Self {
            path: &found.path,
            row: record.ok().map(|record| record.row.as_str()),
            unreadable: record.err().map(String::as_str),
            moved_most: moved
                .unwrap_or_default()
                .iter()
                .map(ProfileChangeLine::of)
                .collect(),
        }
    }
}
