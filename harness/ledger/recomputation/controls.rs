//! The controls' figures computed again.

use super::{again, first_count, first_figure, in_words, interval_difference, is_one_figure};
use crate::ledger::{
    ControlKind, ControlRecord, ControlsRecord, Entry, LaneRecord, RawSamples, SpeedupInterval,
};
use crate::stats::{PlantedRow, SameCodeGroup, SameCodeRow, judge_controls};

/// A lane by its name in samples and entries, and the record's ratio in it.
type RatioOf = fn(&ControlRecord) -> Option<SpeedupInterval>;

/// Lanes whose samples are kept.
const LANES: [(&str, RatioOf); 3] = [
    ("device", |control| Some(control.device)),
    ("device_hot", |control| control.device_hot),
    ("device_dirty", |control| control.device_dirty),
];

/// Everything in the entry's controls that its samples do not give, a sentence each.
pub(super) fn contradictions(entry: &Entry, samples: &RawSamples) -> Vec<String> {
    let confidence = entry.sampling.confidence;
    let mut found = Vec::new();
    let mut cold = Vec::new();
    for control in &entry.control_rows {
        let id = control.kind.samples_of(&control.row);
        for (name, ratio_of) in LANES {
            let lane = again(samples, &id, name, confidence);
            let ratio = lane.as_ref().and_then(|lane| lane.ratio);
            if let Some(what) = interval_difference(name, ratio_of(control), ratio) {
                found.push(format!("control `{id}`, {what}"));
            }
            if let ("device", Some(lane)) = (name, lane) {
                let median = lane.baseline_us.median;
                if !is_one_figure(control.first_us, median) {
                    let what = in_words("median us", control.first_us, format!("{median:.5}"));
                    found.push(format!("control `{id}`, {what}"));
                }
                cold.push((control, logs(&lane)));
            }
        }
    }
    let said = entry.controls.as_ref();
    found.extend(said.and_then(|said| of_all(said, &cold, entry.sampling.margin)));
    found
}

fn logs(lane: &LaneRecord) -> Vec<f64> {
    let speedups = lane.per_process.iter();
    speedups.map(|speedup| speedup.ln()).collect()
}

/// The first figure over all controls that their logs do not give.
fn of_all(
    said: &ControlsRecord,
    cold: &[(&ControlRecord, Vec<f64>)],
    margin: f64,
) -> Option<String> {
    let of_kind = |kind| cold.iter().filter(move |(control, _)| control.kind == kind);
    let twins: Vec<SameCodeRow<'_>> = of_kind(ControlKind::Twins)
        .map(|(control, logs)| SameCodeRow {
            id: &control.row,
            process_log_speedups: logs,
        })
        .collect();
    let planted: Vec<PlantedRow<'_>> = of_kind(ControlKind::Planted)
        .map(|(control, logs)| PlantedRow {
            name: &control.row,
            log_speedup: said.planted.ln(),
            process_log_speedups: logs,
        })
        .collect();
    let group = SameCodeGroup {
        name: "twins",
        rows: &twins,
    };
    let judged = judge_controls(&[group], &planted, margin);
    let reading = judged.same_code.first();
    let rows = reading.map_or(0, |reading| reading.rows);
    let false_verdicts = reading.map_or(0, |reading| reading.false_verdicts);
    let counts = [
        ("rows", said.twin_rows, rows),
        ("false verdicts", said.false_verdicts, false_verdicts),
    ];
    let bias = || interval_difference("bias", Some(said.twins), Some(reading?.bias));
    let width = || {
        // Of a width near 0 as many digits are known as of the ratio that it belongs to.
        let widths = (
            ("1 + half width".to_owned(), 1.0 + said.half_width),
            (String::new(), 1.0 + reading?.median_half_width),
        );
        first_figure([widths].into_iter())
    };
    let planted = || {
        let found = judged.planted.first().map(|planted| planted.found);
        // A lost control is written as 0.
        let said = (said.planted_found.speedup > 0.0).then_some(said.planted_found);
        interval_difference("found", said, found)
    };
    first_count(&counts)
        .or_else(bias)
        .or_else(width)
        .map(|what| format!("controls, twins: {what}"))
        .or_else(|| planted().map(|what| format!("controls, planted: {what}")))
}
