//! The hash chain through a ledger's text.
//!
//! An entry ends in
//!
//! ```toml
//! [entry.chain]
//! previous = "<hash of the entry before, empty for the first>"
//! hash = "<blake3 of all text after the hash line of the entry before, up to this line>"
//! ```
//!
//! so every byte of the file belongs to one hash: the first entry's covers the header too, and nothing may follow the
//! last. Not to be seen from the file alone: the newest entries cut off at an entry's end, and a tail whose hashes
//! were all computed anew. Against those, pin the head elsewhere.

use std::fmt;
use std::ops::Range;

const CHAIN: &str = "\n[entry.chain]\nprevious = \"";
const HASH: &str = "\"\nhash = \"";
const END: &str = "\"\n";
const HASH_DIGITS: usize = 64;

/// One sealed entry: where its text stands, and its two hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub text: Range<usize>,
    pub previous: String,
    pub hash: String,
}

/// The first place at which a ledger is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Counted from 1.
    pub entry: usize,
    pub kind: FaultKind,
    /// Bytes of the file that show it.
    pub at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Not UTF-8.
    NotText,
    /// Text that no `[entry.chain]` closes: half an entry, or something written behind the last.
    Unsealed,
    /// `previous` is not the hash of the entry before.
    Unlinked,
    /// The text is not the one that was hashed.
    Changed,
    /// Hashed as it stands, but not one entry of a layout that this version reads.
    Unreadable(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}: ", self.entry)?;
        match &self.kind {
            FaultKind::NotText => f.write_str("not UTF-8 text"),
            FaultKind::Unsealed => {
                f.write_str("no hash closes this text, so it was cut short or added by hand")
            }
            FaultKind::Unlinked => f.write_str(
                "does not follow the entry before it: one was removed, moved, inserted or changed",
            ),
            FaultKind::Changed => f.write_str("its text was changed after it was written"),
            FaultKind::Unreadable(reason) => write!(f, "cannot be read: {reason}"),
        }
    }
}

/// Closes the text of an entry (the header in front of it for a first one); returns the closed text and its hash.
pub(super) fn seal(text: &str, previous: &str) -> (String, String) {
    let open = format!("{text}{CHAIN}{previous}\"\n");
    let hash = hash_of(&open);
    (format!("{open}hash = \"{hash}{END}"), hash)
}

/// The entries up to the first fault, and that fault.
pub(super) fn follow(text: &str) -> (Vec<Link>, Option<Fault>) {
    let mut links: Vec<Link> = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let fault = |kind, at| {
            Some(Fault {
                entry: links.len() + 1,
                kind,
                at,
            })
        };
        let Some(sealed) = Sealed::first_in(text, start) else {
            return (
                links.clone(),
                fault(FaultKind::Unsealed, heading(text, start)),
            );
        };
        let expected = links.last().map_or("", |link| link.hash.as_str());
        if &text[sealed.previous.clone()] != expected {
            return (links.clone(), fault(FaultKind::Unlinked, sealed.previous));
        }
        if hash_of(&text[start..sealed.hashed_to]) != text[sealed.hash.clone()] {
            return (links.clone(), fault(FaultKind::Changed, sealed.hash));
        }
        links.push(Link {
            text: start..sealed.end,
            previous: text[sealed.previous].to_owned(),
            hash: text[sealed.hash].to_owned(),
        });
        start = sealed.end;
    }
    (links, None)
}

/// Where the parts of an entry's chain stand in the file.
struct Sealed {
    previous: Range<usize>,
    /// Start of the `hash` line.
    hashed_to: usize,
    hash: Range<usize>,
    end: usize,
}

impl Sealed {
    fn first_in(text: &str, start: usize) -> Option<Self> {
        let previous_start = start + text[start..].find(CHAIN)? + CHAIN.len();
        let previous_end = previous_start + text[previous_start..].find('"')?;
        let after = text[previous_end..].strip_prefix(HASH)?;
        let hash_start = previous_end + HASH.len();
        after.get(HASH_DIGITS..)?.strip_prefix(END)?;
        let hash_end = hash_start + HASH_DIGITS;
        Some(Self {
            previous: previous_start..previous_end,
            // Behind the quote and the line's end.
            hashed_to: previous_end + 2,
            hash: hash_start..hash_end,
            end: hash_end + END.len(),
        })
    }
}

/// The line to point at for text that starts at `start`: its first `[[entry]]`, or its first byte.
fn heading(text: &str, start: usize) -> Range<usize> {
    const ENTRY: &str = "[[entry]]";
    match text[start..].find(ENTRY) {
        Some(found) => start + found..start + found + ENTRY.len(),
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
