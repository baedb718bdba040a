//! `kda list`.

use super::Outcome;
use super::arguments::ListArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::report::{self, TaskLine};
use crate::task::{Task, names};

pub(super) fn list(arguments: &ListArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let mut lines = Vec::new();
    for name in names(context.project.root())? {
        let task = Task::load(context.project.root(), &name)?;
        lines.push(TaskLine {
            name,
            summary: task.contract.summary.clone(),
            production_rows: task.rows.iter().filter(|row| row.production).count(),
            riders: task.rows.iter().filter(|row| !row.production).count(),
            grid_cases: task.grid.len(),
            sets: task
                .contract
                .sets
                .iter()
                .map(|set| set.name.clone())
                .collect(),
            contract_hash: task.contract_hash.clone(),
        });
    }
    terminal.result(&match arguments.json {
        true => report::tasks_json(&lines),
        false => report::tasks(&lines),
    })?;
    Ok(exit_codes::PASSED)
}
