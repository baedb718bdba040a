//! One row of one entry as a flat record, for tables of other programs. Units are in the keys.

use serde::Serialize;

use super::evidence::figures_stand;
use super::numbers::lane_speedup;
use crate::ledger::{Entry, LaneRecord, RowRecord};

/// What a spreadsheet or a plot takes: identity of the run, then of the row, then its figures. Absent where the figures
/// are no evidence, as in every view.
#[derive(Serialize)]
pub struct ExportedRow<'a> {
    entry_id: &'a str,
    task: &'a str,
    gpu: &'a str,
    started: &'a str,
    decision: String,
    note: Option<&'a str>,
    evidence: bool,
    contract_hash: &'a str,
    baseline_source: &'a str,
    candidate_source: &'a str,
    harness_commit: &'a str,
    compiler: &'a str,
    driver: &'a str,
    row: &'a str,
    set: &'a str,
    entry: &'a str,
    production: bool,
    state: String,
    reason: Option<&'a str>,
    bucket: &'a str,
    declined: bool,
    same_code: bool,
    verdict: Option<String>,
    bytes: u64,
    baseline_tb_per_s: Option<f64>,
    candidate_tb_per_s: Option<f64>,
    candidate_share_of_copy: Option<f64>,
    device_speedup: Option<f64>,
    device_speedup_low: Option<f64>,
    device_speedup_high: Option<f64>,
    device_baseline_median_us: Option<f64>,
    device_candidate_median_us: Option<f64>,
    device_hot_speedup: Option<f64>,
    device_hot_speedup_low: Option<f64>,
    device_hot_speedup_high: Option<f64>,
    device_hot_baseline_median_us: Option<f64>,
    device_hot_candidate_median_us: Option<f64>,
    submit_speedup: Option<f64>,
    submit_speedup_low: Option<f64>,
    submit_speedup_high: Option<f64>,
    submit_baseline_median_us: Option<f64>,
    submit_candidate_median_us: Option<f64>,
    wall_speedup: Option<f64>,
    wall_speedup_low: Option<f64>,
    wall_speedup_high: Option<f64>,
    wall_baseline_median_us: Option<f64>,
    wall_candidate_median_us: Option<f64>,
}

impl<'a> ExportedRow<'a> {
    /// A record for each row of the entry.
    pub fn all_of(entry: &'a Entry) -> impl Iterator<Item = Self> {
        entry.rows.iter().map(|row| Self::of(entry, row))
    }

    fn of(entry: &'a Entry, row: &'a RowRecord) -> Self {
        let stands = figures_stand(entry);
        let lane = |lane: &'a Option<LaneRecord>| Figures::of(lane.as_ref().filter(|_| stands));
        let (device, device_hot) = (lane(&row.device), lane(&row.device_hot));
        let (submit, wall) = (lane(&row.submit), lane(&row.wall));
        let verdict = row.verdict.filter(|_| stands);
        let from = &entry.provenance;
        Self {
            entry_id: &entry.id,
            task: &entry.task,
            gpu: &entry.gpu,
            started: &entry.started,
            decision: entry.decision.to_string(),
            note: entry.note.as_deref(),
            evidence: stands,
            contract_hash: &from.contract_hash,
            baseline_source: &from.baseline_source,
            candidate_source: &from.candidate_source,
            harness_commit: &from.harness_commit,
            compiler: &from.compiler,
            driver: &entry.device.driver,
            row: &row.id,
            set: &row.set,
            entry: &row.entry,
            production: row.production,
            state: row.state.to_string(),
            reason: row.reason.as_deref(),
            bucket: &row.bucket,
            declined: row.declined,
            same_code: row.same_code,
            verdict: verdict.map(|verdict| verdict.to_string()),
            bytes: row.bytes,
            baseline_tb_per_s: row.baseline_tb_per_s.filter(|_| stands),
            candidate_tb_per_s: row.candidate_tb_per_s.filter(|_| stands),
            candidate_share_of_copy: row.candidate_share_of_copy.filter(|_| stands),
            device_speedup: device.speedup,
            device_speedup_low: device.low,
            device_speedup_high: device.high,
            device_baseline_median_us: device.baseline_us,
            device_candidate_median_us: device.candidate_us,
            device_hot_speedup: device_hot.speedup,
            device_hot_speedup_low: device_hot.low,
            device_hot_speedup_high: device_hot.high,
            device_hot_baseline_median_us: device_hot.baseline_us,
            device_hot_candidate_median_us: device_hot.candidate_us,
            submit_speedup: submit.speedup,
            submit_speedup_low: submit.low,
            submit_speedup_high: submit.high,
            submit_baseline_median_us: submit.baseline_us,
            submit_candidate_median_us: submit.candidate_us,
            wall_speedup: wall.speedup,
            wall_speedup_low: wall.low,
            wall_speedup_high: wall.high,
            wall_baseline_median_us: wall.baseline_us,
            wall_candidate_median_us: wall.candidate_us,
        }
    }
}

/// One lane's figures; all absent where there is no lane.
#[derive(Clone, Copy, Default)]
struct Figures {
    speedup: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    baseline_us: Option<f64>,
    candidate_us: Option<f64>,
}

impl Figures {
    fn of(lane: Option<&LaneRecord>) -> Self {
        let Some(lane) = lane else {
            return Self::default();
        };
        Self {
            speedup: lane_speedup(lane),
            low: lane.ratio.map(|ratio| ratio.low),
            high: lane.ratio.map(|ratio| ratio.high),
            baseline_us: Some(lane.baseline_us.median),
            candidate_us: Some(lane.candidate_us.median),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ledger::sample;

    /// The first row as CSV: cells by title.
    fn cells(entry: &Entry) -> BTreeMap<String, String> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let row = ExportedRow::all_of(entry).next().expect("there are rows");
        writer.serialize(row).expect("a list takes any write");
        let bytes = writer.into_inner().expect("a list takes any write");
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let mut rows = reader.deserialize();
        let row = rows.next().expect("there is a row");
        row.expect("a row has a cell for each title")
    }

    #[test]
    fn a_row_has_a_cell_for_each_figure() {
        let mut entry = sample::entry();
        entry.note = Some("one pass, \"wider\" loads".to_owned());
        let cells = cells(&entry);
        assert_eq!(cells["note"], "one pass, \"wider\" loads");
        assert_eq!(cells["row"], "qwen_s4096_c3072_bcast11");
        assert_eq!(cells["device_speedup_low"], "1.2311");
        assert_eq!(cells["device_baseline_median_us"], "12.34");
        assert_eq!(cells["submit_speedup"], "");
    }

    #[test]
    fn what_is_no_evidence_has_no_figures() {
        let cells = cells(&Entry {
            gpu: "emulated".to_owned(),
            ..sample::entry()
        });
        assert_eq!(cells["evidence"], "false");
        for key in ["device_speedup", "verdict", "candidate_tb_per_s"] {
            assert_eq!(cells[key], "", "{key}");
        }
        assert_eq!(cells["bytes"], "103514112");
    }
}
