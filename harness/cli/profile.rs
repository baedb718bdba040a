//! `kda profile`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use glob::Pattern;

use super::Outcome;
use super::arguments::{WorkerLimits, parse_gpu};
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::setup::{command_line, interrupt_flag};
use super::terminal::Terminal;
use crate::ledger::{BoundClass, Entry, Ledger};
use crate::profile::{Lane, ProfileError, ProfileRecord, Profiler};
use crate::report::{self, json};
use crate::session::{Depth, GpuChoice, Machine, Profile, RunOptions, Selection, SessionError};
use crate::task::Task;
use crate::toolchain::nsight_compute;

#[derive(Args, Debug)]
pub(super) struct ProfileArguments {
    /// Task name
    task: String,

    /// Id of the row; `kda show TASK` lists them
    #[arg(long, value_name = "ID")]
    row: String,

    /// auto (the visible GPU), or a GPU: h100, h200, b200, b300, rtx5090, ...
    #[arg(long, default_value = "auto", value_parser = parse_gpu)]
    gpu: GpuChoice,

    /// What the caches hold when a kernel starts: nothing, or what ran before left
    #[arg(long, value_enum, default_value_t = LaneChoice::Cold)]
    lane: LaneChoice,

    /// Which metrics: of what bounds the row; that of the newest entry when absent, or else memory
    #[arg(long, value_enum)]
    class: Option<ClassChoice>,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    json: bool,

    /// Seconds that one side may take; each kernel runs several times
    #[arg(long, value_name = "SECONDS", default_value = "600",
          value_parser = clap::value_parser!(u64).range(1..=3600))]
    limit: u64,

    /// The profile goes beside the ledger below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,

    #[command(flatten)]
    worker: WorkerLimits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LaneChoice {
    Cold,
    Hot,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClassChoice {
    Memory,
    Compute,
    Latency,
}

pub(super) fn profile(arguments: &ProfileArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let task = Task::load(context.project.root(), &arguments.task)?;
    if !task.rows.iter().any(|row| row.id == arguments.row) {
        return Err(Failure::Usage(format!(
            "task `{}` has no row `{}`; `kda show {}` lists its rows",
            task.name, arguments.row, task.name
        )));
    }
    let can_build = context.toolchain.can_build_cuda(&context.project);
    let machine = Machine::find(arguments.gpu, can_build)?;
    if machine.is_emulated() {
        return Err(SessionError::from(ProfileError::Emulated).into());
    }
    let found = nsight_compute().ok_or(SessionError::from(ProfileError::NoProfiler))?;
    let profiler = Profiler {
        program: found.0,
        version: found.1,
    };
    terminal.remark(&format!("{}: {}", task.name, machine.describe()))?;
    let folder = arguments.ledger.clone();
    let folder = folder.unwrap_or_else(|| context.project.root().join("ledger"));
    let ledger = folder
        .join(machine.name())
        .join(format!("{}.toml", task.name));
    let entries = match ledger.is_file() {
        true => Ledger::at(&ledger).load()?,
        false => Vec::new(),
    };
    let exactly =
        Pattern::new(&Pattern::escape(&arguments.row)).expect("an escaped id should be a pattern");
    let options = RunOptions {
        depth: Depth::Check,
        selection: Selection {
            rows: Some(exactly),
            set: None,
        },
        seed: rand::random(),
        limit: Duration::from_secs(arguments.limit),
        memory_bytes: arguments.worker.memory_bytes(),
        confinement: arguments.worker.confinement(),
        blind: Vec::new(),
        command: command_line(),
        interrupted: interrupt_flag(),
    };
    let mut record = Profile {
        project: &context.project,
        toolchain: &context.toolchain,
        task: &task,
        machine: &machine,
        options: &options,
        profiler: &profiler,
        class: class(arguments, &entries),
        lane: arguments.lane(),
    }
    .run()?;
    record.entry = entry_of(&record, &entries);
    let path = record.save(&ledger).map_err(SessionError::from)?;
    show(arguments, &record, &path, terminal)?;
    Ok(exit_codes::PASSED)
}

fn show(
    arguments: &ProfileArguments,
    record: &ProfileRecord,
    path: &Path,
    terminal: &Terminal,
) -> std::io::Result<()> {
    if arguments.json {
        return terminal.json(|out| json::profile(record, path, out));
    }
    let view = report::profile(record, terminal.color());
    terminal.result(&format!("{view}profiled: {}", path.display()))
}

impl ProfileArguments {
    fn lane(&self) -> Lane {
        match self.lane {
            LaneChoice::Cold => Lane::Cold,
            LaneChoice::Hot => Lane::Hot,
        }
    }
}

/// As asked for, or what bounds the row by the newest entry that says it.
fn class(arguments: &ProfileArguments, entries: &[Entry]) -> BoundClass {
    match arguments.class {
        Some(ClassChoice::Memory) => return BoundClass::Memory,
        Some(ClassChoice::Compute) => return BoundClass::Compute,
        Some(ClassChoice::Latency) => return BoundClass::Latency,
        None => {}
    }
    let mut rows = entries.iter().rev().flat_map(|entry| &entry.rows);
    rows.find_map(|row| {
        let bound = row.bound.filter(|_| row.id == arguments.row)?;
        Some(bound.class)
    })
    .unwrap_or(BoundClass::Memory)
}

/// The newest entry of the same two sources.
fn entry_of(record: &ProfileRecord, entries: &[Entry]) -> Option<String> {
    let is_same = |entry: &&Entry| {
        entry.provenance.baseline_source == record.baseline_source
            && entry.provenance.candidate_source == record.candidate_source
    };
    let newest = entries.iter().rev().find(is_same)?;
    Some(newest.id.clone())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::ledger::sample as ledger_sample;
    use crate::profile::sample;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: ProfileArguments,
    }

    fn parsed(more: &[&str]) -> ProfileArguments {
        let row = "qwen_s4096_c3072_bcast11";
        let words = [&["kda", "demo", "--row", row], more].concat();
        Line::try_parse_from(words)
            .expect("the line is whole")
            .arguments
    }

    #[test]
    fn the_class_is_the_newest_entrys_unless_one_is_asked_for() {
        let mut newest = ledger_sample::entry();
        let older = newest.clone();
        let bound = newest.rows[0].bound.as_mut().expect("the sample has one");
        bound.class = BoundClass::Latency;
        let entries = [older, newest];
        assert_eq!(class(&parsed(&[]), &entries), BoundClass::Latency);
        assert_eq!(
            class(&parsed(&["--class", "compute"]), &entries),
            BoundClass::Compute
        );
        assert_eq!(class(&parsed(&[]), &[]), BoundClass::Memory);
    }

    #[test]
    fn the_entry_is_the_newest_of_the_same_sources() {
        let record = sample::record();
        let same = ledger_sample::entry();
        let mut other = same.clone();
        (other.id, other.provenance.baseline_source) = ("other".to_owned(), "00".repeat(32));
        let found = entry_of(&record, &[same.clone(), other.clone()]);
        assert_eq!(found.as_ref(), Some(&same.id));
        assert_eq!(entry_of(&record, &[other]), None);
    }
}
