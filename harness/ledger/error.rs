//! What can go wrong with a ledger, and what to do then.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use miette::{Diagnostic, NamedSource, SourceSpan};
use thiserror::Error;

use super::printable::printable;
use super::{Fault, SCHEMA_VERSION};

#[derive(Debug, Error, Diagnostic)]
pub enum LedgerError {
    #[error("cannot {action} `{}`", path.display())]
    #[diagnostic(help(
        "the ledger is as it was; check that the folder exists, is yours to write, and has room"
    ))]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Corrupt(#[from] Box<CorruptLedger>),

    #[error(
        "ledger `{}` holds entries of schema {found}, and this version writes schema {SCHEMA_VERSION}",
        path.display()
    )]
    #[diagnostic(help("nothing was appended; use the newer kda that wrote them"))]
    NewerSchema { path: PathBuf, found: u32 },

    #[error("the entry cannot be written as TOML")]
    Unwritable(#[from] toml::ser::Error),
}

pub(super) fn io_error(action: &'static str, path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

/// A ledger whose text is not what was written, with the place that shows it.
#[derive(Debug, Error, Diagnostic)]
#[error("ledger `{}` is corrupt: {fault}", path.display())]
#[diagnostic(help(
    "nothing was appended; restore it with `git checkout -- {}`, or move it away to begin a new one",
    path.display()
))]
pub struct CorruptLedger {
    pub path: PathBuf,
    pub fault: Fault,
    #[source_code]
    toml: NamedSource<String>,
    #[label("here")]
    at: SourceSpan,
}

/// An entry that its ledger did not take, with its text, so that the run is not lost.
#[derive(Debug, Error, Diagnostic)]
#[error("run `{id}` of task `{task}` was not recorded")]
#[diagnostic(forward(cause))]
pub struct AppendError {
    #[source]
    pub cause: LedgerError,
    pub task: String,
    pub id: String,
    /// The entry as it would have been appended, without its chain.
    pub text: String,
}

impl CorruptLedger {
    /// What is wrong with the ledger at `path` that holds `text`.
    pub(super) fn new(path: &Path, text: &str, fault: Fault) -> Box<Self> {
        Box::new(Self {
            path: path.to_owned(),
            toml: NamedSource::new(path.to_string_lossy(), printable(text)),
            at: fault.at.clone().into(),
            fault,
        })
    }
}

impl AppendError {
    /// Writes the entry to `<task>.<id>.unsaved.toml` in `folder`, which is created if need be. A run that was saved
    /// there before keeps its file: the new one gets a number.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Io`] where that file cannot be written either.
    pub fn save_in(&self, folder: &Path) -> Result<PathBuf, LedgerError> {
        let failed = |path: &Path, source| io_error("write", path, source);
        fs::create_dir_all(folder).map_err(|source| failed(folder, source))?;
        let text = format!("# Not in any ledger: {self}.\n{}", self.text);
        let mut number = 1;
        loop {
            let path = folder.join(self.file_name(number));
            match File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes())) {
                Ok(()) => return Ok(path),
                Err(source) if source.kind() == io::ErrorKind::AlreadyExists => number += 1,
                Err(source) => return Err(failed(&path, source)),
            }
        }
    }

    fn file_name(&self, number: usize) -> String {
        let number = match number {
            1 => String::new(),
            more => format!(".{more}"),
        };
        format!("{}.{}{number}.unsaved.toml", self.task, self.id).replace(
            |c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)),
            "_",
        )
    }
}
