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
mod tests;
