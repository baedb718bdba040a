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
    let entry = |id: &str, previous: &str| seal(&format!("\n[[entry]]\nid = \"{id}\"\n"), previous);
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
