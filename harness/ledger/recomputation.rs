//! An entry's figures computed again from its raw samples.

mod controls;

use super::layout::DIGITS;
use super::{Entry, Headline, LaneRecord, RawProcess, RawSamples, RowRecord, SpeedupInterval};
use crate::stats::{Block, HeadlineRow, headline, lane};

/// A lane by its name in samples and entries, and the entry's record of it.
type LaneOf = fn(&RowRecord) -> Option<&LaneRecord>;

/// Lanes whose samples are kept.
const LANES: [(&str, LaneOf); 3] = [
    ("device", |row| row.device.as_ref()),
    ("device_hot", |row| row.device_hot.as_ref()),
    ("device_dirty", |row| row.device_dirty.as_ref()),
];

/// What two figures may differ by, relative to the entry's: half of the last stored digit of a speedup of 1. Samples are
/// rounded too, and an interval's end is as far off as its t quantile makes of that.
const TOLERANCE: f64 = 5e-5;

/// Everything in the entry that its samples do not give, a sentence each; of a lane the first figure.
pub(super) fn contradictions(entry: &Entry, samples: &RawSamples) -> Vec<String> {
    if samples.entry != entry.id {
        return vec![format!("its samples are of entry `{}`", samples.entry)];
    }
    let confidence = entry.sampling.confidence;
    let mut found = Vec::new();
    let mut device = Vec::new();
    for row in &entry.rows {
        for (name, lane_of) in LANES {
            let again = again(samples, &row.id, name, confidence);
            if let Some(what) = lane_difference(lane_of(row), again.as_ref()) {
                found.push(format!("row `{}`, {name}: {what}", row.id));
            }
            if name == "device" {
                device.push((row, again));
            }
        }
        let beside = again(samples, &row.id, "beside", confidence);
        let beside = beside.and_then(|lane| lane.ratio);
        if let Some(what) = interval_difference("beside", row.beside, beside) {
            found.push(format!("row `{}`: {what}", row.id));
        }
    }
    for (set, said) in &entry.headline {
        let again = headline_of(set, &device, confidence);
        if let Some(what) = headline_difference(said, again.as_ref()) {
            found.push(format!("headline {set}: {what}"));
        }
    }
    found.extend(controls::contradictions(entry, samples));
    found
}

/// The lane `name` of the samples of `row`, as a run computes it.
fn again(samples: &RawSamples, row: &str, name: &str, confidence: f64) -> Option<LaneRecord> {
    let processes = samples.row(row)?.lanes.get(name)?;
    let blocks: Vec<Vec<Block>> = processes.iter().map(RawProcess::blocks).collect();
    lane(&blocks, confidence)
}

/// As a run computes it, from lanes computed again.
fn headline_of(
    set: &str,
    device: &[(&RowRecord, Option<LaneRecord>)],
    confidence: f64,
) -> Option<Headline> {
    let rows = device
        .iter()
        .filter(|(row, _)| row.production && row.set == set);
    let logs: Vec<(Vec<f64>, bool)> = rows
        .map(|(row, lane)| {
            let speedups = lane.as_ref()?.per_process.iter();
            let logs = speedups.map(|speedup| speedup.ln()).collect();
            Some((logs, row.declined || row.same_code))
        })
        .collect::<Option<_>>()?;
    let rows: Vec<HeadlineRow> = logs.iter().map(HeadlineRow::from).collect();
    headline(&rows, confidence)
}

fn lane_difference(said: Option<&LaneRecord>, again: Option<&LaneRecord>) -> Option<String> {
    let (said, again) = match in_both(said, again) {
        Ok(both) => both?,
        Err(what) => return Some(what),
    };
    let counts = [
        ("processes", said.per_process.len(), again.per_process.len()),
        (
            "samples of the baseline",
            said.baseline_us.samples,
            again.baseline_us.samples,
        ),
        (
            "samples of the candidate",
            said.candidate_us.samples,
            again.candidate_us.samples,
        ),
    ];
    first_count(&counts).or_else(|| first_figure(figures(said).zip(figures(again))))
}

