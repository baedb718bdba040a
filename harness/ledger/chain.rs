//! The hash chain through a ledger's text.
//!
//! An entry ends in
//!
//! ```toml
//! [entry.chain]
//! previous = "<hash of the entry before, empty for the first>"
//! hash = "<blake3 of all text after the hash line of the record before, up to this line>"
//! ```
//!
//! so every byte of the file belongs to one hash: the first entry's covers the header too, and nothing may follow the
//! last. Two copies that both grew are joined by a merge record, which is sealed like an entry and names both heads:
//!
//! ```toml
//! [[merge]]
//!
//! [merge.chain]
//! previous = "<the head that stands last>"
//! joined = "<the other>"
//! hash = "<as an entry's>"
//! ```
//!
//! [`order`](super::order) says in which order the records of such a ledger stand. Not to be seen from the file alone:
//! the newest records cut off at a record's end, and a tail whose hashes were all computed anew. Against those, pin the
//! head elsewhere.

use std::collections::HashMap;
use std::ops::Range;

use super::order::disorder;
use super::{Fault, FaultKind, Record};

/// From the heading of either kind of chain on.
const CHAIN: &str = ".chain]\nprevious = \"";
const ENTRY: &str = "\n[entry";
const MERGE: &str = "\n[merge";
const JOINED: &str = "\"\njoined = \"";
const HASH: &str = "\"\nhash = \"";
const END: &str = "\"\n";
const HASH_DIGITS: usize = 64;

/// All that a merge record holds in front of its chain.
const MERGE_TEXT: &str = "\n[[merge]]\n# Two copies of this ledger had both grown; every record of either stands above.\n";

/// One sealed record: where its text stands, and its hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub text: Range<usize>,
    pub previous: String,
    /// The second head that a merge record names; an entry has none.
    pub joined: Option<String>,
    pub hash: String,
}

impl Link {
    pub(super) fn record(&self) -> Record {
        match self.joined {
            None => Record::Entry,
            Some(_) => Record::Merge,
        }
    }
}

/// Closes the text of an entry (the header in front of it for a first one); returns the closed text and its hash.
pub(super) fn seal(text: &str, previous: &str) -> (String, String) {
    sealed(format!("{text}{ENTRY}{CHAIN}{previous}\"\n"))
}

/// The record that joins two heads, the one that stands last in the file first; returns its text and its hash.
pub(super) fn seal_merge(previous: &str, joined: &str) -> (String, String) {
    sealed(format!(
        "{MERGE_TEXT}{MERGE}{CHAIN}{previous}{JOINED}{joined}\"\n"
    ))
}

fn sealed(open: String) -> (String, String) {
    let hash = hash_of(&open);
    (format!("{open}hash = \"{hash}{END}"), hash)
}

/// The records up to the first fault, and that fault.
pub(super) fn follow(text: &str) -> (Vec<Link>, Option<Fault>) {
    let mut links: Vec<Link> = Vec::new();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut start = 0;
    let fault_in = |links: &[Link], record, kind, at| {
        let entries = links.iter().filter(|link| link.joined.is_none()).count();
        Some(Fault {
            record,
            entry: entries + usize::from(record == Record::Entry),
            kind,
            at,
        })
    };
    while start < text.len() {
        let Some(sealed) = Sealed::first_in(text, start) else {
            let at = heading(text, start);
            let fault = fault_in(&links, Record::Entry, FaultKind::Unsealed, at);
            return (links, fault);
        };
        let names: Vec<&str> = sealed.names().map(|name| &text[name]).collect();
        let follows = match (links.last(), names.as_slice()) {
            (None, [first]) => first.is_empty(),
            (Some(_), [previous]) => known.contains_key(previous),
            (_, [previous, joined]) => {
                previous != joined && names.iter().all(|name| known.contains_key(name))
            }
            _ => false,
        };
        let hash = &text[sealed.hash.clone()];
        let record = sealed.record();
        if !follows || known.contains_key(hash) {
            let fault = fault_in(&links, record, FaultKind::Unlinked, sealed.previous);
            return (links, fault);
        }
        if hash_of(&text[start..sealed.hashed_to]) != hash {
            let fault = fault_in(&links, record, FaultKind::Changed, sealed.hash);
            return (links, fault);
        }
        if record == Record::Merge && text[start..sealed.heading] != *MERGE_TEXT {
            let kind = FaultKind::Unreadable("it holds more than the two heads".to_owned());
            let fault = fault_in(&links, record, kind, start..sealed.heading);
            return (links, fault);
        }
        known.insert(hash, links.len());
        links.push(Link {
            text: start..sealed.end,
            previous: text[sealed.previous.clone()].to_owned(),
            joined: sealed.joined.clone().map(|joined| text[joined].to_owned()),
            hash: hash.to_owned(),
        });
        start = sealed.end;
    }
    let Some((place, kind)) = disorder(text, &links) else {
        return (links, None);
    };
    let record = links[place].record();
    let at = links[place].text.clone();
    links.truncate(place);
    let fault = fault_in(&links, record, kind, heading(text, at.start));
    (links, fault)
}

/// Where the parts of a record's chain stand in the file.
struct Sealed {
    /// Start of the line break before the chain's heading.
    heading: usize,
    previous: Range<usize>,
    joined: Option<Range<usize>>,
    /// Start of the `hash` line.
    hashed_to: usize,
    hash: Range<usize>,
    end: usize,
}

impl Sealed {
    fn first_in(text: &str, start: usize) -> Option<Self> {
        let mut from = start;
        let (heading, record, previous_start) = loop {
            let found = from + text[from..].find(CHAIN)?;
            let before = &text[start..found];
            from = found + CHAIN.len();
            if before.ends_with(ENTRY) {
                break (found - ENTRY.len(), Record::Entry, from);
            }
            if before.ends_with(MERGE) {
                break (found - MERGE.len(), Record::Merge, from);
            }
        };
        let end_of = |start: usize| text[start..].find('"').map(|length| start + length);
        let previous = previous_start..end_of(previous_start)?;
        let joined = match record {
            Record::Entry => None,
            Record::Merge => {
                text[previous.end..].strip_prefix(JOINED)?;
                let start = previous.end + JOINED.len();
                Some(start..end_of(start)?)
            }
        };
        let names_end = joined.as_ref().map_or(previous.end, |joined| joined.end);
        let after = text[names_end..].strip_prefix(HASH)?;
        let hash_start = names_end + HASH.len();
        after.get(HASH_DIGITS..)?.strip_prefix(END)?;
        let hash_end = hash_start + HASH_DIGITS;
        Some(Self {
            heading,
            previous,
            joined,
            // Behind the quote and the line's end.
            hashed_to: names_end + 2,
            hash: hash_start..hash_end,
            end: hash_end + END.len(),
        })
    }

    fn record(&self) -> Record {
        match self.joined {
            None => Record::Entry,
            Some(_) => Record::Merge,
        }
    }

    fn names(&self) -> impl Iterator<Item = Range<usize>> {
        [self.previous.clone()]
            .into_iter()
            .chain(self.joined.clone())
    }
}

/// What to point at in text that starts at `start`: its first `[[heading]]`, or its first byte.
fn heading(text: &str, start: usize) -> Range<usize> {
    let found = text[start..].find("[[").map(|length| start + length);
    match found.and_then(|from| Some(from..from + text[from..].find("]]")? + 2)) {
        Some(heading) => heading,
        None => start..start + text[start..].chars().next().map_or(0, char::len_utf8),
    }
}

fn hash_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests;
