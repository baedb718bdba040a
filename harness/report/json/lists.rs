//! Lines about entries of a ledger, and about a ledger as a whole.

use std::path::Path;

use serde::Serialize;

use super::findings::HeadlineLine;
use super::replicates::Replicates;
use crate::brief::TreeComparison;
use crate::ledger::{Entry, Recomputed, Verification};
use crate::report::evidence::{gates_passed, rows_measured};

/// What every line about an entry begins with.
#[derive(Serialize)]
pub(super) struct EntryHead<'a> {
    id: &'a str,
    task: &'a str,
    gpu: &'a str,
    started: &'a str,
    decision: String,
    summary: &'a str,
    /// What was expected, written before the run.
    note: Option<&'a str>,
    replicates: Option<Replicates<'a>>,
    evidence: bool,
    contract_hash: &'a str,
    candidate_source: &'a str,
    headlines: Vec<HeadlineLine<'a>>,
}

#[derive(Serialize)]
pub(super) struct EntryLine<'a> {
    #[serde(flatten)]
    head: EntryHead<'a>,
    rows: usize,
    rows_measured: usize,
    gates: usize,
    gates_passed: usize,
    previous: &'a str,
    hash: &'a str,
}

impl<'a> EntryHead<'a> {
    /// `stands`: whether speedups are evidence.
    pub(super) fn of(entry: &'a Entry, stands: bool) -> Self {
        let headlines = entry.headline.iter().filter(|_| stands);
        Self {
            id: &entry.id,
            task: &entry.task,
            gpu: &entry.gpu,
            started: &entry.started,
            decision: entry.decision.to_string(),
            summary: &entry.summary,
            note: entry.note.as_deref(),
            replicates: Replicates::in_entry(entry),
            evidence: stands,
            contract_hash: &entry.provenance.contract_hash,
            candidate_source: &entry.provenance.candidate_source,
            headlines: headlines
                .map(|(set, headline)| HeadlineLine::of(set, headline))
                .collect(),
        }
    }
}

impl<'a> EntryLine<'a> {
    /// `stands`: whether speedups are evidence.
    pub(super) fn of(entry: &'a Entry, stands: bool) -> Self {
        Self {
            head: EntryHead::of(entry, stands),
            rows: entry.rows.len(),
            rows_measured: rows_measured(entry),
            gates: entry.gates.len(),
            gates_passed: gates_passed(entry),
            previous: &entry.previous,
            hash: &entry.hash,
        }
    }
}

#[derive(Serialize)]
pub(super) struct VerificationLine<'a> {
    path: &'a Path,
    intact: bool,
    /// Good entries, up to the first fault.
    entries: usize,
    merges: usize,
    head: Option<&'a str>,
    fault: Option<Fault>,
    samples: Samples<'a>,
    epochs: Vec<Epoch<'a>>,
    /// Absent where there was no tree to compare with.
    tree: Option<Tree<'a>>,
}

/// What raw samples say of their entries.
#[derive(Serialize)]
struct Samples<'a> {
    recomputed: usize,
    missing: &'a [String],
    faults: Vec<SamplesFault<'a>>,
}

#[derive(Serialize)]
struct SamplesFault<'a> {
    entry_id: &'a str,
    message: &'a str,
}

impl<'a> Samples<'a> {
    fn of(found: &'a Recomputed) -> Self {
        let faults = found.faults.iter().map(|fault| SamplesFault {
            entry_id: &fault.entry,
            message: &fault.what,
        });
        Self {
            recomputed: found.entries,
            missing: &found.missing,
            faults: faults.collect(),
        }
    }
}

#[derive(Serialize)]
struct Epoch<'a> {
    contract_hash: &'a str,
    first: &'a str,
    entries: usize,
}

#[derive(Serialize)]
struct Tree<'a> {
    contract_hash: &'a str,
    /// Whether contract and sources are those of the newest entry.
    agrees: bool,
    changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
struct Change<'a> {
    source: &'static str,
    measured: &'a str,
    in_tree: &'a str,
}

impl<'a> Tree<'a> {
    fn of(found: &Verification, tree: &'a TreeComparison) -> Option<Self> {
        let (contract_hash, changes) = match tree {
            TreeComparison::Not(_) => return None,
            TreeComparison::Compared {
                contract_hash,
                changes,
            } => (contract_hash, changes),
        };
        let changes = changes.iter().map(|change| Change {
            source: change.what,
            measured: &change.measured,
            in_tree: &change.in_tree,
        });
        Some(Self {
            contract_hash,
            agrees: tree.agrees(found),
            changes: changes.collect(),
        })
    }
}

#[derive(Serialize)]
struct Fault {
    entry: usize,
    message: String,
    start_byte: usize,
    end_byte: usize,
}

impl<'a> VerificationLine<'a> {
    pub(super) fn of(found: &'a Verification, tree: &'a TreeComparison) -> Self {
        let epochs = found.epochs.iter().map(|epoch| Epoch {
            contract_hash: &epoch.contract_hash,
            first: &epoch.first,
            entries: epoch.entries,
        });
        Self {
            path: &found.path,
            intact: found.is_sound(),
            entries: found.entries,
            merges: found.merges(),
            samples: Samples::of(&found.samples),
            epochs: epochs.collect(),
            tree: Tree::of(found, tree),
            head: found.head(),
            fault: found.fault.as_ref().map(|corrupt| Fault {
                entry: corrupt.fault.entry,
                message: corrupt.fault.to_string(),
                start_byte: corrupt.fault.at.start,
                end_byte: corrupt.fault.at.end,
            }),
        }
    }
}
