use std::fs;

use tempfile::TempDir;

use super::*;
use crate::ledger::{Entry, sample};

fn entry(id: &str) -> Entry {
    let mut entry = Entry {
        id: id.to_owned(),
        ..sample::entry()
    };
    entry.rows.clear();
    entry
}

fn append(ledger: &Ledger, ids: &[&str]) {
    for id in ids {
        ledger
            .append(&entry(id))
            .expect("the ledger should take an entry");
    }
}

fn ids(ledger: &Ledger) -> String {
    let entries = ledger.load().expect("the ledger should be whole");
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    ids.join(" ")
}

fn text(ledger: &Ledger) -> String {
    fs::read_to_string(ledger.path()).expect("the ledger can be read")
}

fn copy(of: &Ledger, name: &str) -> Ledger {
    let copy = Ledger::at(of.path().with_file_name(name));
    fs::copy(of.path(), copy.path()).expect("the folder can be written");
    copy
}

fn merge(ours: &Ledger, theirs: &Ledger) -> Merged {
    ours.merge(theirs, ours)
        .expect("copies of one ledger should merge")
}

/// A ledger of two entries and a copy; each has two more since, in turns.
fn diverged() -> (TempDir, Ledger, Ledger) {
    let folder = tempfile::tempdir().expect("a temporary folder should be writable");
    let ours = Ledger::at(folder.path().join("ours.toml"));
    append(&ours, &["1", "2"]);
    let theirs = copy(&ours, "theirs.toml");
    append(&ours, &["3", "6"]);
    append(&theirs, &["4", "5"]);
    (folder, ours, theirs)
}

#[test]
fn every_entry_of_both_stays_as_it_is_and_time_orders_them() {
    let (_folder, ours, theirs) = diverged();
    let before: Vec<Entry> = [&ours, &theirs]
        .iter()
        .flat_map(|ledger| ledger.load().expect("the ledger should be whole"))
        .collect();
    assert_eq!(merge(&ours, &theirs), Merged::Joined { ours: 2, theirs: 2 });
    assert_eq!(ids(&ours), "1 2 3 4 5 6");
    for entry in ours.load().expect("the ledger should be whole") {
        assert!(before.contains(&entry), "{}", entry.id);
    }
    let found = ours.verify().expect("the ledger can be read");
    assert!(found.fault.is_none());
    assert_eq!((found.entries, found.merges()), (6, 1));
}

#[test]
fn who_merges_does_not_matter() {
    let (_folder, ours, theirs) = diverged();
    let (mine, yours) = (copy(&ours, "mine.toml"), copy(&theirs, "yours.toml"));
    merge(&ours, &theirs);
    merge(&yours, &mine);
    assert_eq!(text(&ours), text(&yours));
    assert_eq!(merge(&ours, &yours), Merged::Identical);
}

#[test]
fn a_merged_ledger_takes_entries_and_merges_again() {
    let (_folder, ours, theirs) = diverged();
    let other = copy(&theirs, "other.toml");
    append(&other, &["7"]);
    merge(&ours, &theirs);
    append(&ours, &["8"]);
    assert_eq!(merge(&ours, &theirs), Merged::AlreadyHeld { ours: 3 });
    assert_eq!(merge(&ours, &other), Merged::Joined { ours: 3, theirs: 1 });
    append(&ours, &["9"]);
    assert_eq!(ids(&ours), "1 2 3 4 5 6 7 8 9");
    assert_eq!(merge(&other, &ours), Merged::FastForward { theirs: 4 });
    assert_eq!(text(&ours), text(&other));
}

#[test]
fn three_copies_merge_in_any_turn_and_those_results_merge_too() {
    let (_folder, first, second) = diverged();
    let third = copy(&second, "third.toml");
    append(&third, &["5.5"]);
    append(&second, &["5.7"]);
    let (left, right) = (copy(&first, "left.toml"), copy(&third, "right.toml"));
    merge(&left, &second);
    merge(&left, &third);
    merge(&right, &second);
    merge(&right, &first);
    assert_eq!(ids(&left), ids(&right));
    let (again, turned) = (copy(&left, "again.toml"), copy(&right, "turned.toml"));
    assert_eq!(merge(&again, &right), Merged::Joined { ours: 0, theirs: 0 });
    merge(&turned, &left);
    assert_eq!(text(&again), text(&turned));
    assert_eq!(ids(&again), "1 2 3 4 5 5.5 5.7 6");
    append(&again, &["8"]);
    assert_eq!(again.load().expect("the ledger should be whole").len(), 9);
}

#[test]
fn a_new_file_may_take_the_result_and_a_third_one_may_not() {
    let (folder, ours, theirs) = diverged();
    let before = text(&ours);
    let output = Ledger::at(folder.path().join("merged.toml"));
    ours.merge(&theirs, &output).expect("the place is free");
    assert_eq!(
        (ids(&output).as_str(), text(&ours)),
        ("1 2 3 4 5 6", before)
    );
    // The lock was made for the merge alone.
    assert!(!folder.path().join(".merged.toml.lock").exists());
    let refused = ours.merge(&theirs, &copy(&theirs, "third.toml"));
    assert!(matches!(refused, Err(MergeError::Occupied { .. })));
}

#[test]
fn what_is_no_copy_of_the_same_ledger_is_refused_and_left_alone() {
    let (folder, ours, _theirs) = diverged();
    let before = text(&ours);
    let apart = Ledger::at(folder.path().join("apart.toml"));
    append(&apart, &["1.5"]);
    let refused = ours.merge(&apart, &ours);
    assert!(matches!(refused, Err(MergeError::Unrelated { .. })));
    let other = Ledger::at(folder.path().join("other.toml"));
    let of_another_task = Entry {
        task: "demo_other".to_owned(),
        ..entry("1")
    };
    other
        .append(&of_another_task)
        .expect("a new ledger should take an entry");
    let refused = ours.merge(&other, &ours);
    assert!(matches!(refused, Err(MergeError::OtherTask { .. })));
    fs::write(other.path(), text(&other).replace("promote", "Promote"))
        .expect("the ledger can be written");
    let refused = ours.merge(&other, &ours);
    assert!(matches!(
        refused,
        Err(MergeError::Ledger(LedgerError::Corrupt(_)))
    ));
    assert_eq!(text(&ours), before);
}
