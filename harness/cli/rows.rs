//! `kda rows`.

mod epoch;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::Outcome;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::rows_arguments::{ImportArguments, RowsArguments, RowsCommand};
use super::terminal::Terminal;
use crate::capture::{self, Call, Request, Review};
use crate::report::{self, Import, json};
use crate::task::{self, Task};
use crate::toolchain::Project;

pub(super) fn rows(arguments: &RowsArguments, terminal: &Terminal) -> Outcome {
    let RowsCommand::Import(arguments) = &arguments.command;
    import(arguments, terminal)
}

fn import(arguments: &ImportArguments, terminal: &Terminal) -> Outcome {
    let project = Context::find()?.project;
    let request = arguments.request();
    let named = arguments.task.as_deref();
    let named = named.map(|name| Task::load(project.root(), name));
    let named = named.transpose()?;
    let calls = capture::read(&arguments.file, arguments.format())?;
    let task = match named {
        Some(task) => task,
        None => task_of(&project, &calls, &request)?,
    };
    if let Some(entry) = &request.entry
        && task.contract.entry(entry).is_none()
    {
        return Err(usage(format!(
            "the contract of {} has no entry `{entry}`; it has {}",
            task.name,
            entries(&task)
        )));
    }
    let review = Review::of(&task, &calls, &request)?;
    if review.calls == 0 {
        return Err(no_calls(&task, arguments, &review));
    }
    let epoch = match arguments.new_epoch {
        true => Some(epoch::open(&project, &task, arguments, &review)?),
        false => None,
    };
    let rows = report::proposed_rows(&review.proposals);
    let output = arguments.output.as_deref().filter(|_| !rows.is_empty());
    if let Some(path) = output {
        write_new(path, &rows)?;
    }
    let import = Import {
        file: &arguments.file,
        task: &task.name,
        review: &review,
        output,
        epoch: epoch.as_ref(),
    };
    match (arguments.json, arguments.output.is_some()) {
        (true, _) => terminal.json(|out| json::import(&import, out))?,
        (false, wants_file) => terminal.result(&in_words(&import, wants_file))?,
    }
    Ok(exit_codes::PASSED)
}

/// For a reader; where the rows go to stdout, the findings are comments in front of them.
fn in_words(import: &Import, wants_file: bool) -> String {
    let review = report::review(import.review);
    if let Some(epoch) = import.epoch {
        return review + &report::new_epoch(import.task, epoch);
    }
    let about = format!("{} for {}\n{review}", import.file.display(), import.task);
    match import.output {
        Some(path) => {
            let number = import.review.proposals.len();
            format!("{about}{number} proposed in {}", path.display())
        }
        None if wants_file => format!("{about}nothing new to propose, so no file"),
        None => {
            let about: String = about.lines().map(|line| format!("# {line}\n")).collect();
            about + &report::proposed_rows(&import.review.proposals)
        }
    }
}

/// The only task with an entry that was called.
fn task_of(project: &Project, calls: &[Call], request: &Request) -> Result<Task, Failure> {
    let mut found = Vec::new();
    for name in task::names(project.root())? {
        let task = Task::load(project.root(), &name)?;
        if capture::takes(&task, calls, request) {
            found.push(task);
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(usage(format!(
            "no task has an entry named as an operation of the capture ({}): name one with --task, and the operation \
             with --op",
            most_called(calls)
        ))),
        _ => {
            let names: Vec<&str> = found.iter().map(|task| task.name.as_str()).collect();
            Err(usage(format!(
                "the capture has calls of the tasks {}: name one with --task",
                names.join(", ")
            )))
        }
    }
}

fn no_calls(task: &Task, arguments: &ImportArguments, review: &Review) -> Failure {
    let mut others: Vec<_> = review.others.iter().collect();
    others.sort_by_key(|(_, calls)| u64::MAX - **calls);
    let others: Vec<&str> = others
        .iter()
        .take(10)
        .map(|(name, _)| name.as_str())
        .collect();
    usage(format!(
        "{} has no call of {} (entries {}): say which operation is it with --op, and with --entry where there are \
         more; it has {}",
        arguments.file.display(),
        task.name,
        entries(task),
        others.join(", ")
    ))
}

fn most_called(calls: &[Call]) -> String {
    let names: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    let shown: Vec<&str> = names.iter().take(10).copied().collect();
    match names.len().checked_sub(shown.len()) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

fn entries(task: &Task) -> String {
    let entries = task.contract.entries.iter();
    let names: Vec<&str> = entries.map(|entry| entry.name.as_str()).collect();
    names.join(", ")
}

/// A file that is there may be somebody's review.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    let mut file = file.map_err(|error| {
        usage(format!(
            "writing {}: {error}; name a file that is not there yet, in a folder that is",
            path.display()
        ))
    })?;
    file.write_all(text.trim_start().as_bytes())
        .map_err(at(path))
}

/// What could not be read or written, and that nothing was changed.
fn at(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |error| {
        usage(format!(
            "{}: {error}; make it a file that can be written, and import again",
            path.display()
        ))
    }
}

fn usage(text: String) -> Failure {
    Failure::Usage(text)
}
