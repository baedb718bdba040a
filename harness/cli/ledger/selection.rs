//! Which ledgers and which of their entries a command is about.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::arguments::LedgerOf;
use crate::cli::exit::Failure;
use crate::ledger::{Ledger, Opened};
use crate::toolchain::Project;

/// The name of the emulated device's folder, which lies elsewhere.
const EMULATED: &str = "emulated";

/// The ledger that a command names.
pub(super) fn open(of: &LedgerOf) -> Result<Opened, Failure> {
    open_task(&of.task, &of.place.gpu, of.place.ledger.as_deref())
}

/// A task's ledger on a GPU, its chain followed.
pub(in crate::cli) fn open_task(
    task: &str,
    gpu: &str,
    given: Option<&Path>,
) -> Result<Opened, Failure> {
    let path = folder(given, gpu)?.join(gpu).join(format!("{task}.toml"));
    if !path.is_file() {
        return Err(Failure::Usage(format!(
            "no ledger is at {}: name another --gpu or --ledger, or make it with `kda bench {task}`",
            path.display()
        )));
    }
    Ok(Ledger::at(&path).open()?)
}

/// Place of the entry whose id begins or ends with `name`.
pub(in crate::cli) fn named(opened: &Opened, name: &str) -> Result<usize, Failure> {
    let path = opened.path().display();
    match opened.places_of(name).as_slice() {
        [place] => Ok(*place),
        [] => Err(Failure::Usage(format!(
            "no entry of {path} begins or ends with `{name}`; `kda ledger show TASK --history` lists them"
        ))),
        _ => Err(Failure::Usage(format!(
            "more than one entry of {path} begins or ends with `{name}`; give more of its id"
        ))),
    }
}

/// The given folder, or the project's; emulated runs are kept apart.
pub(in crate::cli) fn folder(given: Option<&Path>, gpu: &str) -> Result<PathBuf, Failure> {
    if let Some(folder) = given {
        return Ok(folder.to_owned());
    }
    let project = Project::discover()?;
    Ok(match gpu {
        EMULATED => project.scratch_dir().join("ledger"),
        _ => project.root().join("ledger"),
    })
}

/// `<folder>/<gpu>/<task>.toml`, sorted.
pub(super) fn ledgers(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
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
