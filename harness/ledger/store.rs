//! One ledger file: appended to under a lock, replaced as a whole, read with its chain followed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use miette::NamedSource;

use super::chain::{Link, follow, seal};
use super::layout::entry_text;
use super::printable::printable;
use super::read::{Unread, read_entry, schema};
use super::{AppendError, CorruptLedger, Entry, Fault, FaultKind, LedgerError, SCHEMA_VERSION};

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

/// What a check of a whole ledger found.
#[derive(Debug)]
pub struct Verification {
    pub path: PathBuf,
    /// Hashes of the entries in front of the first fault, oldest first.
    pub hashes: Vec<String>,
    pub fault: Option<Box<CorruptLedger>>,
}

impl Verification {
    /// Hash of the newest good entry. Pinned elsewhere, it also shows later that newest entries were removed.
    pub fn head(&self) -> Option<&str> {
        self.hashes.last().map(String::as_str)
    }

    /// Whether a head that was pinned before is still in the chain.
    pub fn holds(&self, pinned: &str) -> bool {
        self.hashes.iter().any(|hash| hash == pinned)
    }
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

    /// All entries, oldest first.
    ///
    /// # Errors
    ///
    /// A file that is missing or cannot be read, or whose chain is broken: no part of a broken ledger is returned.
    pub fn load(&self) -> Result<Vec<Entry>, LedgerError> {
        let text = self.read()?;
        let links = self.followed(&text)?;
        links
            .iter()
            .enumerate()
            .map(|(index, link)| self.entry(&text, index + 1, link))
            .collect()
    }

    /// Follows the chain and reads every entry. A corrupt ledger is a finding here, not an error.
    ///
    /// # Errors
    ///
    /// A file that is missing or cannot be read.
    pub fn verify(&self) -> Result<Verification, LedgerError> {
        let verification = |hashes, fault| Verification {
            path: self.path.clone(),
            hashes,
            fault,
        };
        let text = match self.read() {
            Ok(text) => text,
            Err(LedgerError::Corrupt(fault)) => {
                // From the file: what the fault shows of it was made printable.
                let bytes =
                    fs::read(&self.path).map_err(|source| io_error("read", &self.path, source))?;
                let good = bytes.get(..fault.fault.at.start).unwrap_or_default();
                let (links, _) = follow(&String::from_utf8_lossy(good));
                let hashes = links.into_iter().map(|link| link.hash).collect();
                return Ok(verification(hashes, Some(fault)));
            }
            Err(other) => return Err(other),
        };
        let (links, mut fault) = follow(&text);
        let mut hashes = Vec::new();
        for (index, link) in links.iter().enumerate() {
            if let Err(Unread::Unreadable(unreadable)) = read_entry(&text, index + 1, link) {
                fault = Some(unreadable);
                break;
            }
            hashes.push(link.hash.clone());
        }
        Ok(verification(
            hashes,
            fault.map(|fault| self.corrupt(&text, fault)),
        ))
    }

    fn append_text(&self, text: &str) -> Result<Entry, LedgerError> {
        let folder = self.folder();
        fs::create_dir_all(folder).map_err(|source| io_error("create", folder, source))?;
        let _lock = self.lock()?;

        let mut whole = match self.read() {
            Err(LedgerError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                String::new()
            }
            read => read?,
        };
        let links = self.followed(&whole)?;
        // Nobody appends after an entry of a newer schema, so the newest entry speaks for all.
        if let Some(newest) = links.last() {
            let found = schema(&whole[newest.text.clone()]).unwrap_or(0);
            if found > SCHEMA_VERSION {
                return Err(LedgerError::NewerSchema {
                    path: self.path.clone(),
                    found,
                });
            }
        }
        let sealed = match links.last() {
            Some(newest) => seal(text, &newest.hash),
            None => seal(&format!("{HEADER}{text}"), ""),
        };
        let link = Link {
            text: whole.len()..whole.len() + sealed.0.len(),
            previous: links
                .last()
                .map_or_else(String::new, |newest| newest.hash.clone()),
            hash: sealed.1,
        };
        whole.push_str(&sealed.0);
        // Before it is written: what does not read back must not get in.
        let stored = self.entry(&whole, links.len() + 1, &link)?;
        self.replace(&whole)?;
        Ok(stored)
    }

    /// Waits for the lock, which is released on drop, or by the system when its holder dies.
    fn lock(&self) -> Result<File, LedgerError> {
        let path = self.sibling(".lock");
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|source| io_error("lock", &path, source))
    }

    /// Under the lock. What a killed writer left under the temporary name is overwritten.
    fn replace(&self, text: &str) -> Result<(), LedgerError> {
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

    fn read(&self) -> Result<String, LedgerError> {
        let bytes = fs::read(&self.path).map_err(|source| io_error("read", &self.path, source))?;
        String::from_utf8(bytes).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let entry = follow(&text[..start]).0.len() + 1;
            let at = start..start + char::REPLACEMENT_CHARACTER.len_utf8();
            self.corrupt(
                &text,
                Fault {
                    entry,
                    kind: FaultKind::NotText,
                    at,
                },
            )
            .into()
        })
    }

    fn followed(&self, text: &str) -> Result<Vec<Link>, LedgerError> {
        match follow(text) {
            (links, None) => Ok(links),
            (_, Some(fault)) => Err(self.corrupt(text, fault).into()),
        }
    }

    fn entry(&self, text: &str, number: usize, link: &Link) -> Result<Entry, LedgerError> {
        read_entry(text, number, link).map_err(|unread| match unread {
            Unread::Newer(found) => LedgerError::NewerSchema {
                path: self.path.clone(),
                found,
            },
            Unread::Unreadable(fault) => self.corrupt(text, fault).into(),
        })
    }

    fn corrupt(&self, text: &str, fault: Fault) -> Box<CorruptLedger> {
        let toml = NamedSource::new(self.path.to_string_lossy(), printable(text));
        let at = fault.at.clone().into();
        Box::new(CorruptLedger {
            path: self.path.clone(),
            fault,
            toml,
            at,
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

fn io_error(action: &'static str, path: &Path, source: io::Error) -> LedgerError {
    LedgerError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod stress;
#[cfg(test)]
mod tests;
