//! `kda ledger`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::arguments::{LedgerArguments, LedgerCommand};
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::ledger::{Entry, Ledger};
use crate::report::{self, Recorded, json};

pub(super) fn ledger(arguments: &LedgerArguments, terminal: &Terminal) -> Outcome {
    match &arguments.command {
        LedgerCommand::Show {
            task,
            gpu,
            history,
            ledger,
            json: as_json,
        } => {
            let (path, entries) = load(task, gpu, ledger.as_deref())?;
            let newest = entries
                .last()
                .ok_or_else(|| Failure::Usage(format!("{} has no entry", path.display())))?;
            match (history, as_json) {
                (true, true) => terminal.json(|out| json::history(&entries, out))?,
                (true, false) => terminal.result(&report::history(&entries, terminal.color()))?,
                (false, true) => {
                    terminal.json(|out| json::run(newest, Recorded::In(&path), out))?
                }
                (false, false) => {
                    terminal.result(&report::run(newest, Recorded::In(&path), terminal.color()))?
                }
            }
            Ok(exit_codes::PASSED)
        }
        LedgerCommand::Diff {
            task,
            before,
            after,
            gpu,
            ledger,
        } => {
            let (path, entries) = load(task, gpu, ledger.as_deref())?;
            let after = chosen(&entries, after.as_deref(), 1, &path)?;
            let before = chosen(&entries, before.as_deref(), 2, &path)?;
            terminal.result(&report::difference(before, after, terminal.color()))?;
            Ok(exit_codes::PASSED)
        }
        LedgerCommand::Verify { ledger, json } => {
            verify(&folder(ledger.as_deref(), "")?, *json, terminal)
        }
    }
}

/// A task's ledger on a GPU, and where it is.
pub(super) fn load(
    task: &str,
    gpu: &str,
    given: Option<&Path>,
) -> Result<(PathBuf, Vec<Entry>), Failure> {
    let path = folder(given, gpu)?.join(gpu).join(format!("{task}.toml"));
    if !path.is_file() {
        return Err(Failure::Usage(format!(
            "no ledger is at {}: name another --gpu or --ledger, or make it with `kda bench {task}`",
            path.display()
        )));
    }
    let entries = Ledger::at(&path).load()?;
    Ok((path, entries))
}

/// The entry whose id begins or ends with `name`; without a name, the one that many from the end.
pub(super) fn chosen<'a>(
    entries: &'a [Entry],
    name: Option<&str>,
    from_end: usize,
    path: &Path,
) -> Result<&'a Entry, Failure> {
    let Some(name) = name else {
        let at = entries.len().checked_sub(from_end);
        return at.and_then(|at| entries.get(at)).ok_or_else(|| {
            Failure::Usage(format!(
                "{} has {} entries, and a difference takes two",
                path.display(),
                entries.len()
            ))
        });
    };
    let mut found = entries
        .iter()
        .filter(|entry| entry.id.starts_with(name) || entry.id.ends_with(name));
    match (found.next(), found.next()) {
        (Some(entry), None) => Ok(entry),
        (None, _) => Err(Failure::Usage(format!(
            "no entry of {} begins or ends with `{name}`; `kda ledger show TASK --history` lists them",
            path.display()
        ))),
        (Some(_), Some(_)) => Err(Failure::Usage(format!(
            "more than one entry of {} begins or ends with `{name}`; give more of its id",
            path.display()
        ))),
    }
}

/// The given folder, or the project's; emulated runs are kept apart.
pub(super) fn folder(given: Option<&Path>, gpu: &str) -> Result<PathBuf, Failure> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let project = Context::find()?.project;
    Ok(match gpu {
        "emulated" => project.scratch_dir().join("ledger"),
        _ => project.root().join("ledger"),
    })
}

fn verify(folder: &Path, as_json: bool, terminal: &Terminal) -> Outcome {
    let found = ledgers(folder)?
        .iter()
        .map(|path| Ledger::at(path).verify())
        .collect::<Result<Vec<_>, _>>()?;
    if as_json {
        terminal.json(|out| json::verifications(&found, out))?;
    } else if found.is_empty() {
        terminal.result(&format!("no ledger below {}", folder.display()))?;
    } else {
        let views: Vec<String> = found
            .iter()
            .map(|one| report::verification(one, terminal.color()))
            .collect();
        terminal.result(&views.concat())?;
    }
    let whole = found
        .iter()
        .all(|verification| verification.fault.is_none());
    Ok(if whole {
        exit_codes::PASSED
    } else {
        exit_codes::LEDGER
    })
}

/// `<folder>/<gpu>/<task>.toml`, sorted.
fn ledgers(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    if !folder.is_dir() {
        return Ok(paths);
    }
    for gpu in fs::read_dir(folder)? {
        let gpu = gpu?.path();
        if gpu.is_dir() {
            for file in fs::read_dir(gpu)? {
                let file = file?.path();
                if file
                    .extension()
                    .is_some_and(|extension| extension == "toml")
                {
                    paths.push(file);
                }
            }
        }
    }
    paths.sort();
    Ok(paths)
}
