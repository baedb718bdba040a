//! `kda report`.

use super::Outcome;
use super::arguments::ReportArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::ledger::{Entry, Ledger};
use crate::report::{self, TaskEntry};
use crate::task::{Task, TaskError, names};

pub(super) fn report(arguments: &ReportArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let root = context.project.root();
    let ledgers = arguments
        .ledger
        .clone()
        .unwrap_or_else(|| root.join("ledger"))
        .join(&arguments.gpu);
    if !ledgers.is_dir() {
        return Err(Failure::Usage(format!(
            "no run on `{}` is recorded ({} does not exist); --gpu names another GPU",
            arguments.gpu,
            ledgers.display()
        )));
    }
    let tasks = names(root)?
        .iter()
        .map(|name| Task::load(root, name))
        .collect::<Result<Vec<_>, TaskError>>()?;
    let newest = |task: &Task| -> Result<Option<Entry>, Failure> {
        let path = ledgers.join(format!("{}.toml", task.name));
        Ok(match path.is_file() {
            true => Ledger::at(&path).open()?.newest()?,
            false => None,
        })
    };
    let entries = tasks.iter().map(newest).collect::<Result<Vec<_>, _>>()?;
    let lines: Vec<TaskEntry> = tasks
        .iter()
        .zip(&entries)
        .map(|(task, entry)| TaskEntry {
            task,
            entry: entry.as_ref(),
        })
        .collect();
    terminal.result(&match arguments.markdown {
        true => report::summary_markdown(&lines),
        false => report::summary(&lines, terminal.color()),
    })?;
    Ok(exit_codes::PASSED)
}
