//! Two entries of one ledger: what changed, and what that did to each row.

use super::evidence::figures_stand;
use super::numbers::{NONE, interval, lane_speedup, short, speedup};
use super::{Cell, Color, Column, Grid, Tone};
use crate::ledger::{Entry, LaneRecord, RowRecord, SpeedupInterval};
use crate::stats::{Estimate, change};

/// What differs between the runs, then a line for each row that both timed, then the rows that only one has. Without
/// figures where the contracts differ.
pub fn difference(before: &Entry, after: &Entry, color: Color) -> String {
    let mut text = format!("{} -> {}\n", before.id, after.id);
    let causes = causes(before, after);
    if causes.is_empty() {
        text.push_str(
            "same sources, contract, flags, compiler, harness and driver on the same GPU\n",
        );
    }
    for (what, was, is) in causes {
        text.push_str(&format!("{what}: {was} -> {is}\n"));
    }
    for entry in [before, after] {
        if !figures_stand(entry) {
            text.push_str(&format!(
                "{} {} makes no claim about speed ({})\n",
                color.paint(Tone::Unsure, "warning:"),
                entry.id,
                entry.decision
            ));
        }
    }
    if before.provenance.contract_hash != after.provenance.contract_hash {
        text.push_str("figures of different contracts are not compared\n");
        return text;
    }
    text.push('\n');
    let (rows, only) = table(before, after, color);
    text.push_str(&rows);
    for (id, place) in only {
        text.push_str(&format!("{id}: {place} alone\n"));
    }
    text
}

/// Facts that may explain a difference: name, then what stands in either entry.
pub(super) fn causes<'a>(
    before: &'a Entry,
    after: &'a Entry,
) -> Vec<(&'static str, String, String)> {
    let facts = |entry: &'a Entry| {
        let from = &entry.provenance;
        [
            ("contract", short(&from.contract_hash)),
            ("candidate", short(&from.candidate_source)),
            ("baseline", short(&from.baseline_source)),
            ("oracle", short(&from.oracle_source)),
            ("compiler", from.compiler.as_str()),
            ("harness", from.harness_commit.as_str()),
            ("sandbox", from.sandbox.as_str()),
            ("GPU", entry.gpu.as_str()),
            ("device", entry.device.uuid.as_str()),
            ("driver", entry.device.driver.as_str()),
        ]
    };
    let pairs = facts(before).into_iter().zip(facts(after));
    let mut found: Vec<_> = pairs
        .filter(|((_, was), (_, is))| was != is)
        .map(|((what, was), (_, is))| (what, or_nothing(was), or_nothing(is)))
        .collect();
    for (what, was, is) in [
        (
            "compile flags",
            &before.provenance.compile,
            &after.provenance.compile,
        ),
        (
            "link flags",
            &before.provenance.link,
            &after.provenance.link,
        ),
    ] {
        if was != is {
            found.push((what, words_alone(was, is), words_alone(is, was)));
        }
    }
    found
}

fn or_nothing(text: &str) -> String {
    match text {
        "" => "none".to_owned(),
        text => text.to_owned(),
    }
}

/// The words that only the first has; the same words in another order are shown whole.
fn words_alone(these: &[String], others: &[String]) -> String {
    let alone = |these: &[String], others: &[String]| -> Vec<String> {
        let only = these.iter().filter(|word| !others.contains(word));
        only.cloned().collect()
    };
    let words = alone(these, others);
    let is_order_alone = words.is_empty() && alone(others, these).is_empty();
    or_nothing(&if is_order_alone {
        these.join(" ")
    } else {
        words.join(" ")
    })
}

