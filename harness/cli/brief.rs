//! `kda brief`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::context::Context;
use super::exit::exit_codes;
use super::ledger::folder;
use super::status::known;
use super::terminal::Terminal;
use crate::brief::Brief;
use crate::ledger::Ledger;
use crate::report::{self, json};
use crate::task::Task;

#[derive(Args, Debug)]
pub(super) struct BriefArguments {
    /// Task name
    task: String,

    /// Folder below the ledgers: a GPU profile, or emulated
    #[arg(long, default_value = "h100")]
    gpu: String,

    /// JSON lines on stdout instead of Markdown (docs/json.md)
    #[arg(long)]
    json: bool,

    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

pub(super) fn brief(arguments: &BriefArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let task = Task::load(context.project.root(), &arguments.task)?;
    let ledgers = folder(arguments.ledger.as_deref(), &arguments.gpu)?.join(&arguments.gpu);
    if !ledgers.is_dir() {
        known(&arguments.gpu)?;
    }
    let path = ledgers.join(format!("{}.toml", task.name));
    let opened = match path.is_file() {
        true => Some(Ledger::at(&path).open()?),
        false => None,
    };
    let found = Brief::gather(&context.project, task, &arguments.gpu, opened.as_ref())?;
    match arguments.json {
        true => terminal.json(|out| json::brief(&found, out))?,
        false => terminal.result(&report::brief(&found))?,
    }
    Ok(exit_codes::PASSED)
}
