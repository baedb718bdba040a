//! Where a run's dumps lie.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::dump::{CrashDump, CrashError};

/// Dumps that stay in the folder: the newest.
const KEPT_DUMPS: usize = 500;

/// A folder of dumps; created with the first of them.
pub struct CrashFolder(pub PathBuf);

impl CrashFolder {
    /// Writes `<run>-<task>-<row>.toml`; a row that is lost twice in a run gets a number.
    ///
    /// # Errors
    ///
    /// [`CrashError::Io`] where the file cannot be written.
    pub fn keep(&self, dump: &CrashDump) -> Result<PathBuf, CrashError> {
        let failed = |path: &Path, source| CrashError::Io {
            action: "write",
            path: path.to_owned(),
            source,
        };
        let text = dump
            .text()
            .map_err(|error| failed(&self.0, io::Error::other(error)))?;
        fs::create_dir_all(&self.0).map_err(|source| failed(&self.0, source))?;
        let name = plain(&format!("{}-{}-{}", dump.run, dump.task, dump.row));
        let mut number = 1;
        loop {
            let path = self.0.join(match number {
                1 => format!("{name}.toml"),
                more => format!("{name}.{more}.toml"),
            });
            let written =
                fs::File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            match written {
                Ok(()) => {
                    prune(&self.0).map_err(|source| failed(&self.0, source))?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(failed(&path, source)),
            }
        }
    }
}

/// Ids of grid cases hold slashes and more.
fn plain(name: &str) -> String {
    name.replace(
        |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)),
        "_",
    )
}

/// Names begin with the run's time, so that the oldest sort first.
fn prune(folder: &Path) -> io::Result<()> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    paths.sort();
    let surplus = paths.len().saturating_sub(KEPT_DUMPS);
    for path in &paths[..surplus] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            // Another run may have pruned it first.
            _ => {}
        }
    }
    Ok(())
}