/// The table, and the rows that one entry lacks with the place where they are.
fn table(before: &Entry, after: &Entry, color: Color) -> (String, Vec<(String, &'static str)>) {
    let mut grid = Grid::new([
        Column::Shrinking("row"),
        Column::Number("before"),
        Column::Number("after"),
        Column::Number("after /\nbefore"),
        Column::Number("95 %\ninterval"),
        Column::Text(""),
    ]);
    let mut only = Vec::new();
    for row in &before.rows {
        let Some(now) = find(after, &row.id) else {
            only.push((row.id.clone(), "before"));
            continue;
        };
        let of = |row: &RowRecord| row.device.as_ref().and_then(lane_speedup);
        let ratio = changed(row, now, after.sampling.confidence);
        let (word, tone) = ratio.map_or(("", Tone::Plain), in_words);
        grid.push([
            row.id.as_str().into(),
            of(row).map_or(NONE.to_owned(), speedup).into(),
            of(now).map_or(NONE.to_owned(), speedup).into(),
            ratio
                .map_or(NONE.to_owned(), |ratio| speedup(ratio.speedup))
                .into(),
            ratio
                .map_or(NONE.to_owned(), |ratio| interval(ratio.low, ratio.high))
                .into(),
            Cell::toned(tone, word),
        ]);
    }
    let new = after
        .rows
        .iter()
        .filter(|row| find(before, &row.id).is_none());
    only.extend(new.map(|row| (row.id.clone(), "after")));
    (grid.render(color), only)
}

fn find<'a>(entry: &'a Entry, id: &str) -> Option<&'a RowRecord> {
    entry.rows.iter().find(|row| row.id == id)
}

/// `None` where one of the two has no interval.
pub(super) fn changed(
    before: &RowRecord,
    after: &RowRecord,
    confidence: f64,
) -> Option<SpeedupInterval> {
    let estimate = |row: &RowRecord| {
        let lane: &LaneRecord = row.device.as_ref()?;
        let logs: Vec<f64> = lane.per_process.iter().map(|ratio| ratio.ln()).collect();
        Estimate::over_processes(&logs)
    };
    Some(change(&estimate(before)?, &estimate(after)?, confidence))
}

fn in_words(ratio: SpeedupInterval) -> (&'static str, Tone) {
    match ratio {
        SpeedupInterval { low, .. } if low > 1.0 => ("better", Tone::Good),
        SpeedupInterval { high, .. } if high < 1.0 => ("worse", Tone::Bad),
        _ => ("no difference seen", Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    #[test]
    fn rows_are_paired_and_what_changed_stands_above() {
        let before = sample::entry();
        let mut after = sample::entry();
        after.id = "20260103T030405Z-89abcdef".to_owned();
        after.provenance.candidate_source = "89abcdef".repeat(8);
        after.rows[0].device = Some(sample::lane(1.3, 1.299, 1.301));
        after.rows[1].id = "row_new".to_owned();
        insta::assert_snapshot!(difference(&before, &after, Color::No), @r#"
        20260102T030405Z-0123abcd -> 20260103T030405Z-89abcdef
        candidate: 0123abcd -> 89abcdef

                                                 after /         95 %
        row                       before  after   before     interval
        ─────────────────────────────────────────────────────────────────────
        qwen_s4096_c3072_bcast11   1.235  1.300    1.053  1.046-1.060  better
        qwen_edit_s189_c3072_bcast11: before alone
        row_new: after alone
        "#);
    }

    #[test]
    fn flags_are_told_word_by_word_and_figures_of_another_contract_are_not_shown() {
        let before = sample::entry();
        let mut after = sample::entry();
        after.provenance.contract_hash = "0c".repeat(32);
        after.provenance.compile[1] = "-O2".to_owned();
        after.provenance.link.swap(0, 1);
        after.provenance.sandbox.clear();
        after.device.driver = "590.1".to_owned();
        insta::assert_snapshot!(difference(&before, &after, Color::No), @r"
        20260102T030405Z-0123abcd -> 20260102T030405Z-0123abcd
        contract: c0c0c0c0 -> 0c0c0c0c
        sandbox: landlock 7, seccomp -> none
        driver: 580.65.06 -> 590.1
        compile flags: -O3 -> -O2
        link flags: nvcc -shared -> -shared nvcc
        figures of different contracts are not compared
        ");
    }

    #[test]
    fn runs_of_the_same_sources_say_so() {
        let text = difference(&sample::entry(), &sample::entry(), Color::No);
        assert!(
            text.contains("same sources, contract, flags, compiler, harness and driver"),
            "{text}"
        );
        assert!(text.contains("no difference seen"), "{text}");
    }
}
