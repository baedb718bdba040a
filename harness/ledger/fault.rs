//! The first place at which a ledger is not what was written.

use std::fmt;
use std::ops::Range;

/// What a ledger is a sequence of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Entry,
    Merge,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub record: Record,
    /// The entry's number, counted from 1; of a merge record, the number of entries in front of it.
    pub entry: usize,
    pub kind: FaultKind,
    /// Bytes of the file that show it.
    pub at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not UTF-8.
    NotText,
    /// Text that no chain closes: half a record, or something written behind the last.
    Unsealed,
    /// It names no record that stands above it, or stands there twice.
    Unlinked,
    /// The text is not the one that was hashed.
    Changed,
    /// No later record names it, so the newest hash does not vouch for it.
    Unjoined,
    /// Every record has what it follows above it, but they do not stand by time.
    Moved,
    /// Hashed as it stands, but not one record of a layout that this version reads.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            Record::Entry => write!(f, "entry {}: ", self.entry)?,
            Record::Merge => write!(f, "merge record behind entry {}: ", self.entry)?,
        }
        match &self.kind {
            FaultKind::NotText => f.write_str("not UTF-8 text"),
            FaultKind::Unsealed => {
                f.write_str("no hash closes this text, so it was cut short or added by hand")
            }
            FaultKind::Unlinked => f.write_str(
                "does not follow the entry before it: one was removed, moved, inserted or changed",
            ),
            FaultKind::Changed => f.write_str("its text was changed after it was written"),
            FaultKind::Unjoined => f.write_str(
                "no later entry follows it: copies of a ledger are joined by `kda ledger merge`, not by hand",
            ),
            FaultKind::Moved => f.write_str("was moved: a merged ledger stands in the order of time"),
            FaultKind::Unreadable(reason) => write!(f, "cannot be read: {reason}"),
        }
    }
}
