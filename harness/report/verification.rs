//! What a check of a ledger found.

use super::numbers::{count, short};
use super::{Color, Tone};
use crate::brief::TreeComparison;
use crate::ledger::{Recomputed, Verification};

/// A line each for the file, its head, each span of one contract, and what is not as it was measured. The place of a
/// fault is shown by the fault's own diagnostic.
pub fn verification(found: &Verification, tree: &TreeComparison, color: Color) -> String {
    let word = match (&found.fault, found.is_sound()) {
        (None, true) => color.paint(Tone::Good, "intact"),
        (None, false) => color.paint(Tone::Bad, "contradicted"),
        (Some(_), _) => color.paint(Tone::Bad, "corrupt"),
    };
    let mut text = format!("{word}: {}, ", found.path.display());
    match &found.fault {
        None => text.push_str(&count(found.entries, "entry", "entries")),
        Some(corrupt) => text.push_str(&format!(
            "{} ({} good before it)",
            corrupt.fault, found.entries
        )),
    }
    if found.merges() > 0 {
        text.push_str(&format!(", {}", count(found.merges(), "merge", "merges")));
    }
    text.push('\n');
    if let Some(head) = found.head() {
        text.push_str(&format!("head {head}\n"));
    }
    for epoch in &found.epochs {
        text.push_str(&format!(
            "contract {}: {} from {} on\n",
            short(&epoch.contract_hash),
            count(epoch.entries, "entry", "entries"),
            epoch.first
        ));
    }
    text.push_str(&recomputed(&found.samples, color));
    if found.newest.is_some() {
        text.push_str(&standing(found, tree, color));
    }
    text
}

/// What the samples say, where an entry names any.
fn recomputed(found: &Recomputed, color: Color) -> String {
    let mut text = String::new();
    if found.entries > 0 {
        let entries = count(found.entries, "entry", "entries");
        text.push_str(&format!("{entries} computed again from raw samples\n"));
    }
    for fault in &found.faults {
        let word = color.paint(Tone::Bad, "fault:");
        text.push_str(&format!("{word} entry {}: {}\n", fault.entry, fault.what));
    }
    if let Some(first) = found.missing.first() {
        text.push_str(&format!(
            "{} raw samples of {}, first {first}; copy them from where the runs were made\n",
            color.paint(Tone::Unsure, "missing:"),
            count(found.missing.len(), "entry", "entries"),
        ));
    }
    text
}

fn standing(found: &Verification, tree: &TreeComparison, color: Color) -> String {
    let (contract, changes) = match tree {
        TreeComparison::Not(reason) => return format!("not compared with a tree: {reason}\n"),
        TreeComparison::Compared {
            contract_hash,
            changes,
        } => (contract_hash, changes),
    };
    if tree.agrees(found) {
        return "contract and sources in the tree are those of the newest entry\n".to_owned();
    }
    let note = color.paint(Tone::Unsure, "differs:");
    let mut text = String::new();
    if !is_newest_contract(found, contract) {
        text.push_str(&format!(
            "{note} the contract in the tree is {}, not that of the newest entry\n",
            short(contract)
        ));
    }
    for change in changes {
        text.push_str(&format!(
            "{note} the {} in the tree is not the one measured ({} -> {})\n",
            change.what,
            short(&change.measured),
            short(&change.in_tree)
        ));
    }
    text
}

fn is_newest_contract(found: &Verification, contract_hash: &str) -> bool {
    let newest = found.newest.as_ref();
    newest.is_some_and(|newest| newest.provenance.contract_hash == contract_hash)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::brief::SourceChange;
    use crate::ledger::{Ledger, sample};

    fn nothing() -> TreeComparison {
        TreeComparison::Not("no checkout is here".to_owned())
    }

    #[test]
    fn epochs_and_what_was_edited_since_are_told_apart() {
        let folder = tempfile::tempdir().expect("a temporary folder should be writable");
        let ledger = Ledger::at(folder.path().join("t.toml"));
        let mut entry = sample::entry();
        for contract in ["0c", "c0", "c0"] {
            entry.provenance.contract_hash = contract.repeat(32);
            ledger
                .append(&entry)
                .expect("the ledger should take an entry");
        }
        let found = ledger.verify().expect("the file can be read");
        let shown = |contract: &str, changes: Vec<SourceChange>| {
            let tree = TreeComparison::Compared {
                contract_hash: contract.repeat(32),
                changes,
            };
            let text = verification(&found, &tree, Color::No);
            let lines: Vec<&str> = text.lines().skip(2).collect();
            lines.join("\n")
        };
        insta::assert_snapshot!(shown("c0", Vec::new()), @r"
        contract 0c0c0c0c: 1 entry from 20260102T030405Z-0123abcd on
        contract c0c0c0c0: 2 entries from 20260102T030405Z-0123abcd on
        missing: raw samples of 3 entries, first 20260102T030405Z-0123abcd; copy them from where the runs were made
        contract and sources in the tree are those of the newest entry
        ");
        let change = SourceChange {
            what: "candidate",
            measured: "0123abcd".repeat(8),
            in_tree: "89abcdef".repeat(8),
        };
        insta::assert_snapshot!(shown("0c", vec![change]), @r"
        contract 0c0c0c0c: 1 entry from 20260102T030405Z-0123abcd on
        contract c0c0c0c0: 2 entries from 20260102T030405Z-0123abcd on
        missing: raw samples of 3 entries, first 20260102T030405Z-0123abcd; copy them from where the runs were made
        differs: the contract in the tree is 0c0c0c0c, not that of the newest entry
        differs: the candidate in the tree is not the one measured (0123abcd -> 89abcdef)
        ");
    }

    #[test]
    fn an_intact_ledger_names_its_head_and_a_corrupt_one_its_fault() {
        let folder = tempfile::tempdir().expect("a temporary folder should be writable");
        let ledger = Ledger::at(folder.path().join("t.toml"));
        let first = ledger
            .append(&sample::entry())
            .expect("a new ledger should take an entry");
        ledger
            .append(&sample::entry())
            .expect("a good ledger should take an entry");
        let shown = |ledger: &Ledger| {
            let found = ledger.verify().expect("the file can be read");
            verification(&found, &nothing(), Color::No)
                .replace(&folder.path().display().to_string(), "ledger")
        };
        let intact = shown(&ledger);
        assert!(
            intact.starts_with("intact: ledger/t.toml, 2 entries\nhead "),
            "{intact}"
        );
        assert!(
            intact.ends_with("\nnot compared with a tree: no checkout is here\n"),
            "{intact}"
        );

        let text = fs::read_to_string(ledger.path()).expect("the ledger can be read");
        let last = text
            .rfind("promote")
            .expect("the newest entry was promoted");
        fs::write(
            ledger.path(),
            format!("{}P{}", &text[..last], &text[last + 1..]),
        )
        .expect("the ledger can be written");
        assert_eq!(
            shown(&ledger),
            format!(
                "corrupt: ledger/t.toml, entry 2: its text was changed after it was written (1 good before it)\n\
                 head {}\n\
                 contract c0c0c0c0: 1 entry from 20260102T030405Z-0123abcd on\n\
                 missing: raw samples of 1 entry, first 20260102T030405Z-0123abcd; copy them from where the runs were made\n\
                 not compared with a tree: no checkout is here\n",
                first.hash
            )
        );
    }
}
