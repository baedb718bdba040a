//! `kda calibrate`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::Outcome;
use super::arguments::{RunArguments, Tasks};
use super::bench::{command_line, interrupt_flag, leave_cores_to_workers};
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::ledger::CalibrationRecord;
use crate::report;
use crate::session::{self, Depth, GpuChoice, Machine, RunOptions, Selection};
use crate::task::Task;

#[derive(Args, Debug)]
pub(super) struct CalibrateArguments {
    #[command(flatten)]
    pub(super) tasks: Tasks,

    /// auto (the visible GPU, or else emulated), emulated, or a GPU: h100, h200, b200, b300, rtx5090, ...
    #[arg(long, default_value = "auto", value_parser = super::arguments::parse_gpu)]
    pub(super) gpu: GpuChoice,

    /// Only rows whose id matches this glob
    #[arg(long, value_name = "GLOB")]
    pub(super) rows: Option<glob::Pattern>,

    /// Keep it below this folder; ledger/ by default, target/kda/ledger/ for emulated runs
    #[arg(long, value_name = "DIR")]
    pub(super) ledger: Option<PathBuf>,
}

pub(super) fn calibrate(arguments: &CalibrateArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let can_build = context.toolchain.can_build_cuda(&context.project);
    let machine = Machine::find(arguments.gpu, can_build)?;
    let folder = match (&arguments.ledger, machine.is_emulated()) {
        (Some(folder), _) => folder.clone(),
        (None, true) => context.project.scratch_dir().join("ledger"),
        (None, false) => context.project.root().join("ledger"),
    };
    let interrupted = interrupt_flag();
    leave_cores_to_workers();
    let mut calibrations = Vec::new();
    for name in context.task_names(&arguments.tasks)? {
        let task = Task::load(context.project.root(), &name)?;
        terminal.remark(&format!("{name}: {}", machine.describe()))?;
        let options = RunOptions {
            depth: Depth::Full,
            selection: Selection {
                rows: arguments.rows.clone(),
                set: None,
            },
            seed: rand::random(),
            limit: Duration::from_secs(RunArguments::LIMIT_SECONDS),
            blind: Vec::new(),
            memory_bytes: crate::worker::default_memory_limit(),
            confinement: crate::worker::Confinement::BestEffort,
            command: command_line(),
            interrupted: Arc::clone(&interrupted),
        };
        let progress = terminal.progress();
        let record = session::calibrate(
            &context.project,
            &context.toolchain,
            &task,
            &machine,
            &options,
            &progress,
        )?;
        record.write(&CalibrationRecord::path(
            &folder.join(machine.name()),
            &name,
        ))?;
        calibrations.push(record);
    }
    terminal.result(&report::calibrations(&calibrations, terminal.color()))?;
    Ok(exit_codes::PASSED)
}
