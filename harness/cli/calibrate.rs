//! `kda calibrate`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::arguments::Tasks;
use super::exit::exit_codes;
use super::setup::Setup;
use super::terminal::Terminal;
use crate::ledger::CalibrationRecord;
use crate::report;
use crate::session::{self, Depth, GpuChoice, Selection};
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
    let setup = Setup::find(arguments.gpu)?;
    let Setup {
        context, machine, ..
    } = &setup;
    let folder = arguments.ledger.clone();
    let folder = folder.unwrap_or_else(|| setup.ledgers());
    let mut calibrations = Vec::new();
    for name in context.task_names(&arguments.tasks)? {
        let task = Task::load(context.project.root(), &name)?;
        terminal.remark(&format!("{name}: {}", machine.describe()))?;
        let selection = Selection {
            rows: arguments.rows.clone(),
            set: None,
        };
        let options = setup.options(Depth::Full, selection, rand::random());
        let progress = terminal.progress();
        let record = session::calibrate(
            &context.project,
            &context.toolchain,
            &task,
            machine,
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
