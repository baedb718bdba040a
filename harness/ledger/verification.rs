//! A check of a whole ledger: its chain, every entry, the samples that entries name, and the contracts that they were
//! measured under.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::chain::{Link, follow};
use super::error::io_error;
use super::opened::read_text;
use super::printable::printable;
use super::read::{Unread, read_as_written, shown};
use super::recomputation::contradictions;
use super::{CorruptLedger, Entry, Ledger, LedgerError, RawSamples, SamplesError};

/// What a check of a whole ledger found.
#[derive(Debug)]
pub struct Verification {
    pub path: PathBuf,
    /// Hashes of the records in front of the first fault, entries and merges, in the file's order.
    pub hashes: Vec<String>,
    /// How many of them are entries.
    pub entries: usize,
    /// The good entries by contract, oldest first. An entry of a newer schema that this version cannot read is in none.
    pub epochs: Vec<Epoch>,
    /// The last good entry, if this version can read it; not a replication of other sources than those before it.
    pub newest: Option<Box<Entry>>,
    pub fault: Option<Box<CorruptLedger>>,
    /// Of the good entries.
    pub samples: Recomputed,
}

/// What the raw samples say of the entries that name them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// Entries whose figures were computed again.
    pub entries: usize,
    /// Ids of the entries whose file is not beside the ledger.
    pub missing: Vec<String>,
    pub faults: Vec<SamplesFault>,
}

/// An entry that its samples contradict, or whose file is not the one that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SamplesFault {
    /// Id of the entry.
    pub entry: String,
    pub what: String,
}

/// Entries in a row that were measured under one contract. Figures of different contracts are not comparable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epoch {
    pub contract_hash: String,
    /// Id of its first entry.
    pub first: String,
    pub entries: usize,
}

impl Verification {
    /// Hash of the newest good record. Pinned elsewhere, it also shows later that newest entries were removed.
    pub fn head(&self) -> Option<&str> {
        self.hashes.last().map(String::as_str)
    }

    /// Whether nothing is wrong with the chain, and no samples contradict their entry.
    pub fn is_sound(&self) -> bool {
        self.fault.is_none() && self.samples.faults.is_empty()
    }

    /// Whether a head that was pinned before is still in the chain.
    pub fn holds(&self, pinned: &str) -> bool {
        self.hashes.iter().any(|hash| hash == pinned)
    }

    pub fn merges(&self) -> usize {
        self.hashes.len() - self.entries
    }

    fn take(&mut self, entry: Entry) {
        let contract_hash = &entry.provenance.contract_hash;
        match self.epochs.last_mut() {
            Some(epoch) if epoch.contract_hash == printable(contract_hash) => {
                epoch.entries += 1;
            }
            _ => self.epochs.push(Epoch {
                contract_hash: printable(contract_hash),
                first: printable(&entry.id),
                entries: 1,
            }),
        }
        let newest = self.newest.as_deref();
        if newest.is_none_or(|newest| entry.succeeds(newest)) {
            self.newest = Some(Box::new(entry));
        }
    }
}

impl Ledger {
    /// Follows the chain and reads every entry. A corrupt ledger is a finding here, not an error.
    ///
    /// # Errors
    ///
    /// A file that is missing or cannot be read.
    pub fn verify(&self) -> Result<Verification, LedgerError> {
        let mut found = Verification {
            path: self.path().to_owned(),
            hashes: Vec::new(),
            entries: 0,
            epochs: Vec::new(),
            newest: None,
            fault: None,
            samples: Recomputed::default(),
        };
        let text = match read_text(self.path()) {
            Ok(text) => text,
            Err(LedgerError::Corrupt(fault)) => {
                // From the file: what the fault shows of it was made printable.
                let bytes = fs::read(self.path())
                    .map_err(|source| io_error("read", self.path(), source))?;
                let good = bytes.get(..fault.fault.at.start).unwrap_or_default();
                let text = String::from_utf8_lossy(good).into_owned();
                found.read(&text, &follow(&text).0);
                found.fault.get_or_insert(fault);
                return Ok(found);
            }
            Err(other) => return Err(other),
        };
        let (links, fault) = follow(&text);
        found.read(&text, &links);
        if let (None, Some(fault)) = (&found.fault, fault) {
            found.fault = Some(CorruptLedger::new(self.path(), &text, fault));
        }
        Ok(found)
    }
}

/// What is kept of an entry at a time: a parsed one is many times as large as its text.
const AT_ONCE: usize = 64;

impl Verification {
    /// Reads entries until one of them cannot be.
    fn read(&mut self, text: &str, links: &[Link]) {
        self.read_all(text, links);
        // It alone is shown, and its task names a folder.
        self.newest = self.newest.take().map(|newest| Box::new(shown(&newest)));
    }

    fn read_all(&mut self, text: &str, links: &[Link]) {
        let mut number = 0;
        let numbered: Vec<(usize, &Link)> = links
            .iter()
            .map(|link| {
                number += usize::from(link.joined.is_none());
                (number, link)
            })
            .collect();
        for part in numbered.chunks(AT_ONCE) {
            let read: Vec<Option<ReadEntry>> = part
                .par_iter()
                .map(|&(number, link)| {
                    let is_entry = link.joined.is_none();
                    is_entry.then(|| {
                        let entry = read_as_written(text, number, link)?;
                        let checked = check(&entry, &self.path);
                        Ok((entry, checked))
                    })
                })
                .collect();
            for (read, (_, link)) in read.into_iter().zip(part) {
                match read {
                    Some(Err(Unread::Unreadable(fault))) => {
                        self.fault = Some(CorruptLedger::new(&self.path, text, fault));
                        return;
                    }
                    Some(Ok((entry, checked))) => {
                        self.samples.take(&entry.id, checked);
                        self.take(entry);
                    }
                    Some(Err(Unread::Newer(_))) => self.newest = None,
                    None => {}
                }
                self.entries += usize::from(link.joined.is_none());
                self.hashes.push(link.hash.clone());
            }
        }
    }
}

/// What became of one entry's samples.
type Checked = Result<Vec<String>, SamplesError>;

/// An entry with what became of its samples, if it names any.
type ReadEntry = Result<(Entry, Option<Checked>), Unread>;

/// Reads the samples that an entry names and computes its figures again; `None` where it names none.
fn check(entry: &Entry, ledger: &Path) -> Option<Checked> {
    let named = entry.samples.as_ref()?;
    let read = RawSamples::of(ledger, named);
    Some(read.map(|samples| contradictions(entry, &samples)))
}

impl Recomputed {
    fn take(&mut self, entry: &str, checked: Option<Checked>) {
        let entry = printable(entry);
        let faults = match checked {
            None => return,
            Some(Err(SamplesError::Missing { .. })) => {
                self.missing.push(entry);
                return;
            }
            Some(Err(other)) => vec![other.to_string()],
            Some(Ok(faults)) => {
                self.entries += 1;
                faults
            }
        };
        self.faults.extend(faults.iter().map(|what| SamplesFault {
            entry: entry.clone(),
            what: printable(what),
        }));
    }
}
