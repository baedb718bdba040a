//! Every type of line, and those that open and close a run. What is absent is `null`, never left out.

use std::path::Path;

use serde::Serialize;

use super::JSON_SCHEMA_VERSION;
use super::agreement::AgreementLine;
use super::attempts::AttemptLine;
use super::brief::BriefLine;
use super::capture::{
    FrozenRow, ImportLine, NewEpochLine, OtherOperation, ProposedRow, RefusedCalls,
};
use super::findings::{Bucket, Gate, HeadlineLine, Row};
use super::lists::{EntryLine, VerificationLine};
use super::physics::{Control, Controls, Kernel, Samples};
use super::profile::{ProfileChangeOf, ProfileLine, ProfiledKernelLine};
use super::replicates::{Replicates, ReplicationLine};
use super::setup::{Device, Provenance, Sampling};
use super::status::StatusLine;
use super::summary::SummaryLine;
use super::tasks::{LockedRow, TaskLine};
use crate::ledger::Entry;
use crate::report::evidence::figures_stand;
use crate::report::{ExportedRow, Recorded};

#[derive(Serialize)]
#[serde(tag = "type", content = "data", rename_all = "kebab-case")]
pub(super) enum Line<'a> {
    Begin(Begin<'a>),
    Provenance(Provenance<'a>),
    Device(Device<'a>),
    Sampling(Sampling),
    Controls(Controls<'a>),
    Samples(Samples<'a>),
    Warning { message: &'a str },
    Gate(Gate<'a>),
    Bucket(Bucket<'a>),
    Row(Box<Row<'a>>),
    Control(Box<Control<'a>>),
    Kernel(Kernel<'a>),
    Headline(HeadlineLine<'a>),
    Replication(ReplicationLine<'a>),
    Agreement(AgreementLine<'a>),
    End(End<'a>),
    Entry(EntryLine<'a>),
    Attempt(AttemptLine<'a>),
    EntryRow(Box<ExportedRow<'a>>),
    Verification(VerificationLine<'a>),
    Task(TaskLine<'a>),
    LockedRow(LockedRow<'a>),
    Profile(Box<ProfileLine<'a>>),
    ProfiledKernel(ProfiledKernelLine<'a>),
    ProfileChange(ProfileChangeOf<'a>),
    UnreadableProfile { path: &'a Path, unreadable: &'a str },
    Import(ImportLine<'a>),
    ProposedRow(ProposedRow<'a>),
    FrozenRow(FrozenRow<'a>),
    RefusedCalls(RefusedCalls<'a>),
    OtherOperation(OtherOperation<'a>),
    NewEpoch(NewEpochLine<'a>),
    Summary(Box<SummaryLine<'a>>),
    Status(Box<StatusLine<'a>>),
    Brief(Box<BriefLine<'a>>),
}

#[derive(Serialize)]
pub(super) struct Begin<'a> {
    schema: u32,
    kda: &'static str,
    #[serde(flatten)]
    run: Option<BeginRun<'a>>,
}

#[derive(Serialize)]
struct BeginRun<'a> {
    id: &'a str,
    task: &'a str,
    gpu: &'a str,
    started: &'a str,
    /// False where times are no evidence: emulated, or a gate failed.
    evidence: bool,
}

impl<'a> Begin<'a> {
    pub(super) fn run(entry: &'a Entry) -> Self {
        let run = BeginRun {
            id: &entry.id,
            task: &entry.task,
            gpu: &entry.gpu,
            started: &entry.started,
            evidence: figures_stand(entry),
        };
        Self {
            run: Some(run),
            ..Self::listing()
        }
    }

    pub(super) fn listing() -> Self {
        Self {
            schema: JSON_SCHEMA_VERSION,
            kda: env!("CARGO_PKG_VERSION"),
            run: None,
        }
    }
}

#[derive(Serialize)]
pub(super) struct End<'a> {
    decision: String,
    summary: &'a str,
    note: Option<&'a str>,
    replicates: Option<Replicates<'a>>,
    wall_seconds: f64,
    ledger: Option<&'a Path>,
    unsaved: Option<&'a Path>,
    previous: &'a str,
    hash: &'a str,
}

impl<'a> End<'a> {
    pub(super) fn of(entry: &'a Entry, recorded: Recorded<'a>) -> Self {
        let (ledger, unsaved) = match recorded {
            Recorded::In(path) => (Some(path), None),
            Recorded::Unsaved(path) => (None, Some(path)),
            Recorded::Nowhere => (None, None),
        };
        Self {
            decision: entry.decision.to_string(),
            summary: &entry.summary,
            note: entry.note.as_deref(),
            replicates: Replicates::in_entry(entry),
            wall_seconds: entry.wall_seconds,
            ledger,
            unsaved,
            previous: &entry.previous,
            hash: &entry.hash,
        }
    }
}
