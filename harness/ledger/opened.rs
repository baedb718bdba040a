//! A ledger that was read, its chain followed. Entries are parsed when they are asked for.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::chain::{Link, follow};
use super::error::io_error;
use super::read::{Unread, read_entry, schema};
use super::{CorruptLedger, Entry, Fault, FaultKind, LedgerError, Record, SCHEMA_VERSION};

/// A whole ledger as text, and where each of its entries stands.
#[derive(Debug)]
pub struct Opened {
    path: PathBuf,
    text: String,
    links: Vec<Link>,
    /// Places of the entries in `links`, oldest first.
    entries: Vec<usize>,
}

impl Opened {
    pub(super) fn empty(path: &Path) -> Self {
        Self::with(path, String::new(), Vec::new())
    }

    pub(super) fn read(path: &Path) -> Result<Self, LedgerError> {
        let text = read_text(path)?;
        match follow(&text) {
            (links, None) => Ok(Self::with(path, text, links)),
            (_, Some(fault)) => Err(CorruptLedger::new(path, &text, fault).into()),
        }
    }

    fn with(path: &Path, text: String, links: Vec<Link>) -> Self {
        let is_entry = |place: &usize| links[*place].joined.is_none();
        Self {
            path: path.to_owned(),
            text,
            entries: (0..links.len()).filter(is_entry).collect(),
            links,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry in this place, counted from 0.
    ///
    /// # Errors
    ///
    /// One that this version cannot read.
    pub fn entry(&self, place: usize) -> Result<Entry, LedgerError> {
        let link = &self.links[self.entries[place]];
        read_entry(&self.text, place + 1, link).map_err(|unread| match unread {
            Unread::Newer(found) => LedgerError::NewerSchema {
                path: self.path.clone(),
                found,
            },
            Unread::Unreadable(fault) => CorruptLedger::new(&self.path, &self.text, fault).into(),
        })
    }

    /// The entries in these places, oldest first.
    ///
    /// # Errors
    ///
    /// One that this version cannot read.
    pub fn entries(&self, places: Range<usize>) -> Result<Vec<Entry>, LedgerError> {
        places
            .into_par_iter()
            .map(|place| self.entry(place))
            .collect()
    }

    /// Places of the entries whose id begins or ends with `name`.
    pub fn places_of(&self, name: &str) -> Vec<usize> {
        let is_named = |place: &usize| {
            let id = id_in(self.text_of(*place));
            id.is_some_and(|id| id.starts_with(name) || id.ends_with(name))
        };
        (0..self.len()).filter(is_named).collect()
    }

    /// Text of the entry in this place.
    pub(super) fn text_of(&self, place: usize) -> &str {
        &self.text[self.links[self.entries[place]].text.clone()]
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    /// Hash of the last record.
    pub(super) fn head(&self) -> Option<&str> {
        self.links.last().map(|link| link.hash.as_str())
    }

    /// Nobody adds to entries of a newer schema, so the newest entry speaks for all.
    pub(super) fn refuse_newer(&self) -> Result<(), LedgerError> {
        let newest = self.entries.last().map(|place| &self.links[*place]);
        match newest.and_then(|link| schema(&self.text[link.text.clone()])) {
            Some(found) if found > SCHEMA_VERSION => Err(LedgerError::NewerSchema {
                path: self.path.clone(),
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Adds a sealed entry, and reads it back.
    pub(super) fn push(
        &mut self,
        sealed: &str,
        previous: String,
        hash: String,
    ) -> Result<Entry, LedgerError> {
        let start = self.text.len();
        self.text.push_str(sealed);
        self.entries.push(self.links.len());
        self.links.push(Link {
            text: start..self.text.len(),
            previous,
            joined: None,
            hash,
        });
        self.entry(self.len() - 1)
    }
}

/// The file's text; bytes that are none are a fault.
pub(super) fn read_text(path: &Path) -> Result<String, LedgerError> {
    let bytes = fs::read(path).map_err(|source| io_error("read", path, source))?;
    String::from_utf8(bytes).map_err(|error| {
        let start = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let good = follow(&text[..start]).0;
        let entries = good.iter().filter(|link| link.joined.is_none()).count();
        let fault = Fault {
            record: Record::Entry,
            entry: entries + 1,
            kind: FaultKind::NotText,
            at: start..start + char::REPLACEMENT_CHARACTER.len_utf8(),
        };
        CorruptLedger::new(path, &text, fault).into()
    })
}

/// The id as the text has it: no id needs an escape, and the first line that begins so is the entry's own.
fn id_in(text: &str) -> Option<&str> {
    const LINE: &str = "\nid = \"";
    let start = text.find(LINE)? + LINE.len();
    text[start..].split('"').next()
}
