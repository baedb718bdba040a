//! A line a row: what both sides took, or where each row was routed.

use super::evidence::figures_stand;
use super::numbers::{NONE, count, interval, lane_speedup, or_none, share, speedup, tb_per_s, us};
use super::{Cell, Color, Column, Grid, Tone};
use crate::ledger::{Entry, RowRecord, RowState, Verdict};

/// A table for the production rows and one for the riders of each row set, then why rows have no figures.
pub(super) fn rows(entry: &Entry, color: Color) -> String {
    let mut sets: Vec<&str> = entry.rows.iter().map(|row| row.set.as_str()).collect();
    sets.sort_unstable();
    sets.dedup();
    let mut text = String::new();
    for set in sets {
        for (production, one, more) in [
            (true, "production row", "production rows"),
            (false, "rider", "riders"),
        ] {
            let group: Vec<&RowRecord> = entry
                .rows
                .iter()
                .filter(|row| row.set == set && row.production == production)
                .collect();
            if group.is_empty() {
                continue;
            }
            let table = if figures_stand(entry) {
                figures(&group, color)
            } else {
                routes(&group, color)
            };
            text.push_str(&format!(
                "{set}: {}\n{table}\n",
                count(group.len(), one, more)
            ));
        }
    }
    if figures_stand(entry) {
        text.push_str(&remarks(&entry.rows));
    }
    text.push_str(&reasons(&entry.rows));
    text
}

/// What the letters of bounds mean, and what in the samples speaks against a row's mean.
fn remarks(rows: &[RowRecord]) -> String {
    let mut text = String::new();
    if rows.iter().any(|row| row.bound.is_some()) {
        text.push_str("bound: m memory (a copy), c compute (FMA), l latency (an empty kernel)\n");
    }
    for row in rows {
        if let Some(doubt) = &row.doubt {
            text.push_str(&format!("{}: {doubt}\n", row.id));
        }
        if let (Some(Verdict::Inconclusive), Some(effect)) = (row.verdict, row.smallest_effect) {
            let percent = effect * 100.0;
            text.push_str(&format!(
                "{}: inconclusive; this run would have seen {percent:.2} %\n",
                row.id
            ));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Why rows were lost or not timed; many rows with one reason are counted.
fn reasons(rows: &[RowRecord]) -> String {
    let mut by_reason: Vec<(RowState, &str, Vec<&str>)> = Vec::new();
    for row in rows {
        let Some(reason) = row.reason.as_deref() else {
            continue;
        };
        match by_reason
            .iter_mut()
            .find(|(state, known, _)| *state == row.state && *known == reason)
        {
            Some((.., ids)) => ids.push(&row.id),
            None => by_reason.push((row.state, reason, vec![&row.id])),
        }
    }
    let line = |(state, reason, ids): &(RowState, &str, Vec<&str>)| {
        let which = match ids.as_slice() {
            few @ ([_] | [_, _] | [_, _, _]) => few.join(", "),
            many => count(many.len(), "row", "rows"),
        };
        format!("{} {which}: {reason}\n", word(*state))
    };
    let mut text: String = by_reason.iter().map(line).collect();
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

fn figures(rows: &[&RowRecord], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Shrinking("row"),
        Column::Shrinking("bucket"),
        Column::Number("baseline\nus"),
        Column::Number("candidate\nus"),
        Column::Number("speedup"),
        Column::Number("95 %\ninterval"),
        Column::Text("verdict"),
        Column::Number("TB/s"),
        Column::Number("% of\nbound"),
        Column::Number("hot\nspeedup"),
    ]);
    for row in rows {
        let device = row.device.as_ref();
        grid.push([
            row.id.as_str().into(),
            row.bucket.as_str().into(),
            or_none(device, |lane| us(lane.baseline_us.median)).into(),
            or_none(device, |lane| us(lane.candidate_us.median)).into(),
            or_none(device.and_then(lane_speedup), speedup).into(),
            or_none(device.and_then(|lane| lane.ratio), |ratio| {
                interval(ratio.low, ratio.high)
            })
            .into(),
            verdict(row),
            or_none(row.candidate_tb_per_s, tb_per_s).into(),
            share_of_bound(row).into(),
            or_none(row.device_hot.as_ref().and_then(lane_speedup), speedup).into(),
        ]);
    }
    grid.render(color)
}

/// Of the row's bound, with the first letter of what it is; of the copy bandwidth in entries from before there were bounds.
fn share_of_bound(row: &RowRecord) -> String {
    match row.bound {
        Some(bound) => {
            let class = bound.class.to_string();
            format!("{} {}", share(bound.candidate_share), &class[..1])
        }
        None => or_none(row.candidate_share_of_copy, share),
    }
}

/// Without times: emulated ones are no evidence, and those of a run with a failed gate are nobody's result.
fn routes(rows: &[&RowRecord], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Shrinking("row"),
        Column::Shrinking("bucket"),
        Column::Text("declined"),
        Column::Text("state"),
        Column::Shrinking("shrunk to fit"),
    ]);
    for row in rows {
        let state = match row.state {
            RowState::Lost => Cell::toned(Tone::Bad, word(row.state)),
            RowState::Measured | RowState::NotTimed => "ran".into(),
        };
        let declined = if row.declined { "yes" } else { "no" };
        let shrunk = row.shrunk.as_deref().unwrap_or(NONE);
        grid.push([
            row.id.as_str().into(),
            row.bucket.as_str().into(),
            declined.into(),
            state,
            shrunk.into(),
        ]);
    }
    grid.render(color)
}

pub(super) fn verdict(row: &RowRecord) -> Cell {
    match (row.state, row.verdict) {
        (RowState::Measured, Some(verdict)) => Cell::toned(verdict.into(), verdict.to_string()),
        (RowState::Measured, None) => NONE.into(),
        (RowState::Lost, _) => Cell::toned(Tone::Bad, word(row.state)),
        (RowState::NotTimed, _) => word(row.state).into(),
    }
}

fn word(state: RowState) -> &'static str {
    match state {
        RowState::Measured => "measured",
        RowState::NotTimed => "not timed",
        RowState::Lost => "lost",
    }
}