fn headline_difference(said: &Headline, again: Option<&Headline>) -> Option<String> {
    let Some(again) = again else {
        return Some("the samples have no figure over all rows of the set".to_owned());
    };
    let counts = [
        ("rows", said.rows, again.rows),
        ("fallback rows", said.fallback_rows, again.fallback_rows),
        ("processes", said.processes, again.processes),
    ];
    let interval = |of: &Headline| SpeedupInterval {
        speedup: of.speedup,
        low: of.low,
        high: of.high,
    };
    let pairs = ends(interval(said)).zip(ends(interval(again)));
    first_count(&counts).or_else(|| first_figure(pairs))
}

fn interval_difference(
    name: &str,
    said: Option<SpeedupInterval>,
    again: Option<SpeedupInterval>,
) -> Option<String> {
    let what = match in_both(said, again) {
        Ok(both) => {
            let (said, again) = both?;
            first_figure(ends(said).zip(ends(again)))?
        }
        Err(what) => what,
    };
    Some(format!("{name}: {what}"))
}

/// Both, or neither; an error that says which has none.
fn in_both<T, U>(said: Option<T>, again: Option<U>) -> Result<Option<(T, U)>, String> {
    match (said, again) {
        (None, None) => Ok(None),
        (Some(_), None) => Err("the entry has figures, and the samples have none".to_owned()),
        (None, Some(_)) => Err("the samples have figures, and the entry has none".to_owned()),
        (Some(said), Some(again)) => Ok(Some((said, again))),
    }
}

fn ends(interval: SpeedupInterval) -> impl Iterator<Item = (String, f64)> {
    let SpeedupInterval { speedup, low, high } = interval;
    let named = [("speedup", speedup), ("low", low), ("high", high)];
    named
        .into_iter()
        .map(|(name, figure)| (name.to_owned(), figure))
}

/// Every figure of a lane but the spreads, which of close samples are their rounding.
fn figures(lane: &LaneRecord) -> impl Iterator<Item = (String, f64)> {
    // Absent below two processes, on both sides: how many there are is compared before.
    let ratio = lane.ratio.into_iter().flat_map(ends);
    let sides = [
        ("baseline", lane.baseline_us),
        ("candidate", lane.candidate_us),
    ];
    let times = sides.into_iter().flat_map(|(side, of)| {
        [
            ("median", of.median),
            ("mean", of.mean),
            ("min", of.min),
            ("p10", of.p10),
            ("p90", of.p90),
        ]
        .map(|(name, us)| (format!("{name} us of the {side}"), us))
    });
    let processes = lane.per_process.iter().enumerate();
    let processes =
        processes.map(|(place, &one)| (format!("speedup of process {}", place + 1), one));
    ratio.chain(processes).chain(times)
}

fn first_count(counts: &[(&str, usize, usize)]) -> Option<String> {
    let other = counts.iter().find(|(_, said, again)| said != again);
    other.map(|(what, said, again)| in_words(what, said, again))
}

fn first_figure(mut pairs: impl Iterator<Item = ((String, f64), (String, f64))>) -> Option<String> {
    let other = pairs.find(|((_, said), (_, again))| !is_one_figure(*said, *again));
    other.map(|((what, said), (_, again))| in_words(&what, said, format!("{again:.5}")))
}

fn in_words(what: &str, said: impl std::fmt::Display, again: impl std::fmt::Display) -> String {
    format!("{what} {said} in the entry, {again} from the samples")
}

