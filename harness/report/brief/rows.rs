//! The rows of a page: all production rows by bucket, and those that lag.

use std::collections::BTreeMap;

use super::section;
use crate::brief::Brief;
use crate::ledger::{BoundRecord, Entry, LaneRecord, RowRecord};
use crate::report::evidence::figures_stand;
use crate::report::numbers::{count, interval, lane_speedup, or_none, share, speedup, us};
use crate::report::table::{Side::Left, Side::Right, Table, escaped};
use crate::task::Case;

/// Lines that the tables of rows take together, titles aside.
const ROWS: usize = 24;

/// Rows of a bucket that are shown, however many buckets there are.
const LEAST_OF_BUCKET: usize = 2;

const LAGGING: usize = 8;

/// The production rows by bucket: those that matter, and a count of the rest.
pub(super) fn production(brief: &Brief) -> String {
    let mut text = String::new();
    let body = match &brief.entry {
        Some(entry) if !entry.rows.is_empty() => measured(entry),
        _ => locked(brief),
    };
    section(&mut text, "Production rows", &body);
    text
}

fn measured(entry: &Entry) -> String {
    let mut buckets: BTreeMap<&str, Vec<&RowRecord>> = BTreeMap::new();
    for row in entry.rows.iter().filter(|row| row.production) {
        buckets.entry(&row.bucket).or_default().push(row);
    }
    let each = (ROWS / buckets.len().max(1)).max(LEAST_OF_BUCKET);
    let stands = figures_stand(entry);
    let mut table = Table::new([
        (Left, "bucket"),
        (Left, "row"),
        (Right, "bytes"),
        (Right, "baseline us"),
        (Right, "candidate us"),
        (Right, "speedup"),
        (Right, "95 % interval"),
        (Left, "verdict"),
        (Left, "bound"),
        (Right, "% of bound"),
        (Right, "still to win"),
    ]);
    let mut rest = Vec::new();
    for (bucket, mut rows) in buckets {
        rows.sort_by(|one, other| matters(other).total_cmp(&matters(one)));
        for row in rows.iter().take(each) {
            let lane = row.device.as_ref().filter(|_| stands);
            let bound = row.bound.as_ref().filter(|_| stands);
            table.push([
                bucket.into(),
                row.id.as_str().into(),
                row.bytes.to_string().into(),
                or_none(lane, |lane| us(lane.baseline_us.median)).into(),
                or_none(lane, |lane| us(lane.candidate_us.median)).into(),
                or_none(lane.and_then(lane_speedup), speedup).into(),
                or_none(lane.and_then(|lane: &LaneRecord| lane.ratio), |ratio| {
                    interval(ratio.low, ratio.high)
                })
                .into(),
                or_none(row.verdict.filter(|_| stands), |verdict| {
                    verdict.to_string()
                })
                .into(),
                or_none(bound, |bound| bound.class.to_string()).into(),
                or_none(bound, |bound| share(bound.candidate_share)).into(),
                or_none(bound, |bound| speedup(bound.still_to_win)).into(),
            ]);
        }
        if rows.len() > each {
            rest.push(format!("{} of {}", rows.len() - each, escaped(bucket)));
        }
    }
    let mut text = table.of_what_is_said().markdown();
    if !rest.is_empty() {
        text.push_str(&format!(
            "\nThe rows of a bucket that matter most; not shown: {}. `kda ledger show {}` has all.\n",
            rest.join(", "),
            entry.task
        ));
    }
    text
}

/// The more, the sooner it is shown: what is still to win, or else how little was won.
fn matters(row: &RowRecord) -> f64 {
    let still_to_win = row.bound.as_ref().map(|bound| bound.still_to_win);
    let won = row.device.as_ref().and_then(lane_speedup);
    still_to_win.unwrap_or_else(|| won.map_or(0.0, |won| -won))
}

/// The contract's rows, where nothing was measured.
fn locked(brief: &Brief) -> String {
    let rows: Vec<&Case> = brief
        .task
        .rows
        .iter()
        .filter(|row| row.production)
        .collect();
    let mut table = Table::new([
        (Left, "row"),
        (Left, "set"),
        (Left, "entry"),
        (Right, "bytes"),
        (Left, "first input"),
    ]);
    for row in rows.iter().take(ROWS) {
        let first = row.inputs().next();
        table.push([
            row.id.as_str().into(),
            row.set.as_str().into(),
            row.entry_name.as_str().into(),
            row.moved_bytes().to_string().into(),
            or_none(first, |spec| {
                format!("{} {:?}", spec.dtype.name(), spec.shape)
            })
            .into(),
        ]);
    }
    let mut text = table.markdown();
    if rows.len() > ROWS {
        text.push_str(&format!(
            "\nand {} more: `kda show {}`\n",
            rows.len() - ROWS,
            brief.task.name
        ));
    }
    text
}

/// Rows that are not at their bound, the furthest first.
pub(super) fn lagging(brief: &Brief) -> String {
    let mut text = String::new();
    section(&mut text, "What lags", &lagging_rows(brief));
    text
}

fn lagging_rows(brief: &Brief) -> String {
    if brief.gap.is_none() {
        return "Not known: there are no bounds. `kda bench` on a GPU measures them.\n".to_owned();
    }
    let rows = brief.lagging();
    if rows.is_empty() {
        return "No row is further from its bound than the margin.\n".to_owned();
    }
    let mut table = Table::new([
        (Left, "row"),
        (Left, "bucket"),
        (Left, "bound"),
        (Right, "least us"),
        (Right, "candidate us"),
        (Right, "still to win"),
    ]);
    for (row, bound) in rows.iter().take(LAGGING) {
        let BoundRecord {
            class,
            us: least,
            still_to_win,
            ..
        } = **bound;
        let id = match row.production {
            true => row.id.clone(),
            false => format!("{} (a rider)", row.id),
        };
        let lane = row.device.as_ref();
        table.push([
            id.into(),
            row.bucket.as_str().into(),
            class.to_string().into(),
            us(least).into(),
            or_none(lane, |lane| us(lane.candidate_us.median)).into(),
            speedup(still_to_win).into(),
        ]);
    }
    let mut text = table.markdown();
    let rest = rows.len().saturating_sub(LAGGING);
    if rest > 0 {
        text.push_str(&format!(
            "\nand {} further from the bound than the margin\n",
            count(rest, "more row", "more rows")
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn of_a_long_bucket_the_rows_that_matter_are_shown_and_the_rest_is_counted() {
        let mut entry = sample::entry();
        entry.rows = (0..50)
            .map(|number| {
                let mut row = sample::row(&format!("row_{number}"));
                let bound = row.bound.as_mut().expect("the sample has one");
                bound.still_to_win = 1.0 + f64::from(number) / 100.0;
                row
            })
            .collect();
        let text = measured(&entry);
        let first = text.lines().nth(2).expect("a row follows the titles");
        assert!(
            first.starts_with("| broadcast | row_49 | 103514112 | 12.34 | 9.995 | 1.235 | 1.231-1.238 | material | memory | 92 | 1.490 |"),
            "{first}"
        );
        assert!(text.contains("not shown: 26 of broadcast. "), "{text}");
        assert!(!text.contains("row_25 "), "{text}");
    }

    #[test]
    fn rows_of_an_entry_whose_figures_do_not_stand_have_none() {
        let mut entry = sample::entry();
        entry.gates.push(sample::gate(1));
        let text = measured(&entry);
        assert!(
            text.contains("qwen_s4096_c3072_bcast11") && !text.contains("1.235"),
            "{text}"
        );
    }
}
