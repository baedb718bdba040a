//! `kda replicate`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::arguments::parse_gpu;
use super::bench::{Destination, Kept, record};
use super::exit::{Failure, agreement_code};
use super::ledger::{Found, find_entry};
use super::setup::Setup;
use super::terminal::Terminal;
use crate::ledger::Entry;
use crate::replication::{Agreement, ReplicationError, Sources, claim_of, same_build, same_flags};
use crate::report::{self, Recorded, is_emulated, json};
use crate::session::{self, Depth, GpuChoice, Machine, Selection, SessionError};
use crate::task::Task;

#[derive(Args, Debug)]
#[command(allow_missing_positional = true)]
pub(super) struct ReplicateArguments {
    /// Task of the entry; every task's ledger is looked through if absent
    task: Option<String>,

    /// The entry, by id or the start or end of it
    entry: String,

    /// auto (what the entry was measured on), emulated, or a GPU: h100, h200, b200, b300, rtx5090, ...
    #[arg(long, default_value = "auto", value_parser = parse_gpu)]
    gpu: GpuChoice,

    /// Run although the build's flags are not those of the entry
    #[arg(long)]
    other_flags: bool,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    json: bool,

    /// Ledgers below this folder; ledger/ and, for emulated entries, target/kda/ledger/ by default
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

pub(super) fn replicate(arguments: &ReplicateArguments, terminal: &Terminal) -> Outcome {
    let folder = match arguments.gpu {
        GpuChoice::Auto => None,
        GpuChoice::Emulated => Some("emulated"),
        GpuChoice::Profile(profile) => Some(profile.name),
    };
    let task = arguments.task.as_deref();
    let found = find_entry(task, &arguments.entry, folder, arguments.ledger.as_deref())?;
    let before = &found.entry;
    let claim = claim_of(before)?;
    let choice = match (arguments.gpu, is_emulated(before)) {
        (GpuChoice::Auto, true) => GpuChoice::Emulated,
        (choice, _) => choice,
    };
    let setup = Setup::find(choice)?;
    same_model(before, &setup.machine)?;
    let sources = Sources::find(&setup.context.project, before)?;
    terminal.remark(&format!("{}: {}", before.task, setup.machine.describe()))?;
    if let Some(commit) = sources.commit() {
        terminal.remark(&format!("sources are those of commit {commit}"))?;
    }
    let mut finished = run(&found, &setup, &sources, arguments, terminal)?;
    let agreement = Agreement::of(claim, before, &finished.entry);
    finished.entry.replicates = Some(agreement.record(before, sources.commit()));
    let destination = Destination::Folder(found.folder.clone());
    let (entry, kept) = record(finished, &destination, &setup.machine, &setup.context)?;
    let recorded = match &kept {
        Kept::Nowhere => Recorded::Nowhere,
        Kept::In(path) => Recorded::In(path),
        Kept::Unsaved { saved, .. } => Recorded::Unsaved(saved),
    };
    match arguments.json {
        true => terminal.json(|out| json::replication(&entry, &agreement, recorded, out))?,
        false => {
            let color = terminal.color();
            terminal.result(&report::replication(
                before, &entry, &agreement, recorded, color,
            ))?;
        }
    }
    match kept {
        Kept::Unsaved { saved, cause } => Err(Failure::NotRecorded { saved, cause }),
        Kept::Nowhere | Kept::In(_) => Ok(agreement_code(&agreement, &entry)),
    }
}

/// A full bench of the entry's sources, with its seed and its flags.
fn run(
    found: &Found,
    setup: &Setup,
    sources: &Sources,
    arguments: &ReplicateArguments,
    terminal: &Terminal,
) -> Result<session::Finished, Failure> {
    let (before, project) = (&found.entry, sources.project());
    let Setup {
        context, machine, ..
    } = setup;
    let task = Task::load(project.root(), &before.task)?;
    let built = context
        .toolchain
        .build_task(project, &task.name, &machine.target())
        .map_err(SessionError::from)?;
    same_build(before, &built)?;
    match (same_flags(before, &built), arguments.other_flags) {
        (Err(difference), true) => terminal.remark(&format!("warning: {difference}"))?,
        (checked, _) => checked?,
    }
    let progress = terminal.progress();
    let seed = before.provenance.seed;
    let options = setup.options(Depth::Full, Selection::default(), seed);
    let finished = session::run(
        project,
        &context.toolchain,
        &task,
        machine,
        &options,
        &progress,
    )?;
    for replay in progress.replays() {
        terminal.remark(&replay)?;
    }
    Ok(finished)
}

/// Refuses a device of another model than the entry's.
fn same_model(entry: &Entry, machine: &Machine) -> Result<(), ReplicationError> {
    let found = match machine {
        Machine::Gpu { gpu, .. } if gpu.name == entry.gpu => return Ok(()),
        Machine::Gpu { gpu, .. } => gpu.name.clone(),
        Machine::Emulated { .. } if is_emulated(entry) => return Ok(()),
        Machine::Emulated { why } => format!("only the emulated device ({why})"),
    };
    Err(ReplicationError::OtherModel {
        entry: entry.id.clone(),
        measured: entry.gpu.clone(),
        found,
    })
}
