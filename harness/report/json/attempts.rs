//! Lines about the tries of a ledger, with what each failed on.

use serde::Serialize;

use super::lists::EntryHead;
use crate::ledger::{Entry, GateRecord, RowRecord};
use crate::report::attempts::Findings;
use crate::report::numbers::lane_speedup;

#[derive(Serialize)]
pub(super) struct AttemptLine<'a> {
    #[serde(flatten)]
    head: EntryHead<'a>,
    failed_gate: Option<FailedGate<'a>>,
    lost_row: Option<LostRow<'a>>,
    least_row: Option<LeastRow<'a>>,
}

impl<'a> AttemptLine<'a> {
    /// `stands`: whether speedups are evidence.
    pub(super) fn of(entry: &'a Entry, stands: bool) -> Self {
        let found = Findings::of(entry);
        Self {
            head: EntryHead::of(entry, stands),
            failed_gate: found.failed_gate.map(FailedGate::of),
            lost_row: found.lost_row.map(LostRow::of),
            least_row: found.least_row.map(LeastRow::of),
        }
    }
}

#[derive(Serialize)]
struct FailedGate<'a> {
    name: &'a str,
    cases: usize,
    failures: usize,
    /// The first of its failures.
    detail: Option<&'a str>,
}

impl<'a> FailedGate<'a> {
    fn of(gate: &'a GateRecord) -> Self {
        Self {
            name: &gate.name,
            cases: gate.cases,
            failures: gate.failures,
            detail: gate.details.first().map(String::as_str),
        }
    }
}

#[derive(Serialize)]
struct LostRow<'a> {
    row: &'a str,
    reason: Option<&'a str>,
}

impl<'a> LostRow<'a> {
    fn of(row: &'a RowRecord) -> Self {
        Self {
            row: &row.id,
            reason: row.reason.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct LeastRow<'a> {
    row: &'a str,
    speedup: Option<f64>,
    speedup_low: Option<f64>,
    speedup_high: Option<f64>,
    verdict: Option<String>,
}

impl<'a> LeastRow<'a> {
    fn of(row: &'a RowRecord) -> Self {
        let lane = row.device.as_ref();
        let ratio = lane.and_then(|lane| lane.ratio);
        Self {
            row: &row.id,
            speedup: lane.and_then(lane_speedup),
            speedup_low: ratio.map(|ratio| ratio.low),
            speedup_high: ratio.map(|ratio| ratio.high),
            verdict: row.verdict.map(|verdict| verdict.to_string()),
        }
    }
}
