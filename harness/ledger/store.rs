//! One ledger file: appended to under a lock, and replaced as a whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::chain::seal;
use super::error::io_error;
use super::layout::entry_text;
use super::{AppendError, Entry, LedgerError, Opened};

const HEADER: &str = "\
# Runs of one task on one GPU, oldest first: an [[entry]] each, winning, losing or failed. Append only.
# Written by `kda bench`, checked by `kda ledger verify`: an entry's hash covers its text down to the last byte, this
# header included, and the hash of the entry before. Do not edit. docs/ledger.md says what the fields mean.
";

/// The ledger of one task on one GPU, `ledger/<gpu>/<task>.toml`. The file need not exist yet.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends `entry` and returns it as stored: floats rounded, texts printable, `previous` and `hash` filled in.
    ///
    /// Writers take turns by a lock on a hidden file beside the ledger. The whole file is written anew beside the old
    /// one, synced and renamed over it, so a killed writer leaves the ledger as it was.
    ///
    /// # Errors
    ///
    /// Nothing is appended, and the entry's text comes back, where the ledger's chain is broken, its newest entry has
    /// a newer schema, or a file cannot be written.
    pub fn append(&self, entry: &Entry) -> Result<Entry, Box<AppendError>> {
        let refused = |cause, text| {
            let (task, id) = (entry.task.clone(), entry.id.clone());
            Box::new(AppendError {
                cause,
                task,
                id,
                text,
            })
        };
        let text = entry_text(entry).map_err(|source| refused(source.into(), String::new()))?;
        self.append_text(&text)
            .map_err(|cause| refused(cause, text))
    }

    /// The ledger with its chain followed; entries are read when they are asked for.
    ///
    /// # Errors
    ///
    /// A file that is missing or cannot be read, or whose chain is broken: no part of a broken ledger is returned.
    pub fn open(&self) -> Result<Opened, LedgerError> {
        Opened::read(&self.path)
    }

    /// All entries, oldest first.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`], or an entry that cannot be read.
    pub fn load(&self) -> Result<Vec<Entry>, LedgerError> {
        let opened = self.open()?;
        opened.entries(0..opened.len())
    }

    fn append_text(&self, text: &str) -> Result<Entry, LedgerError> {
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(|source| io_error("create", folder, source))?;
        let _lock = self.lock()?;

        let mut opened = match self.open() {
            Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Opened::empty(&self.path)
            }
            opened => opened?,
        };
        opened.refuse_newer()?;
        let head = opened.head().unwrap_or_default().to_owned();
        let (sealed, hash) = match head.is_empty() {
            true => seal(&format!("{HEADER}{text}"), ""),
            false => seal(text, &head),
        };
        // Before it is written: what does not read back must not get in.
        let stored = opened.push(&sealed, head, hash)?;
        self.replace(opened.text())?;
        Ok(stored)
    }

    /// Waits for the lock, which is released on drop, or by the system when its holder dies.
    pub(super) fn lock(&self) -> Result<Lock, LedgerError> {
        let path = self.sibling(".lock");
        let is_new = !path.exists();
        loop {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)
                .and_then(|file| file.lock().map(|()| file))
                .map_err(|source| io_error("lock", &path, source))?;
            // Its holder may have removed it meanwhile: then the next one locks another file.
            if same_file(&file, &path) {
                return Ok(Lock { file, path, is_new });
            }
        }
    }

    /// Under the lock. What a killed writer left under the temporary name is overwritten.
    pub(super) fn replace(&self, text: &str) -> Result<(), LedgerError> {
        let new = self.sibling(".new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // Opened before the rename, after which little may fail: the entry is in.
            let folder = File::open(self.folder())?;
            fs::rename(&new, &self.path)?;
            folder.sync_all()
        };
        write().map_err(|source| {
            // Half a file is of no use, and on a full disk in the way. The next writer would overwrite it.
            let _ = fs::remove_file(&new);
            io_error("write", &self.path, source)
        })
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }

    /// `.<file name><suffix>` beside the ledger.
    fn sibling(&self, suffix: &str) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(self.path.file_name().unwrap_or_default());
        name.push(suffix);
        self.folder().join(name)
    }
}

/// The right to replace a ledger.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    is_new: bool,
}

impl Lock {
    /// Gives it back, and removes its file if there was none before.
    pub(super) fn leave_no_file(self) {
        if self.is_new && same_file(&self.file, &self.path) {
            // A file too many does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn same_file(file: &File, path: &Path) -> bool {
    let number = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(there)) => number(held) == number(there),
        _ => false,
    }
}

#[cfg(test)]
mod stress;
#[cfg(test)]
mod tests;