/// Whether both are one figure in the digits that a ledger has. What is no finite number is no figure.
fn is_one_figure(said: f64, again: f64) -> bool {
    let last_digit = 10f64.powf(said.abs().log10().floor() + 1.0 - DIGITS as f64);
    said.is_finite() && (said - again).abs() <= last_digit.max(said.abs() * TOLERANCE)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ledger::{ControlKind, ControlsRecord, RawRow, rounded, sample};
    use crate::stats::Order;

    /// Five processes around a ratio of 1.01, with what real samples have of noise.
    fn processes(row: usize) -> Vec<Vec<Block>> {
        let noise = |k: usize| 1.0 + ((k * 7919 + row * 104_729) % 1000) as f64 * 1e-6;
        let block = |k: usize| Block {
            order: [Order::Abba, Order::Baab][k % 2],
            ns: [0, 1, 2, 3].map(|slot| {
                let is_baseline = matches!(slot, 0 | 3) == k.is_multiple_of(2);
                let ns = if is_baseline { 2_020.0 } else { 2_000.0 };
                ns * noise(4 * k + slot)
            }),
        };
        (0..5)
            .map(|process| (0..8).map(|k| block(8 * process + k)).collect())
            .collect()
    }

    /// The sample entry as it is stored, its figures those of samples.
    fn measured() -> (Entry, RawSamples) {
        let mut entry = sample::entry();
        let mut rows = Vec::new();
        for (number, row) in entry.rows.iter_mut().enumerate() {
            let processes = processes(number);
            row.device = lane(&processes, 0.95);
            row.device_hot.clone_from(&row.device);
            row.device_dirty = None;
            row.beside = None;
            let raw: Vec<RawProcess> = processes
                .iter()
                .map(|blocks| RawProcess::of(24, blocks))
                .collect();
            let lanes = [("device", raw.clone()), ("device_hot", raw)];
            rows.push(RawRow {
                id: row.id.clone(),
                lanes: BTreeMap::from(lanes.map(|(name, raw)| (name.to_owned(), raw))),
            });
        }
        let device: Vec<(&RowRecord, Option<LaneRecord>)> = entry
            .rows
            .iter()
            .map(|row| (row, row.device.clone()))
            .collect();
        let headline = headline_of("b200", &device, 0.95).expect("all rows are timed");
        entry.headline.insert("b200".to_owned(), headline);
        for (number, control) in entry.control_rows.iter_mut().enumerate() {
            let processes = processes(10 + number);
            let found = lane(&processes, 0.95).expect("the control is timed");
            control.device = found.ratio.expect("it has an interval");
            control.device_hot = None;
            control.device_dirty = None;
            control.first_us = found.baseline_us.median;
            let raw = processes.iter().map(|blocks| RawProcess::of(24, blocks));
            rows.push(RawRow {
                id: control.kind.samples_of(&control.row),
                lanes: BTreeMap::from([("device".to_owned(), raw.collect())]),
            });
            let controls = entry.controls.as_mut().expect("the sample has them");
            match control.kind {
                ControlKind::Twins => controls.twins = control.device,
                ControlKind::Planted => controls.planted_found = control.device,
            }
        }
        if let Some(controls) = &mut entry.controls {
            // One row, that reads 1.01 and has a width of 1e-5.
            (controls.twin_rows, controls.false_verdicts) = (1, 1);
            controls.half_width = 1e-5;
        }
        let samples = RawSamples {
            task: entry.task.clone(),
            entry: entry.id.clone(),
            rows,
        };
        (rounded(&entry).expect("the sample fits TOML"), samples)
    }

    /// What is found after an edit.
    fn edited(edit: impl Fn(&mut Entry)) -> Vec<String> {
        let (mut entry, samples) = measured();
        edit(&mut entry);
        contradictions(&entry, &samples)
    }

    fn device(entry: &mut Entry) -> &mut LaneRecord {
        entry.rows[0].device.as_mut().expect("the row is timed")
    }

    #[test]
    fn figures_of_the_samples_hold_after_both_roundings() {
        assert_eq!(edited(|_| {}), [""; 0]);
    }

    #[test]
    fn an_edited_figure_is_named_with_row_and_lane() {
        let ratio = |entry: &mut Entry| {
            let ratio = device(entry).ratio.as_mut().expect("it has an interval");
            ratio.speedup = 1.0105;
        };
        let found = edited(ratio);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with(
                "row `qwen_s4096_c3072_bcast11`, device: speedup 1.0105 in the entry, 1.01"
            ) && found[0].ends_with(" from the samples"),
            "{found:?}"
        );
        let process = edited(|entry| device(entry).per_process[2] = 1.3);
        assert!(
            process[0].contains("device: speedup of process 3 1.3 in"),
            "{process:?}"
        );
        let time = edited(|entry| device(entry).candidate_us.median = 1.5);
        assert!(
            time[0].contains("device: median us of the candidate 1.5 in"),
            "{time:?}"
        );
    }

    #[test]
    fn a_lane_or_a_headline_that_is_not_of_the_samples_is_named() {
        let gone = edited(|entry| entry.rows[1].device_hot = None);
        assert!(
            gone[0].contains("device_hot: the samples have figures"),
            "{gone:?}"
        );
        let added = edited(|entry| entry.rows[1].device_dirty = entry.rows[1].device.clone());
        assert!(
            added[0].contains("device_dirty: the entry has figures"),
            "{added:?}"
        );
        let headline = edited(|entry| {
            let of = entry.headline.get_mut("b200");
            of.expect("the sample has one").low = 1.2;
        });
        assert!(
            headline[0].starts_with("headline b200: low 1.2 in the entry, 1.0"),
            "{headline:?}"
        );
        let rows = edited(|entry| entry.rows[1].production = false);
        assert!(
            rows[0].starts_with("headline b200: rows 2 in the entry, 1 from"),
            "{rows:?}"
        );
    }

    #[test]
    fn an_edited_control_is_named() {
        let told = |edit: fn(&mut Entry)| edited(edit).join("; ");
        let row = told(|entry| entry.control_rows[0].device.high = 1.2);
        assert!(
            row.starts_with(
                "control `twins: qwen_s4096_c3072_bcast11`, device: high 1.2 in the entry, 1.0"
            ),
            "{row}"
        );
        let time = told(|entry| entry.control_rows[1].first_us = 3.0);
        assert!(
            time.starts_with("control `planted: qwen_s4096_c3072_bcast11`, median us 3 in the"),
            "{time}"
        );
        let lane =
            told(|entry| entry.control_rows[0].device_hot = Some(entry.control_rows[0].device));
        assert!(lane.contains("device_hot: the entry has figures"), "{lane}");
    }

    #[test]
    fn an_edited_sum_of_the_controls_is_named() {
        let told = |edit: fn(&mut ControlsRecord)| {
            edited(|entry| edit(entry.controls.as_mut().expect("the sample has them"))).join("; ")
        };
        let bias = told(|controls| controls.twins.speedup = 1.0);
        assert!(
            bias.starts_with("controls, twins: bias: speedup 1 in the entry, 1.01"),
            "{bias}"
        );
        let verdicts = told(|controls| controls.false_verdicts = 0);
        assert_eq!(
            verdicts,
            "controls, twins: false verdicts 0 in the entry, 1 from the samples"
        );
        let width = told(|controls| controls.half_width = 0.01);
        assert!(
            width.starts_with("controls, twins: 1 + half width 1.01 in the entry, 1.0000"),
            "{width}"
        );
        let planted = told(|controls| controls.planted_found.low = 1.0191);
        assert!(
            planted.starts_with("controls, planted: found: low 1.0191 in the entry, 1.0"),
            "{planted}"
        );
    }

    #[test]
    fn controls_without_their_rows_are_named() {
        let rows_of = |kept: ControlKind| {
            edited(|entry| entry.control_rows.retain(|control| control.kind == kept))
        };
        assert_eq!(
            rows_of(ControlKind::Planted),
            ["controls, twins: rows 1 in the entry, 0 from the samples"]
        );
        assert_eq!(
            rows_of(ControlKind::Twins),
            ["controls, planted: found: the entry has figures, and the samples have none"]
        );
    }

    #[test]
    fn the_baseline_beside_its_own_replays_is_named() {
        let found = edited(|entry| entry.rows[0].beside = Some(entry.control_rows[0].device));
        assert_eq!(
            found,
            [
                "row `qwen_s4096_c3072_bcast11`: beside: the entry has figures, and the samples have none"
            ]
        );
    }

    #[test]
    fn samples_of_another_entry_are_told() {
        let found = edited(|entry| entry.id = "20990102T030405Z-0123abcd".to_owned());
        assert_eq!(
            found,
            ["its samples are of entry `20260102T030405Z-0123abcd`"]
        );
    }

    #[test]
    fn a_digit_behind_the_last_is_no_difference_and_no_number_is() {
        assert!(is_one_figure(1.0105, 1.010_54) && !is_one_figure(1.0105, 1.0108));
        assert!(is_one_figure(0.0, 0.0) && is_one_figure(123.45, 123.454));
        for no_number in [f64::NAN, f64::INFINITY] {
            assert!(!is_one_figure(1.0, no_number) && !is_one_figure(no_number, 1.0));
        }
        assert!(!is_one_figure(0.0, 1e-9));
    }
}
