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
mod tests {
    use super::*;

    fn three() -> String {
        let (mut text, mut previous) = (String::new(), String::new());
        for body in [
            "# header\n\n[[entry]]\nid = \"a\"\n",
            "\n[[entry]]\nid = \"b\"\n",
            "\n[[entry]]\nid = \"c\"\n",
        ] {
            let (sealed, hash) = seal(body, &previous);
            text.push_str(&sealed);
            previous = hash;
        }
        text
    }

    fn fault(text: &str) -> (usize, FaultKind) {
        let fault = follow(text).1.expect("a fault should be found");
        (fault.entry, fault.kind)
    }

    #[test]
    fn what_was_sealed_follows() {
        let text = three();
        let (links, fault) = follow(&text);
        assert_eq!((links.len(), fault), (3, None));
        assert_eq!(links[2].previous, links[1].hash);
        assert_eq!(follow(""), (Vec::new(), None));
    }

    #[test]
    fn any_changed_byte_is_found() {
        let text = three();
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1;
            let changed = String::from_utf8(bytes).expect("a flipped low bit of ASCII is ASCII");
            assert!(
                follow(&changed).1.is_some(),
                "byte {position} of\n{changed}"
            );
        }
    }

    #[test]
    fn whitespace_and_comments_between_entries_are_covered() {
        let text = three();
        let (links, _) = follow(&text);
        for place in [0, links[0].text.end, links[1].text.end, text.len()] {
            for addition in ["\n", " ", "# note\n"] {
                let mut changed = text.clone();
                changed.insert_str(place, addition);
                assert!(follow(&changed).1.is_some(), "{addition:?} at {place}");
            }
        }
    }

    /// Two entries, then a line of two and a line of one that a merge record joins; ids are times.
    fn merged() -> String {
        let (first, root) = seal("# header\n\n[[entry]]\nid = \"1\"\n", "");
        let entry =
            |id: &str, previous: &str| seal(&format!("\n[[entry]]\nid = \"{id}\"\n"), previous);
        let (ours, our_root) = entry("2", &root);
        let (theirs, their_head) = entry("3", &root);
        let (more, our_head) = entry("4", &our_root);
        let (merge, _) = seal_merge(&our_head, &their_head);
        [first, ours, theirs, more, merge].concat()
    }

    #[test]
    fn lines_that_a_merge_record_joins_follow() {
        let text = merged();
        let (links, fault) = follow(&text);
        assert_eq!((links.len(), fault), (5, None));
        assert_eq!(links[2].previous, links[0].hash);
        assert_eq!(links[4].joined.as_ref(), Some(&links[2].hash));
    }

    #[test]
    fn any_changed_byte_of_a_merged_ledger_is_found() {
        let text = merged();
        for position in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[position] ^= 1;
            let changed = String::from_utf8(bytes).expect("a flipped low bit of ASCII is ASCII");
            assert!(
                follow(&changed).1.is_some(),
                "byte {position} of\n{changed}"
            );
        }
    }

    #[test]
    fn records_of_a_merged_ledger_keep_their_places() {
        let text = merged();
        let (links, _) = follow(&text);
        let of = |places: &[usize]| -> String {
            places
                .iter()
                .map(|place| &text[links[*place].text.clone()])
                .collect()
        };
        // The later line in front, an entry in front of its own, an entry twice.
        assert_eq!(fault(&of(&[0, 2, 1, 3, 4])), (2, FaultKind::Moved));
        assert_eq!(fault(&of(&[0, 1, 3, 2, 4])), (3, FaultKind::Moved));
        assert_eq!(fault(&of(&[0, 2, 3, 1, 4])), (3, FaultKind::Unlinked));
        assert_eq!(fault(&of(&[0, 1, 2, 3, 2, 4])), (5, FaultKind::Unlinked));
        // A line, or a part of one, is gone.
        assert_eq!(fault(&of(&[0, 1, 3, 4])), (3, FaultKind::Unlinked));
        assert_eq!(fault(&of(&[0, 1, 2, 4])), (3, FaultKind::Unlinked));
        // The merge record is.
        assert_eq!(fault(&of(&[0, 1, 2, 3])), (3, FaultKind::Unjoined));
    }

    #[test]
    fn a_forged_merge_record_is_found() {
        let text = merged();
        let (links, _) = follow(&text);
        let before = &text[..links[3].text.end];
        let hash = |place: usize| links[place].hash.as_str();
        let forged = |merge: &str| {
            let fault = follow(&format!("{before}{merge}"))
                .1
                .expect("a fault should be found");
            (fault.record, fault.kind)
        };
        // Of a head that is not there, of one head twice, of heads that leave a line open.
        for (previous, joined) in [(hash(3), "ab"), (hash(3), hash(3)), ("", hash(3))] {
            let merge = seal_merge(previous, joined).0;
            assert_eq!(forged(&merge), (Record::Merge, FaultKind::Unlinked));
        }
        let merge = seal_merge(hash(3), hash(1)).0;
        assert_eq!(forged(&merge), (Record::Entry, FaultKind::Unjoined));
        // With a text of its own, sealed anew.
        let open = format!(
            "\n[[merge]]\nnote = 1\n{MERGE}{CHAIN}{}{JOINED}{}\"\n",
            hash(3),
            hash(2)
        );
        let (record, kind) = forged(&sealed(open).0);
        assert_eq!(record, Record::Merge);
        assert!(matches!(kind, FaultKind::Unreadable(_)), "{kind:?}");
    }

    #[test]
    fn removed_and_reordered_entries_are_found() {
        let text = three();
        let (links, _) = follow(&text);
        let part = |index: usize| &text[links[index].text.clone()];
        assert_eq!(
            fault(&format!("{}{}", part(0), part(2))),
            (2, FaultKind::Unlinked)
        );
        assert_eq!(
            fault(&format!("{}{}", part(1), part(2))),
            (1, FaultKind::Unlinked)
        );
        assert_eq!(
            fault(&format!("{}{}{}", part(0), part(2), part(1))),
            (2, FaultKind::Unlinked)
        );
        assert_eq!(
            fault(&format!("{text}{}", part(2))),
            (4, FaultKind::Unlinked)
        );
    }

    #[test]
    fn a_tail_cut_within_an_entry_is_found_and_one_cut_between_them_shows_in_the_head() {
        let text = three();
        let (links, _) = follow(&text);
        for end in links[1].text.end + 1..text.len() {
            assert_eq!(
                fault(&text[..end]),
                (3, FaultKind::Unsealed),
                "cut at {end}"
            );
        }
        let (shorter, fault) = follow(&text[..links[1].text.end]);
        assert_eq!(fault, None);
        assert_ne!(
            shorter.last().map(|link| &link.hash),
            links.last().map(|link| &link.hash)
        );
    }
}
