//! What a capture says about a task's rows.

use std::path::Path;

use super::numbers::count;
use crate::capture::{NewEpoch, Proposal, Review};

/// Lines of a list at most; a trace has hundreds of operations.
const LONGEST: usize = 20;

/// One capture, and what was done with it.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    pub file: &'a Path,
    pub task: &'a str,
    pub review: &'a Review,
    /// The file that the proposed rows were written to.
    pub output: Option<&'a Path>,
    pub epoch: Option<&'a NewEpoch>,
}

/// The findings, but for the new rows themselves.
pub fn review(review: &Review) -> String {
    let sum = |calls: &mut dyn Iterator<Item = u64>| calls.sum::<u64>();
    let new = sum(&mut review.proposals.iter().map(|row| row.calls));
    let seen = sum(&mut review.seen.iter().map(|row| row.calls));
    let refused = sum(&mut review.refused.iter().map(|refusal| refusal.calls));
    let mut text = format!(
        "{}: {new} of {}, {seen} of {}, {refused} that the contract cannot take\n",
        calls(review.calls),
        count(review.proposals.len(), "new row", "new rows"),
        count(review.seen.len(), "frozen row", "frozen rows"),
    );
    if review.assumed_dense > 0 {
        text.push_str(&format!(
            "{} without strides: taken as dense\n",
            calls(review.assumed_dense)
        ));
    }
    let refused = review.refused.iter().map(|refusal| {
        let calls = calls(refusal.calls);
        format!("{calls} of {}: {}", refusal.entry, refusal.reason)
    });
    list(&mut text, "cannot be taken", refused);
    let seen = review
        .seen
        .iter()
        .map(|row| format!("{}: {}", row.id, calls(row.calls)));
    list(&mut text, "frozen rows that were called", seen);
    let unseen = review.unseen.iter().cloned();
    list(
        &mut text,
        "frozen production rows that were never called",
        unseen,
    );
    let mut others: Vec<(&String, &u64)> = review.others.iter().collect();
    others.sort_by_key(|(_, calls)| u64::MAX - **calls);
    let others = others
        .into_iter()
        .map(|(name, number)| format!("{name}: {}", calls(*number)));
    list(&mut text, "other operations", others);
    text
}

/// The new rows as rows.toml has them, each below a comment that says how often it was called.
pub fn proposed_rows(proposals: &[Proposal]) -> String {
    let block = |row: &Proposal| {
        let moved = row.bytes as f64 * row.calls as f64;
        format!(
            "\n# {}, {} in all, row set {}\n{}",
            calls(row.calls),
            bytes(moved),
            row.set,
            row.block
        )
    };
    proposals.iter().map(block).collect()
}

/// What an epoch of `task` that was opened means, and what comes next.
pub fn new_epoch(task: &str, epoch: &NewEpoch) -> String {
    let mut text = format!(
        "a new epoch of {task}: contract {} was {}\n\
         results under the old contract stay in the ledger as another epoch, and are never compared with new ones\n",
        epoch.contract_hash, epoch.contract_hash_before
    );
    for (what, ids) in [("added", &epoch.added), ("dropped", &epoch.dropped)] {
        text.extend(ids.iter().map(|id| format!("{what} {id}\n")));
    }
    text.push_str(&format!(
        "`kda check {task}` asks baseline and oracle about the new rows; commit rows.toml before anyone tunes\n"
    ));
    text
}

fn list(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let more = lines.len().saturating_sub(LONGEST);
    if lines.len() > 0 {
        text.push_str(&format!("{title}:\n"));
    }
    for line in lines.take(LONGEST) {
        text.push_str(&format!("  {line}\n"));
    }
    if more > 0 {
        text.push_str(&format!("  and {more} more\n"));
    }
}

fn calls(number: u64) -> String {
    format!("{number} {}", if number == 1 { "call" } else { "calls" })
}

fn bytes(bytes: f64) -> String {
    match bytes {
        ..1e6 => format!("{:.1} kB", bytes * 1e-3),
        ..1e9 => format!("{:.1} MB", bytes * 1e-6),
        _ => format!("{:.1} GB", bytes * 1e-9),
    }
}
