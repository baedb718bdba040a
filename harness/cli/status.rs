//! `kda status`.

use std::path::PathBuf;

use clap::Args;

use super::Outcome;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::ledger::folder;
use super::terminal::Terminal;
use crate::brief::TaskStatus;
use crate::ledger::Ledger;
use crate::report::{self, json};
use crate::task::{Task, TaskError, names};
use crate::toolchain::GPU_PROFILES;

#[derive(Args, Debug)]
pub(super) struct StatusArguments {
    /// Folder below the ledgers: a GPU profile, or emulated
    #[arg(long, default_value = "h100")]
    gpu: String,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    json: bool,

    /// Ledgers below this folder; ledger/ by default
    #[arg(long, value_name = "DIR")]
    ledger: Option<PathBuf>,
}

pub(super) fn status(arguments: &StatusArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let root = context.project.root();
    let ledgers = folder(arguments.ledger.as_deref(), &arguments.gpu)?.join(&arguments.gpu);
    if !ledgers.is_dir() {
        known(&arguments.gpu)?;
    }
    let tasks = names(root)?
        .iter()
        .map(|name| Task::load(root, name))
        .collect::<Result<Vec<_>, TaskError>>()?;
    let of = |task: &Task| -> Result<TaskStatus, Failure> {
        let path = ledgers.join(format!("{}.toml", task.name));
        let opened = match path.is_file() {
            true => Some(Ledger::at(&path).open()?),
            false => None,
        };
        Ok(TaskStatus::gather(&context.project, task, opened.as_ref())?)
    };
    let found = tasks.iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let found = TaskStatus::in_order_of_work(found);
    match arguments.json {
        true => terminal.json(|out| json::status(&found, out))?,
        false => terminal.result(&report::status(&found, terminal.color()))?,
    }
    Ok(exit_codes::PASSED)
}

/// Refuses a GPU that neither has a ledger nor a profile: nothing was ever measured on a misspelt one.
pub(super) fn known(gpu: &str) -> Result<(), Failure> {
    let mut profiles = GPU_PROFILES.iter().map(|profile| profile.name);
    if gpu == "emulated" || profiles.any(|name| name == gpu) {
        return Ok(());
    }
    let names: Vec<&str> = GPU_PROFILES.iter().map(|profile| profile.name).collect();
    Err(Failure::Usage(format!(
        "no run on `{gpu}` is recorded, and no GPU profile has that name; --gpu takes emulated, {}",
        names.join(", ")
    )))
}
