//! `kda report`.

mod arguments;

use std::fs;
use std::io;
use std::path::Path;

use super::Outcome;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::ledger::{folder, named, open_task};
use super::terminal::Terminal;
use crate::ledger::{Entry, Ledger, RawSamples, SamplesError};
use crate::profile::stored_profiles;
use crate::report::{self, Raw, Recorded, Related, TaskEntry, json};
use crate::task::{Task, TaskError, names};

pub(super) use arguments::ReportArguments;

pub(super) fn report(arguments: &ReportArguments, terminal: &Terminal) -> Outcome {
    match &arguments.task {
        Some(task) => of_task(task, arguments, terminal)?,
        None => of_all(arguments, terminal)?,
    }
    Ok(exit_codes::PASSED)
}

/// One entry of one task.
fn of_task(task: &str, arguments: &ReportArguments, terminal: &Terminal) -> Result<(), Failure> {
    let opened = open_task(task, &arguments.gpu, arguments.ledger.as_deref())?;
    let path = opened.path();
    let entry = match &arguments.entry {
        Some(name) => Some(opened.entry(named(&opened, name)?)?),
        None => opened.newest_where(|_| true)?,
    };
    let entry = &entry.ok_or_else(|| Failure::Usage(format!("{} has no entry", path.display())))?;
    let related = Related {
        again: &opened.replications_of(&entry.id)?,
        profiles: &stored_profiles(path, entry),
    };
    let format = &arguments.format;
    if format.json {
        terminal.json(|out| json::shown(entry, related, Recorded::In(path), out))?;
    } else if format.markdown {
        terminal.result(&report::run_markdown(entry, related, &arguments.gpu))?;
    } else if format.html {
        let samples = samples(entry, path, terminal)?;
        let raw = match (&samples, &entry.samples) {
            (Some(read), _) => Raw::Read(read),
            (None, Some(named)) => Raw::Missing(&named.file),
            (None, None) => Raw::NotKept,
        };
        let page = report::entry_html(entry, related, &arguments.gpu, raw);
        page_to(&page, arguments.output.as_deref(), terminal)?;
    } else {
        let view = report::run(entry, Recorded::In(path), terminal.color());
        terminal.result(&(view + &report::related(related, terminal.color())))?;
    }
    Ok(())
}

/// The entry's raw samples; a file that is not there is a remark, one that was changed a failure.
fn samples(
    entry: &Entry,
    ledger: &Path,
    terminal: &Terminal,
) -> Result<Option<RawSamples>, Failure> {
    let Some(named) = &entry.samples else {
        return Ok(None);
    };
    match RawSamples::of(ledger, named) {
        Ok(samples) => Ok(Some(samples)),
        Err(missing @ SamplesError::Missing { .. }) => {
            terminal.remark(&format!("warning: {missing}: the page has no time lines"))?;
            Ok(None)
        }
        Err(other) => Err(other.into()),
    }
}

/// The newest entry of every task.
fn of_all(arguments: &ReportArguments, terminal: &Terminal) -> Result<(), Failure> {
    let context = Context::find()?;
    let root = context.project.root();
    let ledgers = folder(arguments.ledger.as_deref(), &arguments.gpu)?.join(&arguments.gpu);
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
            true => Ledger::at(&path).open()?.newest_where(|_| true)?,
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
    let format = &arguments.format;
    if format.json {
        terminal.json(|out| json::summary(&lines, out))?;
    } else if format.markdown {
        terminal.result(&report::summary_markdown(&lines))?;
    } else if format.html {
        let page = report::summary_html(&lines, &arguments.gpu);
        page_to(&page, arguments.output.as_deref(), terminal)?;
    } else {
        terminal.result(&report::summary(&lines, terminal.color()))?;
    }
    Ok(())
}

/// To the file, which is then named on stderr, or to stdout.
fn page_to(page: &str, output: Option<&Path>, terminal: &Terminal) -> Result<(), Failure> {
    let Some(path) = output else {
        return Ok(terminal.result(page)?);
    };
    fs::write(path, page).map_err(|error| {
        let tried = format!(
            "cannot write `{}` ({error}); --output names another file",
            path.display()
        );
        io::Error::new(error.kind(), tried)
    })?;
    Ok(terminal.remark(&format!("wrote {}", path.display()))?)
}
