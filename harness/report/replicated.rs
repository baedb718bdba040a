//! One line about a replication: in the entry that made another again, and in the one that was made again.

use super::numbers::count;
use super::{Color, Tone};
use crate::ledger::{Entry, ReplicatesRecord};

/// Ids that a line names.
const NAMED: usize = 3;

/// Of an entry that made another again: `replicates ID: agrees, 19 of 19 rows`.
pub fn replicates(record: &ReplicatesRecord, color: Color) -> String {
    let word = match record.agrees {
        Some(true) => color.paint(Tone::Good, "agrees"),
        Some(false) => color.paint(Tone::Bad, "does NOT agree"),
        None => color.paint(Tone::Unsure, "says nothing of it"),
    };
    let commit = record.commit.as_deref();
    let commit = commit.map(|commit| format!("; sources of commit {commit}"));
    let text = format!("replicates {}: {word}, {}", record.entry, rows(record));
    text + &commit.unwrap_or_default()
}

/// Of the entry that was made again, a line for each time: `replicated by ID: agrees, 19 of 19 rows`.
pub fn replicated_by(replications: &[Entry], color: Color) -> String {
    let line = |entry: &Entry| {
        let record = entry.replicates.as_ref()?;
        let words = match record.agrees {
            Some(true) => format!(
                "replicated by {}: {}",
                entry.id,
                color.paint(Tone::Good, "agrees")
            ),
            Some(false) => format!(
                "{} by {}",
                color.paint(Tone::Bad, "NOT replicated"),
                entry.id
            ),
            None => format!(
                "made again by {}, which {}",
                entry.id,
                color.paint(Tone::Unsure, "says nothing of it")
            ),
        };
        Some(format!("{words}, {}\n", rows(record)))
    };
    replications.iter().filter_map(line).collect()
}

/// Both for a page, without colour.
pub(super) fn lines(entry: &Entry, again: &[Entry]) -> Vec<String> {
    let made = entry.replicates.as_ref();
    let made = made.map(|record| replicates(record, Color::No));
    let back = replicated_by(again, Color::No);
    made.into_iter()
        .chain(back.lines().map(str::to_owned))
        .collect()
}

fn rows(record: &ReplicatesRecord) -> String {
    let agreeing = record.rows.saturating_sub(record.disagreeing.len());
    match record.agrees {
        None => "because the run failed its own controls".to_owned(),
        Some(_) if record.disagreeing.is_empty() => {
            format!("{agreeing} of {}", count(record.rows, "row", "rows"))
        }
        Some(_) => {
            let named = record.disagreeing.iter().take(NAMED).cloned();
            let mut named: Vec<String> = named.collect();
            let more = record.disagreeing.len() - named.len();
            named.extend((more > 0).then(|| format!("{more} more")));
            format!(
                "{agreeing} of {}; not {}",
                count(record.rows, "row", "rows"),
                named.join(", ")
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample;

    fn record(agrees: Option<bool>, disagreeing: &[&str]) -> ReplicatesRecord {
        ReplicatesRecord {
            agrees,
            rows: 5,
            disagreeing: disagreeing.iter().map(ToString::to_string).collect(),
            commit: None,
            ..sample::replicates()
        }
    }

    #[test]
    fn both_entries_say_which_the_other_is_and_whether_they_agree() {
        let told = |agrees, disagreeing: &[&str]| {
            let record = record(agrees, disagreeing);
            let mut entry = sample::entry();
            entry.replicates = Some(record.clone());
            let back = replicated_by(&[entry], Color::No);
            format!("{}\n{}", replicates(&record, Color::No), back.trim_end())
        };
        insta::assert_snapshot!(told(Some(true), &[]), @r"
        replicates 20260101T030405Z-0123abcd: agrees, 5 of 5 rows
        replicated by 20260102T030405Z-0123abcd: agrees, 5 of 5 rows
        ");
        insta::assert_snapshot!(told(Some(false), &["a", "b", "c", "d"]), @r"
        replicates 20260101T030405Z-0123abcd: does NOT agree, 1 of 5 rows; not a, b, c, 1 more
        NOT replicated by 20260102T030405Z-0123abcd, 1 of 5 rows; not a, b, c, 1 more
        ");
        insta::assert_snapshot!(told(Some(false), &[]), @r"
        replicates 20260101T030405Z-0123abcd: does NOT agree, 5 of 5 rows
        NOT replicated by 20260102T030405Z-0123abcd, 5 of 5 rows
        ");
        insta::assert_snapshot!(told(None, &[]), @r"
        replicates 20260101T030405Z-0123abcd: says nothing of it, because the run failed its own controls
        made again by 20260102T030405Z-0123abcd, which says nothing of it, because the run failed its own controls
        ");
    }

    #[test]
    fn the_commit_of_the_sources_is_told_where_the_tree_had_others() {
        let line = replicates(&sample::replicates(), Color::No);
        assert!(
            line.ends_with("1 of 2 rows; not qwen_s4096_c3072_bcast11; sources of commit 18fa365"),
            "{line}"
        );
    }
}
