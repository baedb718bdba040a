//! Where all tasks stand, a line each: what needs work comes first.

use super::evidence::figures_stand;
use super::numbers::{NONE, or_none, speedup};
use super::{Cell, Color, Column, Grid, Tone};
use crate::brief::{Replication, Standing, TaskStatus};
use crate::ledger::Entry;

/// Stands behind a gap that an earlier entry measured.
const EARLIER: &str = "*";

pub fn status(tasks: &[TaskStatus], color: Color) -> String {
    let mut grid = Grid::new([
        Column::Text("task"),
        Column::Text("state"),
        Column::Text("decision"),
        Column::Shrinking("speedup"),
        Column::Text("when"),
        Column::Number("gap to\nbound"),
        Column::Shrinking("worst row"),
        Column::Shrinking("open buckets"),
    ]);
    for status in tasks {
        let (entry, gap) = (status.entry.as_ref(), status.gap.as_ref());
        grid.push([
            status.task.as_str().into(),
            state(status),
            decision(entry),
            or_none(entry, headlines).into(),
            or_none(entry, |entry| day(entry).to_owned()).into(),
            or_none(gap, |gap| {
                let is_earlier = entry.is_some_and(|entry| entry.id != gap.entry);
                speedup(gap.still_to_win) + if is_earlier { EARLIER } else { "" }
            })
            .into(),
            or_none(gap, |gap| {
                format!("{} {}", speedup(gap.worst), gap.worst_row)
            })
            .into(),
            or_none(gap.filter(|gap| !gap.open_buckets.is_empty()), |gap| {
                gap.open_buckets.join(", ")
            })
            .into(),
        ]);
    }
    let mut text = grid.render(color);
    if text.contains(EARLIER) {
        text.push_str(&format!(
            "{EARLIER} of an entry before the one that decided, which has no bounds\n"
        ));
    }
    for status in tasks {
        if let Standing::Unknown(reason) = &status.standing {
            text.push_str(&format!("{}: not compared: {reason}\n", status.task));
        }
        if let Some(Replication {
            with,
            agrees: false,
        }) = &status.replication
        {
            text.push_str(&format!("{}: {with} does NOT agree\n", status.task));
        }
    }
    text
}

/// `stale: contract`, in a few words.
pub(super) fn standing_words(standing: &Standing) -> String {
    match standing {
        Standing::NeverMeasured => "never measured".to_owned(),
        Standing::Stale(differs) => format!("stale: {}", differs.join(", ")),
        Standing::Unknown(_) => "unknown".to_owned(),
        Standing::Measured => "measured".to_owned(),
    }
}

fn state(status: &TaskStatus) -> Cell {
    let agrees = status.replication.as_ref().map(|of| of.agrees);
    match (&status.standing, agrees) {
        (Standing::Measured, Some(true)) => "replicated".into(),
        (Standing::Measured, Some(false)) => Cell::toned(Tone::Bad, "NOT replicated".to_owned()),
        (Standing::Measured, None) => standing_words(&Standing::Measured).into(),
        // A changed contract says enough: its sources are part of it.
        (Standing::Stale(differs), _) => Cell::toned(
            Tone::Unsure,
            standing_words(&Standing::Stale(differs[..1].to_vec())),
        ),
        (other, _) => Cell::toned(Tone::Unsure, standing_words(other)),
    }
}

fn decision(entry: Option<&Entry>) -> Cell {
    match entry {
        Some(entry) => Cell::toned(entry.decision.into(), entry.decision.to_string()),
        None => NONE.into(),
    }
}

/// `b200 1.076, h200 1.057`: intervals stand in `kda report`.
fn headlines(entry: &Entry) -> String {
    let headlines = entry.headline.iter().filter(|_| figures_stand(entry));
    let shown: Vec<String> = headlines
        .map(|(set, headline)| format!("{set} {}", speedup(headline.speedup)))
        .collect();
    match shown.is_empty() {
        true => NONE.to_owned(),
        false => shown.join(", "),
    }
}

/// The date of a time stamp.
pub(super) fn day(entry: &Entry) -> &str {
    entry.started.get(..10).unwrap_or(&entry.started)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brief::Gap;
    use crate::ledger::{BucketDecision, Decision, sample};

    fn of(task: &str, standing: Standing, entry: Option<Entry>) -> TaskStatus {
        TaskStatus {
            task: task.to_owned(),
            standing,
            gap: entry.as_ref().and_then(Gap::of),
            replication: None,
            entry,
        }
    }

    #[test]
    fn each_task_has_a_line() {
        let mut open = sample::entry();
        open.buckets[0].decision = Some(BucketDecision::Open);
        let mut invalid = sample::entry();
        invalid.decision = Decision::Invalid;
        invalid.gates.push(sample::gate(1));
        let mut earlier = of("earlier", Standing::Measured, Some(sample::entry()));
        earlier.gap.as_mut().expect("the sample has one").entry = "older".to_owned();
        let replicated = |task, agrees| {
            let mut found = of(task, Standing::Measured, Some(sample::entry()));
            found.replication = Some(Replication {
                with: "20260103T030405Z-0123abcd".to_owned(),
                agrees,
            });
            found
        };
        let tasks = [
            of("new", Standing::NeverMeasured, None),
            of(
                "lost",
                Standing::Unknown("no candidate.cu".to_owned()),
                Some(invalid),
            ),
            of(
                "edited",
                Standing::Stale(vec!["contract", "oracle"]),
                Some(open),
            ),
            earlier,
            replicated("again", true),
            replicated("other", false),
        ];
        insta::assert_snapshot!(status(&tasks, Color::No), @"
                                                                    gap to
        task     state            decision  speedup     when         bound  worst row                           open buckets
        ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
        new      never measured   -         -           -                -  -                                   -
        lost     unknown          invalid   -           2026-01-02       -  -                                   -
        edited   stale: contract  promote   b200 1.235  2026-01-02   1.086  1.086 qwen_edit_s189_c3072_bcast11  broadcast
        earlier  measured         promote   b200 1.235  2026-01-02  1.086*  1.086 qwen_edit_s189_c3072_bcast11  -
        again    replicated       promote   b200 1.235  2026-01-02   1.086  1.086 qwen_edit_s189_c3072_bcast11  -
        other    NOT replicated   promote   b200 1.235  2026-01-02   1.086  1.086 qwen_edit_s189_c3072_bcast11  -
        * of an entry before the one that decided, which has no bounds
        lost: not compared: no candidate.cu
        other: 20260103T030405Z-0123abcd does NOT agree
        ");
    }
}
