//! `kda new`.

use super::Outcome;
use super::arguments::NewArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::scaffold::scaffold;

pub(super) fn new(arguments: &NewArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let name = &arguments.task;
    let folder = scaffold(context.project.root(), name)?;
    let shown = folder
        .strip_prefix(context.project.root())
        .unwrap_or(&folder);
    terminal.result(&format!(
        "{}: a vector add to begin from; `kda check {name}` judges it, docs/quickstart.md makes another kernel of it, and \
         docs/contract.md explains every key",
        shown.display()
    ))?;
    Ok(exit_codes::PASSED)
}
