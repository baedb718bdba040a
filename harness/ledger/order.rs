//! The order of a ledger's records, and what a ledger that was merged has to keep.
//!
//! Each record stands below those that it names: an entry's `previous`, both heads of a merge record. Of the records
//! that may come next a merge record comes first, then the entry whose text is least, which is the earliest: entries
//! begin with their ids, ids with their time. So the same records have one order, whoever merged them and in whichever
//! turn, and in a ledger that was never merged it is the order in which they were appended.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::FaultKind;
use super::chain::Link;

/// A record and its text.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub link: &'a Link,
    pub text: &'a str,
}

impl<'a> Piece<'a> {
    pub(super) fn all_of(text: &'a str, links: &'a [Link]) -> impl Iterator<Item = Piece<'a>> {
        links.iter().map(|link| Piece {
            link,
            text: &text[link.text.clone()],
        })
    }

    fn names(self) -> impl Iterator<Item = &'a str> {
        let joined = self.link.joined.as_deref();
        [self.link.previous.as_str()].into_iter().chain(joined)
    }
}

/// Places in `pieces`, in the order in which they stand in a ledger. Every piece that one of them names is there too.
pub(super) fn ordered(pieces: &[Piece]) -> Vec<usize> {
    let places: HashMap<&str, usize> = pieces
        .iter()
        .enumerate()
        .map(|(place, piece)| (piece.link.hash.as_str(), place))
        .collect();
    let mut followers = vec![Vec::new(); pieces.len()];
    let mut awaited = vec![0; pieces.len()];
    for (place, piece) in pieces.iter().enumerate() {
        for named in piece.names().filter_map(|name| places.get(name)) {
            followers[*named].push(place);
            awaited[place] += 1;
        }
    }
    let key = |place: usize| {
        let piece = pieces[place];
        Reverse((piece.link.joined.is_none(), piece.text, place))
    };
    let mut ready: BinaryHeap<_> = (0..pieces.len())
        .filter(|place| awaited[*place] == 0)
        .map(key)
        .collect();
    let mut order = Vec::with_capacity(pieces.len());
    while let Some(Reverse((_, _, place))) = ready.pop() {
        order.push(place);
        for follower in &followers[place] {
            awaited[*follower] -= 1;
            if awaited[*follower] == 0 {
                ready.push(key(*follower));
            }
        }
    }
    order
}

/// The first of `links` that no later one names, or that stands in another place than its own, and which of the two.
/// Each is known to stand below those that it names.
pub(super) fn disorder(text: &str, links: &[Link]) -> Option<(usize, FaultKind)> {
    let mut pairs = links.iter().zip(links.iter().skip(1));
    if pairs.all(|(link, next)| next.joined.is_none() && next.previous == link.hash) {
        return None;
    }
    let pieces: Vec<Piece> = Piece::all_of(text, links).collect();
    let named: std::collections::HashSet<&str> =
        pieces.iter().flat_map(|piece| piece.names()).collect();
    let last = links.len().saturating_sub(1);
    let unjoined = links[..last]
        .iter()
        .position(|link| !named.contains(link.hash.as_str()));
    let moved = ordered(&pieces)
        .into_iter()
        .enumerate()
        .find_map(|(place, own)| (place != own).then_some(place));
    match (unjoined, moved) {
        (Some(place), _) => Some((place, FaultKind::Unjoined)),
        (None, Some(place)) => Some((place, FaultKind::Moved)),
        (None, None) => None,
    }
}
