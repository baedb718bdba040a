//! Which run made which again, and whether it says the same.

use serde::Serialize;

use crate::ledger::{Entry, ReplicatesRecord};

/// Of the entry that made another again.
#[derive(Serialize)]
pub(super) struct Replicates<'a> {
    entry_id: &'a str,
    agrees: Option<bool>,
    production_rows: usize,
    disagreeing: &'a [String],
    commit: Option<&'a str>,
}

/// Of the entry that was made again: one time.
#[derive(Serialize)]
pub(super) struct ReplicationLine<'a> {
    id: &'a str,
    started: &'a str,
    decision: String,
    replicates: Replicates<'a>,
}

impl<'a> Replicates<'a> {
    pub(super) fn of(record: &'a ReplicatesRecord) -> Self {
        Self {
            entry_id: &record.entry,
            agrees: record.agrees,
            production_rows: record.rows,
            disagreeing: &record.disagreeing,
            commit: record.commit.as_deref(),
        }
    }

    pub(super) fn in_entry(entry: &'a Entry) -> Option<Self> {
        entry.replicates.as_ref().map(Self::of)
    }
}

impl<'a> ReplicationLine<'a> {
    pub(super) fn of(entry: &'a Entry) -> Option<Self> {
        Some(Self {
            id: &entry.id,
            started: &entry.started,
            decision: entry.decision.to_string(),
            replicates: Replicates::in_entry(entry)?,
        })
    }
}
