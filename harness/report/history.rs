//! A ledger as a list, oldest first.

use super::evidence::{figures_stand, gates_passed, rows_measured};
use super::notes::notes;
use super::numbers::{NONE, interval, short, speedup};
use super::{Cell, Color, Column, Grid};
use crate::ledger::Entry;

/// A line an entry: id, contract, decision, headline of each set, rows measured, gates passed; below it the notes.
pub fn history(entries: &[Entry], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Text("entry"),
        Column::Text("contract"),
        Column::Text("decision"),
        Column::Text("speedup (95 % interval)"),
        Column::Number("rows\nmeasured"),
        Column::Number("gates\npassed"),
    ]);
    for entry in entries {
        grid.push([
            entry.id.as_str().into(),
            short(&entry.provenance.contract_hash).into(),
            Cell::toned(entry.decision.into(), decision(entry)),
            headlines(entry).into(),
            format!("{}/{}", rows_measured(entry), entry.rows.len()).into(),
            format!("{}/{}", gates_passed(entry), entry.gates.len()).into(),
        ]);
    }
    grid.render(color) + &notes(entries)
}

/// The word, and of a replication whether it agrees.
fn decision(entry: &Entry) -> String {
    let again = match entry.replicates.as_ref().map(|record| record.agrees) {
        None => "",
        Some(Some(true)) => ", agrees",
        Some(Some(false)) => ", disagrees",
        Some(None) => ", again",
    };
    format!("{}{again}", entry.decision)
}

pub(super) fn headlines(entry: &Entry) -> String {
    if entry.headline.is_empty() || !figures_stand(entry) {
        return NONE.to_owned();
    }
    let each = entry.headline.iter().map(|(set, line)| {
        format!(
            "{set} {} ({})",
            speedup(line.speedup),
            interval(line.low, line.high)
        )
    });
    each.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Decision, sample};

    #[test]
    fn entries_are_listed_in_order() {
        let mut failed = sample::entry();
        failed.id = "20260103T030405Z-89abcdef".to_owned();
        failed.decision = Decision::Invalid;
        failed.gates.push(sample::gate(2));
        failed.note = Some("two tokens a block".to_owned());
        failed.replicates = Some(sample::replicates());
        insta::assert_snapshot!(history(&[sample::entry(), failed], Color::No), @r"
                                                                                               rows   gates
        entry                      contract  decision            speedup (95 % interval)   measured  passed
        ───────────────────────────────────────────────────────────────────────────────────────────────────
        20260102T030405Z-0123abcd  c0c0c0c0  promote             b200 1.235 (1.232-1.237)       2/2     1/1
        20260103T030405Z-89abcdef  c0c0c0c0  invalid, disagrees  -                              2/2     1/2

        notes:
          20260103T030405Z-89abcdef  two tokens a block
        ");
    }
}
