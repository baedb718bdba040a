//! From the text of one sealed entry to the entry.

use serde::Deserialize;

use super::chain::Link;
use super::layout::rounded;
use super::printable::printable;
use super::{Entry, Fault, FaultKind, Record, SCHEMA_VERSION};

/// Why a sealed entry has no [`Entry`].
pub(super) enum Unread {
    Newer(u32),
    Unreadable(Fault),
}

/// Reads one sealed entry; `number` counts from 1.
pub(super) fn read_entry(text: &str, number: usize, link: &Link) -> Result<Entry, Unread> {
    read_as_written(text, number, link).map(|entry| shown(&entry))
}

/// A line of a ledger may be anyone's: it is shown as this version would have written it.
pub(super) fn shown(entry: &Entry) -> Entry {
    Entry {
        previous: entry.previous.clone(),
        hash: entry.hash.clone(),
        ..rounded(entry).expect("an entry that was read from TOML should be written as TOML")
    }
}

/// The same, with the texts as they stand: not to be shown.
pub(super) fn read_as_written(text: &str, number: usize, link: &Link) -> Result<Entry, Unread> {
    #[derive(Deserialize)]
    struct Part {
        entry: [Entry; 1],
    }
    let part = &text[link.text.clone()];
    match toml::from_str::<Part>(part) {
        Ok(Part { entry: [entry] }) => Ok(Entry {
            previous: link.previous.clone(),
            hash: link.hash.clone(),
            ..entry
        }),
        Err(error) => Err(match schema(part) {
            Some(found) if found > SCHEMA_VERSION => Unread::Newer(found),
            _ => {
                let span = error.span().unwrap_or(0..0);
                let at = link.text.start + span.start..link.text.start + span.end;
                let kind = FaultKind::Unreadable(printable(error.message()));
                Unread::Unreadable(Fault {
                    record: Record::Entry,
                    entry: number,
                    kind,
                    at,
                })
            }
        }),
    }
}

/// The schema that an entry's text names, whatever else is in it.
pub(super) fn schema(part: &str) -> Option<u32> {
    #[derive(Deserialize)]
    struct Part {
        entry: Vec<Schema>,
    }
    #[derive(Deserialize)]
    struct Schema {
        schema: u32,
    }
    toml::from_str::<Part>(part)
        .ok()?
        .entry
        .first()
        .map(|entry| entry.schema)
}
