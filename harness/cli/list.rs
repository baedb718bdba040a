//! `kda list`.

use super::Outcome;
use super::arguments::ListArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::report::{self, json};
use crate::task::{Task, TaskError, names};

pub(super) fn list(arguments: &ListArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let root = context.project.root();
    let tasks = names(root)?
        .iter()
        .map(|name| Task::load(root, name))
        .collect::<Result<Vec<_>, TaskError>>()?;
    match arguments.json {
        true => terminal.json(|out| json::tasks(&tasks, out))?,
        false => terminal.result(&report::tasks(&tasks, terminal.color()))?,
    }
    Ok(exit_codes::PASSED)
}
