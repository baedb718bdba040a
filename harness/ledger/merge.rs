//! Two copies of a ledger that both grew, joined: every record of either stays as it is, and a merge record seals them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use thiserror::Error;

use super::chain::{follow, seal_merge};
use super::order::{Piece, ordered};
use super::{Ledger, LedgerError, Opened};

/// What a merge came to, with how many entries each copy had alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    Identical,
    /// Ours holds all of theirs already.
    AlreadyHeld {
        ours: usize,
    },
    /// Theirs holds all of ours, and is taken as it is.
    FastForward {
        theirs: usize,
    },
    Joined {
        ours: usize,
        theirs: usize,
    },
}

#[derive(Debug, Error, Diagnostic)]
pub enum MergeError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Ledger(#[from] LedgerError),

    #[error(
        "`{}` is a ledger of task `{our_task}`, and `{}` one of task `{their_task}`",
        ours.display(),
        theirs.display()
    )]
    #[diagnostic(help("nothing was written; merge two copies of one ledger"))]
    OtherTask {
        ours: PathBuf,
        our_task: String,
        theirs: PathBuf,
        their_task: String,
    },

    #[error("`{}` and `{}` have no entry in common", ours.display(), theirs.display())]
    #[diagnostic(help(
        "nothing was written; they were begun apart, so keep one of them and run the other's candidates again"
    ))]
    Unrelated { ours: PathBuf, theirs: PathBuf },

    #[error("`{}` is there already, and is neither of the two ledgers", output.display())]
    #[diagnostic(help("nothing was written; name a file that is not there, or one of the two"))]
    Occupied { output: PathBuf },
}

impl Ledger {
    /// Joins this ledger with another copy of it, and replaces `output` by the result: this file, the other or a new
    /// one. The result does not depend on which of the two is this one.
    ///
    /// # Errors
    ///
    /// Nothing is written where a ledger is missing or corrupt, ends in an entry of a newer schema, has no entry in
    /// common with the other, or where `output` is a third file.
    pub fn merge(&self, theirs: &Ledger, output: &Ledger) -> Result<Merged, MergeError> {
        let is_one_of_them = [self, theirs]
            .iter()
            .any(|ledger| is_same_file(ledger.path(), output.path()));
        if output.path().exists() && !is_one_of_them {
            let output = output.path().to_owned();
            return Err(MergeError::Occupied { output });
        }
        let lock = output.lock()?;
        let merged = self.merge_under_lock(theirs, output);
        lock.leave_no_file();
        merged
    }

    fn merge_under_lock(&self, theirs: &Ledger, output: &Ledger) -> Result<Merged, MergeError> {
        let (ours, theirs) = (self.open()?, theirs.open()?);
        ours.refuse_newer()?;
        theirs.refuse_newer()?;
        let only = |of: &Opened, other: &Opened| {
            let held = hashes(other);
            let mut entries = of.links().iter().filter(|link| link.joined.is_none());
            let alone = entries
                .by_ref()
                .filter(|link| !held.contains(link.hash.as_str()));
            alone.count()
        };
        let (our_count, their_count) = (only(&ours, &theirs), only(&theirs, &ours));
        let holds =
            |of: &Opened, other: &Opened| other.head().is_none_or(|head| hashes(of).contains(head));
        let (text, merged) = match (holds(&ours, &theirs), holds(&theirs, &ours)) {
            (true, true) => (ours.text().to_owned(), Merged::Identical),
            (true, false) => {
                let merged = Merged::AlreadyHeld { ours: our_count };
                (ours.text().to_owned(), merged)
            }
            (false, true) => {
                let merged = Merged::FastForward {
                    theirs: their_count,
                };
                (theirs.text().to_owned(), merged)
            }
            (false, false) => {
                related(&ours, &theirs)?;
                let merged = Merged::Joined {
                    ours: our_count,
                    theirs: their_count,
                };
                (joined(&ours, &theirs), merged)
            }
        };
        let stays = matches!(merged, Merged::Identical | Merged::AlreadyHeld { .. });
        if !(stays && is_same_file(self.path(), output.path())) {
            output.replace(&text)?;
        }
        Ok(merged)
    }
}

/// All records of either in their order, and the one that names both heads.
fn joined(ours: &Opened, theirs: &Opened) -> String {
    let held = hashes(ours);
    let new = Piece::all_of(theirs.text(), theirs.links())
        .filter(|piece| !held.contains(piece.link.hash.as_str()));
    let pieces: Vec<Piece> = Piece::all_of(ours.text(), ours.links())
        .chain(new)
        .collect();
    let order = ordered(&pieces);
    let last = order.last().map_or("", |place| &pieces[*place].link.hash);
    let other = [ours.head(), theirs.head()]
        .into_iter()
        .flatten()
        .find(|head| *head != last)
        .expect("two ledgers of which neither holds the other should have two heads");
    let texts = order.iter().map(|place| pieces[*place].text);
    let text: String = texts.chain([seal_merge(last, other).0.as_str()]).collect();
    assert_eq!(follow(&text).1, None, "what was merged should follow");
    text
}

fn hashes(of: &Opened) -> HashSet<&str> {
    of.links().iter().map(|link| link.hash.as_str()).collect()
}

/// The first record is in every copy of a ledger.
fn related(ours: &Opened, theirs: &Opened) -> Result<(), MergeError> {
    let first = |of: &Opened| of.links().first().map(|link| link.hash.clone());
    if first(ours) == first(theirs) {
        return Ok(());
    }
    let (our_path, their_path) = (ours.path().to_owned(), theirs.path().to_owned());
    let (our_task, their_task) = (ours.entry(0)?.task, theirs.entry(0)?.task);
    Err(match our_task == their_task {
        true => MergeError::Unrelated {
            ours: our_path,
            theirs: their_path,
        },
        false => MergeError::OtherTask {
            ours: our_path,
            our_task,
            theirs: their_path,
            their_task,
        },
    })
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().ok();
    whole(one).is_some_and(|one| whole(other) == Some(one))
}

#[cfg(test)]
mod tests {
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
}
