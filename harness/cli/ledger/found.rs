//! One entry, looked for in many ledgers.

use std::path::{Path, PathBuf};

use super::selection::ledgers;
use crate::cli::exit::Failure;
use crate::ledger::{Entry, Ledger};
use crate::toolchain::Project;

/// An entry and where it stands.
#[derive(Debug)]
pub(in crate::cli) struct Found {
    /// Ledgers lie in it, one below it for each GPU.
    pub(in crate::cli) folder: PathBuf,
    pub(in crate::cli) entry: Entry,
}

/// The entry whose id begins or ends with `name`: of one task where it is named, of one folder below the ledgers where
/// that is, and below the given folder or the project's two.
pub(in crate::cli) fn find_entry(
    task: Option<&str>,
    name: &str,
    gpu: Option<&str>,
    given: Option<&Path>,
) -> Result<Found, Failure> {
    let mut found = Vec::new();
    let folders = folders(given)?;
    for folder in &folders {
        for path in ledgers(folder)? {
            let is = |part: Option<&std::ffi::OsStr>, wanted: Option<&str>| {
                wanted.is_none_or(|wanted| part.is_some_and(|part| part == wanted))
            };
            let of_gpu = path.parent().and_then(Path::file_name);
            if !(is(path.file_stem(), task) && is(of_gpu, gpu)) {
                continue;
            }
            let opened = Ledger::at(&path).open()?;
            for place in opened.places_of(name) {
                found.push((folder, opened.entry(place)?));
            }
        }
    }
    let shown: Vec<String> = folders.iter().map(|at| at.display().to_string()).collect();
    match found.len() {
        1 => {
            let (folder, entry) = found.remove(0);
            let folder = folder.clone();
            Ok(Found { folder, entry })
        }
        0 => Err(Failure::Usage(format!(
            "no entry{} begins or ends with `{name}` below {}; `kda ledger show TASK --history` lists a task's entries",
            task.map(|task| format!(" of task `{task}`"))
                .unwrap_or_default(),
            shown.join(" and ")
        ))),
        _ => {
            let ids = found
                .iter()
                .map(|(_, entry)| format!("{} of {}", entry.id, entry.task));
            Err(Failure::Usage(format!(
                "more than one entry begins or ends with `{name}`: {}; give more of its id, or its task",
                ids.collect::<Vec<_>>().join(", ")
            )))
        }
    }
}

/// Emulated runs are kept apart.
fn folders(given: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    if let Some(folder) = given {
        return Ok(vec![folder.to_owned()]);
    }
    let project = Project::discover()?;
    Ok(vec![
        project.root().join("ledger"),
        project.scratch_dir().join("ledger"),
    ])
}
