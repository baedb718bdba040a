//! Entries that made another entry again, and which of them speak for a task.

use serde::{Deserialize, Serialize};

use super::{Entry, LedgerError, Opened};

/// Which entry a run made again, and whether it says the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicatesRecord {
    /// Id of the entry that was made again.
    pub entry: String,
    /// Absent where the run failed its own controls, so that it says nothing of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
    /// Production rows that were compared.
    pub rows: usize,
    /// Ids of those that do not agree.
    pub disagreeing: Vec<String>,
    /// The commit that the sources were taken from, where the tree's were others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// How every record of a replication begins in a ledger. No text of an entry spans lines, so nothing else does.
const RECORD: &str = "\n[entry.replicates]\n";

impl Entry {
    /// Whether both measured the same candidate under the same contract.
    pub fn has_sources_of(&self, other: &Entry) -> bool {
        let sources = |entry: &Entry| {
            let from = &entry.provenance;
            (from.contract_hash.clone(), from.candidate_source.clone())
        };
        sources(self) == sources(other)
    }

    /// Whether it may stand in the place of `newest`: a replication of other sources speaks of the past, and one that
    /// failed its own controls of nothing.
    pub fn succeeds(&self, newest: &Entry) -> bool {
        match &self.replicates {
            None => true,
            Some(record) => record.agrees.is_some() && self.has_sources_of(newest),
        }
    }
}

impl Opened {
    /// The entries that made the one with this id again, oldest first.
    ///
    /// # Errors
    ///
    /// One that this version cannot read.
    pub fn replications_of(&self, id: &str) -> Result<Vec<Entry>, LedgerError> {
        let names_it = format!("{RECORD}entry = \"{id}\"\n");
        (0..self.len())
            .filter(|place| self.text_of(*place).contains(&names_it))
            .map(|place| self.entry(place))
            .collect()
    }

    /// The newest entry that is as asked for and speaks for the task: no replication of other sources than those of the
    /// newest run that was none, nor one that says nothing.
    ///
    /// # Errors
    ///
    /// One that this version cannot read.
    pub fn newest_where(
        &self,
        is_asked_for: impl Fn(&Entry) -> bool,
    ) -> Result<Option<Entry>, LedgerError> {
        let newest = self.newest_original()?;
        for place in (0..self.len()).rev() {
            let entry = self.entry(place)?;
            let stands = newest.as_ref().is_none_or(|newest| entry.succeeds(newest));
            if stands && is_asked_for(&entry) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The newest entry that replicates no other.
    fn newest_original(&self) -> Result<Option<Entry>, LedgerError> {
        let is_original = |place: &usize| !self.text_of(*place).contains(RECORD);
        let place = (0..self.len()).rev().find(is_original);
        place.map(|place| self.entry(place)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Ledger, sample};

    fn entry(id: &str, candidate: &str, replicates: Option<&str>) -> Entry {
        let mut entry = sample::entry();
        entry.id = id.to_owned();
        entry.provenance.candidate_source = candidate.repeat(64);
        entry.replicates = replicates.map(|id| ReplicatesRecord {
            entry: id.to_owned(),
            ..sample::replicates()
        });
        entry
    }

    fn ledger(entries: &[Entry]) -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().expect("a temporary folder should be writable");
        let ledger = Ledger::at(folder.path().join("t.toml"));
        for entry in entries {
            ledger
                .append(entry)
                .expect("the ledger should take an entry");
        }
        (folder, ledger)
    }

    #[test]
    fn replications_are_found_by_the_whole_id_alone() {
        let mut noted = entry("3-c", "c", None);
        noted.note = Some("[entry.replicates]\nentry = \"1-a\"\n".to_owned());
        let again = entry("2-a", "a", Some("1-a"));
        let (_folder, ledger) = ledger(&[entry("1-a", "a", None), again, noted]);
        let opened = ledger.open().expect("the ledger should be whole");
        let of = |id: &str| -> Vec<String> {
            let found = opened.replications_of(id).expect("entries can be read");
            found.into_iter().map(|entry| entry.id).collect()
        };
        assert_eq!(of("1-a"), ["2-a"]);
        assert!(of("1").is_empty() && of("2-a").is_empty());
    }

    #[test]
    fn a_replication_of_an_older_candidate_is_not_the_newest_claim() {
        let (old, new) = (entry("1-a", "a", None), entry("2-b", "b", None));
        let of_old = entry("3-a", "a", Some("1-a"));
        let of_new = entry("4-b", "b", Some("2-b"));
        let newest = |entries: &[Entry]| {
            let (_folder, ledger) = ledger(entries);
            let opened = ledger.open().expect("the ledger should be whole");
            let found = opened.newest_where(|_| true).expect("entries can be read");
            let verified = ledger.verify().expect("the ledger can be read").newest;
            let found = found.map(|entry| entry.id);
            assert_eq!(verified.map(|entry| entry.id), found);
            found
        };
        let behind_it = [old.clone(), new.clone(), of_old.clone()];
        assert_eq!(newest(&behind_it).as_deref(), Some("2-b"));
        let mut nothing = of_new.clone();
        nothing.id = "5-b".to_owned();
        let record = nothing.replicates.as_mut();
        record.expect("it replicates").agrees = None;
        let all = [old, new, of_old, of_new, nothing];
        assert_eq!(newest(&all).as_deref(), Some("4-b"));
        let alone = [entry("6-c", "c", Some("elsewhere"))];
        assert_eq!(newest(&alone).as_deref(), Some("6-c"));
    }
}
