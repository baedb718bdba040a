//! `kda show`.

use super::Outcome;
use super::arguments::ShowArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::report::{self, json};
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
    match arguments.json {
        true => terminal.json(|out| json::contract(&task, &rows, out))?,
        false => terminal.result(&report::contract(&task, &rows, terminal.color()))?,
    }
    Ok(exit_codes::PASSED)
}
