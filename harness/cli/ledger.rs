//! `kda ledger`.

use std::fs;
use std::path::{Path, PathBuf};

use super::Outcome;
use super::arguments::{LedgerArguments, LedgerCommand};
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::ledger::Ledger;
use crate::report::{self, Recorded};

pub(super) fn ledger(arguments: &LedgerArguments, terminal: &Terminal) -> Outcome {
    match &arguments.command {
        LedgerCommand::Show {
            task,
            gpu,
            history,
            ledger,
            json,
        } => {
            let path = folder(ledger.as_deref(), gpu)?
                .join(gpu)
                .join(format!("{task}.toml"));
            let entries = Ledger::at(&path).load()?;
            let newest = entries
                .last()
                .ok_or_else(|| Failure::Usage(format!("{} has no entry", path.display())))?;
            terminal.result(&match (history, json) {
                (true, true) => entries.iter().map(report::json).collect(),
                (true, false) => report::history(&entries, terminal.color()),
                (false, true) => report::json(newest),
                (false, false) => report::run(newest, Recorded::In(&path), terminal.color()),
            })?;
            Ok(exit_codes::PASSED)
        }
        LedgerCommand::Verify { ledger } => verify(&folder(ledger.as_deref(), "")?, terminal),
    }
}

/// The given folder, or the project's; emulated runs are kept apart.
fn folder(given: Option<&Path>, gpu: &str) -> Result<PathBuf, Failure> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let project = Context::find()?.project;
    Ok(match gpu {
        "emulated" => project.scratch_dir().join("ledger"),
        _ => project.root().join("ledger"),
    })
}

fn verify(folder: &Path, terminal: &Terminal) -> Outcome {
    let paths = ledgers(folder)?;
    if paths.is_empty() {
        terminal.result(&format!("no ledger below {}", folder.display()))?;
    }
    let mut code = exit_codes::PASSED;
    for path in paths {
        let verification = Ledger::at(&path).verify()?;
        if verification.fault.is_some() {
            code = exit_codes::LEDGER;
        }
        terminal.result(&report::verification(&verification, terminal.color()))?;
    }
    Ok(code)
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
