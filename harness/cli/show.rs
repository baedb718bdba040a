//! `kda show`.

use super::Outcome;
use super::arguments::ShowArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::report;
use crate::task::{Case, Task};

pub(super) fn show(arguments: &ShowArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let task = Task::load(context.project.root(), &arguments.task)?;
    let taken = |row: &&Case| {
        arguments
            .rows
            .as_ref()
            .is_none_or(|glob| glob.matches(&row.id))
    };
    let rows: Vec<&Case> = task.rows.iter().filter(taken).collect();
    terminal.result(&match arguments.json {
        true => report::contract_json(&task, &rows),
        false => report::contract(&task, &rows),
    })?;
    Ok(exit_codes::PASSED)
}
