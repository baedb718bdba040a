//! `kda attempt`.

use clap::{Args, Subcommand};

use super::Outcome;
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::ledger::PendingNote;
use crate::task::Task;

#[derive(Args, Debug)]
pub(super) struct AttemptArguments {
    #[command(subcommand)]
    command: AttemptCommand,
}

#[derive(Debug, Subcommand)]
enum AttemptCommand {
    /// Keep the hypothesis for the next entry of a task: what should be faster, and why
    Note(NoteArguments),
}

#[derive(Args, Debug)]
struct NoteArguments {
    /// Task name
    task: String,

    /// The hypothesis, in a sentence; it replaces the one that waits
    #[arg(required_unless_present_any = ["show", "clear"])]
    text: Option<String>,

    /// Print the note that waits for an entry
    #[arg(long, conflicts_with_all = ["text", "clear"])]
    show: bool,

    /// Drop the note that waits for an entry
    #[arg(long, conflicts_with = "text")]
    clear: bool,
}

pub(super) fn attempt(arguments: &AttemptArguments, terminal: &Terminal) -> Outcome {
    let AttemptCommand::Note(arguments) = &arguments.command;
    note(arguments, terminal)
}

fn note(arguments: &NoteArguments, terminal: &Terminal) -> Outcome {
    let project = Context::find()?.project;
    let task = Task::load(project.root(), &arguments.task)?.name;
    let note = PendingNote::of(&project.scratch_dir(), &task);
    let none = format!("no note waits for an entry of {task}");
    let text = match &arguments.text {
        None if arguments.show => note.read()?.unwrap_or(none),
        None => note
            .clear()?
            .map_or(none, |dropped| format!("dropped: {dropped}")),
        Some(text) => {
            let replaced = note
                .replace(text)?
                .map_or_else(String::new, |before| format!(", instead of: {before}"));
            format!("the next entry of {task} takes the note{replaced}")
        }
    };
    terminal.result(&text)?;
    Ok(exit_codes::PASSED)
}
