//! How each row went over the last entries of one contract: which edit moved which row.

use super::difference::changed;
use super::evidence::figures_stand;
use super::numbers::{NONE, count, lane_speedup, short, speedup};
use super::{Cell, Color, Column, Grid, Tone};
use crate::ledger::{Entry, RowRecord};

/// Entries that fit beside the rows' names.
const SHOWN: usize = 6;

/// Device speedup of each row in the last entries under the newest entry's contract, oldest first; `None` where fewer
/// than two of them have figures. What has no figures is no column.
pub fn trend(entries: &[Entry], color: Color) -> Option<String> {
    let contract = &entries.last()?.provenance.contract_hash;
    let comparable: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.provenance.contract_hash == *contract && figures_stand(entry))
        .filter(|entry| entry.rows.iter().any(|row| row.device.is_some()))
        .collect();
    let shown = &comparable[comparable.len().saturating_sub(SHOWN)..];
    if shown.len() < 2 {
        return None;
    }
    let mut text = format!(
        "device speedup of each row in the last {} under contract {};\n\
         + or - where it rose or fell since the entry before, by the 95 % interval of the change\n\n",
        count(shown.len(), "entry", "entries"),
        short(contract)
    );
    let titles: Vec<String> = shown.iter().map(|entry| title(entry)).collect();
    let columns = titles.iter().map(|title| Column::Number(title));
    let mut grid = Grid::of(
        [Column::Shrinking("row")]
            .into_iter()
            .chain(columns)
            .collect(),
    );
    for id in row_ids(shown) {
        let mut cells: Vec<Cell> = vec![id.into()];
        let mut before = None;
        for entry in shown {
            let row = entry.rows.iter().find(|row| row.id == id);
            cells.push(cell(before, row, entry.sampling.confidence));
            before = row.or(before);
        }
        grid.push_row(cells);
    }
    text.push_str(&grid.render(color));
    Some(text)
}

/// When, and which candidate: `01-02 03:04` over `0123abcd`.
fn title(entry: &Entry) -> String {
    let when = entry.started.get(5..16).unwrap_or(&entry.started);
    let candidate = short(&entry.provenance.candidate_source);
    format!("{}\n{candidate}", when.replace('T', " "))
}

/// The newest entry's rows in its order, then those that only earlier ones have.
fn row_ids<'a>(entries: &[&'a Entry]) -> Vec<&'a str> {
    let mut ids = Vec::new();
    for entry in entries.iter().rev() {
        for row in &entry.rows {
            if !ids.contains(&row.id.as_str()) {
                ids.push(&row.id);
            }
        }
    }
    ids
}

fn cell(before: Option<&RowRecord>, row: Option<&RowRecord>, confidence: f64) -> Cell {
    let Some(row) = row else {
        return format!("{NONE} ").into();
    };
    let Some(figure) = row.device.as_ref().and_then(lane_speedup) else {
        return format!("{} ", row.state).into();
    };
    let change = before.and_then(|before| changed(before, row, confidence));
    let (mark, tone) = match change {
        Some(change) if change.low > 1.0 => ("+", Tone::Good),
        Some(change) if change.high < 1.0 => ("-", Tone::Bad),
        _ => (" ", Tone::Plain),
    };
    Cell::toned(tone, format!("{}{mark}", speedup(figure)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{RowState, sample};

    fn entry(day: u32, candidate: &str, speedup: f64) -> Entry {
        let mut entry = sample::entry();
        entry.started = format!("2026-01-{day:02}T03:04:05Z");
        entry.provenance.candidate_source = candidate.repeat(8);
        entry.rows[0].device = Some(sample::lane(speedup, speedup - 0.001, speedup + 0.001));
        entry
    }

    #[test]
    fn a_row_is_followed_through_the_entries_of_one_contract() {
        let mut other = entry(1, "00000000", 9.0);
        other.provenance.contract_hash = "0c".repeat(32);
        let mut failed = entry(4, "33333333", 5.0);
        failed.gates.push(sample::gate(1));
        let mut last = entry(5, "44444444", 1.25);
        last.rows[1].device = None;
        last.rows[1].state = RowState::Lost;
        let entries = [
            other,
            entry(2, "11111111", 1.2),
            entry(3, "22222222", 1.3),
            failed,
            last,
        ];
        let text = trend(&entries, Color::No).expect("three entries are comparable");
        insta::assert_snapshot!(text, @r"
        device speedup of each row in the last 3 entries under contract c0c0c0c0;
        + or - where it rose or fell since the entry before, by the 95 % interval of the change

                                      01-02 03:04  01-03 03:04  01-05 03:04
        row                              11111111     22222222     44444444
        ───────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11           1.200        1.300+       1.250-
        qwen_edit_s189_c3072_bcast11       1.235        1.235         lost
        ");
    }

    #[test]
    fn one_entry_has_no_trend() {
        assert_eq!(trend(&[sample::entry()], Color::No), None);
        assert_eq!(trend(&[], Color::No), None);
    }
}
