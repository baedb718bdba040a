use std::error::Error as _;
use std::thread;

use proptest::prelude::*;
use serde::Deserialize;
use tempfile::TempDir;

use super::*;
use crate::ledger::{FaultKind, rounded, sample};

fn ledger(folder: &TempDir) -> Ledger {
    Ledger::at(folder.path().join("h100/demo_vector_axpy.toml"))
}

/// A ledger of three entries, and its text.
fn three(folder: &TempDir) -> (Ledger, String) {
    let ledger = ledger(folder);
    for n in 0..3 {
        let entry = Entry {
            id: format!("run-{n}"),
            ..sample::entry()
        };
        ledger
            .append(&entry)
            .expect("a new ledger should take an entry");
    }
    let text = fs::read_to_string(ledger.path()).expect("the ledger was just written");
    (ledger, text)
}

/// Takes two more entries, one of them from a copy; returns the text then.
fn merged(ledger: &Ledger) -> String {
    let copy = Ledger::at(ledger.path().with_file_name("copy.toml"));
    fs::copy(ledger.path(), copy.path()).expect("the folder can be written");
    for (to, id) in [(ledger, "run-3"), (&copy, "run-4")] {
        let entry = Entry {
            id: id.to_owned(),
            ..sample::entry()
        };
        to.append(&entry)
            .expect("a good ledger should take an entry");
    }
    ledger
        .merge(&copy, ledger)
        .expect("copies of one ledger should merge");
    fs::read_to_string(ledger.path()).expect("the ledger was just written")
}

fn temp() -> TempDir {
    tempfile::tempdir().expect("a temporary folder should be writable")
}

#[test]
fn what_is_appended_is_what_is_loaded() {
    let folder = temp();
    let ledger = ledger(&folder);
    let first = ledger
        .append(&sample::entry())
        .expect("a new ledger should take an entry");
    let second = ledger
        .append(&sample::entry())
        .expect("a good ledger should take an entry");
    assert_eq!(
        (first.previous.as_str(), &second.previous),
        ("", &first.hash)
    );
    assert_eq!(ledger.load().expect("a good ledger loads"), [first, second]);
}

#[test]
fn verify_counts_the_entries_and_names_the_head() {
    let folder = temp();
    let (ledger, text) = three(&folder);
    let found = ledger.verify().expect("the file can be read");
    assert!(found.fault.is_none());
    assert_eq!(found.hashes.len(), 3);
    let head = found.head().expect("three entries have a head");
    assert!(text.ends_with(&format!("hash = \"{head}\"\n")));
    assert!(found.holds(head) && !found.holds("no such hash"));
}

#[test]
fn a_missing_ledger_is_an_error_to_read() {
    let folder = temp();
    assert!(matches!(
        ledger(&folder).load(),
        Err(LedgerError::Io { .. })
    ));
    assert!(matches!(
        ledger(&folder).verify(),
        Err(LedgerError::Io { .. })
    ));
}

#[test]
fn a_corrupt_ledger_is_left_alone_and_the_entry_can_be_saved() {
    let folder = temp();
    let (ledger, text) = three(&folder);
    let changed = text.replacen("promote", "Promote", 1);
    fs::write(ledger.path(), &changed).expect("the ledger can be written");

    let refused = ledger
        .append(&sample::entry())
        .expect_err("a corrupt ledger should refuse");
    assert_eq!(
        refused.to_string(),
        "run `20260102T030405Z-0123abcd` of task `demo_vector_axpy` was not recorded"
    );
    let cause = refused
        .source()
        .expect("the refusal has a cause")
        .to_string();
    assert!(
        cause.ends_with("is corrupt: entry 1: its text was changed after it was written"),
        "{cause}"
    );
    assert_eq!(
        fs::read_to_string(ledger.path()).expect("the ledger can be read"),
        changed
    );

    let saved = refused
        .save_in(&folder.path().join("rescue"))
        .expect("the folder can be written");
    assert!(saved.ends_with("rescue/demo_vector_axpy.20260102T030405Z-0123abcd.unsaved.toml"));
    let again = refused
        .save_in(&folder.path().join("rescue"))
        .expect("the folder can be written");
    assert!(again.ends_with("demo_vector_axpy.20260102T030405Z-0123abcd.2.unsaved.toml"));
    let text = fs::read_to_string(saved).expect("the file was just written");
    #[derive(Deserialize)]
    struct Unsaved {
        entry: Vec<Entry>,
    }
    let unsaved: Unsaved = toml::from_str(&text).expect("the saved text is TOML");
    assert_eq!(
        unsaved.entry,
        [rounded(&sample::entry()).expect("the sample fits TOML")]
    );
}

#[test]
fn the_fault_is_underlined() {
    let folder = temp();
    let (ledger, text) = three(&folder);
    fs::write(ledger.path(), format!("{text}\n[[entry]]\nschema = 1\n"))
        .expect("the ledger can be written");
    let refused = ledger
        .append(&sample::entry())
        .expect_err("a corrupt ledger should refuse");
    let mut shown = String::new();
    miette::NarratableReportHandler::new()
        .render_report(&mut shown, &*refused)
        .expect("a string takes any write");
    assert!(
        shown.contains("entry 4: no hash closes this text"),
        "{shown}"
    );
    assert!(shown.contains("label at line"), "{shown}");
    assert!(shown.contains("git checkout -- "), "{shown}");
}

#[test]
fn an_unwritable_place_refuses_and_names_it() {
    let folder = temp();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("the folder can be written");
    let refused = Ledger::at(file.join("task.toml"))
        .append(&sample::entry())
        .expect_err("a file is no folder");
    assert_eq!(
        refused.cause.to_string(),
        format!("cannot create `{}`", file.display())
    );
    assert_eq!(
        fs::read_to_string(&file).expect("the file is still there"),
        "in the way"
    );

    let taken = folder.path().join("task.toml");
    fs::create_dir(&taken).expect("the folder can be written");
    let refused = Ledger::at(&taken)
        .append(&sample::entry())
        .expect_err("a folder is no ledger");
    assert_eq!(
        refused.cause.to_string(),
        format!("cannot read `{}`", taken.display())
    );
    assert!(refused.text.contains("[[entry]]"));
}

#[test]
fn eight_writers_at_once_lose_nothing() {
    let folder = temp();
    let ledger = ledger(&folder);
    thread::scope(|scope| {
        for writer in 0..8 {
            let ledger = &ledger;
            scope.spawn(move || {
                for n in 0..4 {
                    let entry = Entry {
                        id: format!("{writer}-{n}"),
                        ..sample::entry()
                    };
                    ledger
                        .append(&entry)
                        .expect("every writer should get its turn");
                }
            });
        }
    });
    let mut ids: Vec<String> = ledger
        .load()
        .expect("the ledger loads")
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    ids.sort();
    let expected: Vec<String> = (0..8)
        .flat_map(|w| (0..4).map(move |n| format!("{w}-{n}")))
        .collect();
    assert_eq!(ids, expected);
}

#[test]
fn what_a_killed_writer_left_behind_does_no_harm() {
    let folder = temp();
    let (ledger, text) = three(&folder);
    fs::write(ledger.sibling(".new"), &text[..text.len() / 2]).expect("the folder can be written");
    assert_eq!(ledger.load().expect("the ledger is whole").len(), 3);
    ledger
        .append(&sample::entry())
        .expect("the ledger should take an entry");
    assert_eq!(ledger.load().expect("the ledger is whole").len(), 4);
    assert!(!ledger.sibling(".new").exists());
}

/// A ledger with one entry whose text is `sample`'s after `edit`, sealed as a writer of that schema would.
fn foreign(folder: &TempDir, edit: impl Fn(String) -> String) -> Ledger {
    let ledger = ledger(folder);
    let text = edit(entry_text(&sample::entry()).expect("the sample fits TOML"));
    fs::create_dir_all(ledger.folder()).expect("the folder can be made");
    fs::write(ledger.path(), seal(&text, "").0).expect("the ledger can be written");
    ledger
}

#[test]
fn a_newer_schema_is_read_where_it_can_be_and_never_appended_to() {
    let folder = temp();
    let ledger = foreign(&folder, |text| {
        text.replacen("schema = 2\n", "schema = 3\ncolour = \"new\"\n", 1)
    });
    assert_eq!(
        ledger.load().expect("what is known can be read")[0].schema,
        3
    );
    let refused = ledger
        .append(&sample::entry())
        .expect_err("a newer ledger should refuse");
    assert!(matches!(
        refused.cause,
        LedgerError::NewerSchema { found: 3, .. }
    ));
}

#[test]
fn a_newer_schema_without_a_field_we_need_says_so_and_still_verifies() {
    let folder = temp();
    let ledger = foreign(&folder, |text| {
        text.replacen("schema = 2\n", "schema = 3\n", 1).replacen(
            "\nwall_seconds",
            "\nwall_minutes",
            1,
        )
    });
    assert!(matches!(
        ledger.load(),
        Err(LedgerError::NewerSchema { found: 3, .. })
    ));
    assert!(
        ledger
            .verify()
            .expect("the file can be read")
            .fault
            .is_none()
    );
}

#[test]
fn a_sealed_entry_that_cannot_be_read_is_a_fault() {
    let folder = temp();
    let ledger = foreign(&folder, |text| {
        text.replacen("\nwall_seconds", "\nwall_minutes", 1)
    });
    let fault = ledger
        .verify()
        .expect("the file can be read")
        .fault
        .expect("a field is missing");
    assert_eq!(
        fault.fault.kind,
        FaultKind::Unreadable("missing field `wall_seconds`".to_owned())
    );
}

#[test]
fn bytes_that_are_no_text_are_a_fault() {
    let folder = temp();
    let (ledger, text) = three(&folder);
    let mut bytes = text.into_bytes();
    *bytes.last_mut().expect("the ledger is not empty") = 0xff;
    fs::write(ledger.path(), bytes).expect("the ledger can be written");
    let fault = ledger
        .verify()
        .expect("the file can be read")
        .fault
        .expect("the last byte is no text");
    assert_eq!(
        (fault.fault.entry, &fault.fault.kind),
        (3, &FaultKind::NotText)
    );
    assert!(matches!(ledger.load(), Err(LedgerError::Corrupt(_))));
}

#[test]
fn entries_in_front_of_bytes_that_are_no_text_count_whatever_they_hold() {
    let folder = temp();
    let ledger = foreign(&folder, |text| {
        text.replacen("summary = \"", "summary = \"\u{200e}", 1)
    });
    let mut bytes = fs::read(ledger.path()).expect("the ledger was just written");
    bytes.push(0xff);
    fs::write(ledger.path(), bytes).expect("the ledger can be written");
    let found = ledger.verify().expect("the file can be read");
    assert_eq!(found.hashes.len(), 1);
    assert!(found.fault.is_some());
}

prop_compose! {
    fn any_entry()(
        words in prop::collection::vec(any::<String>(), 6),
        set in any::<String>(),
        floats in prop::array::uniform4(prop::num::f64::NORMAL | prop::num::f64::ZERO),
        seed in any::<u64>(),
        bytes in 0..=i64::MAX as u64,
        flag in any::<bool>(),
    ) -> Entry {
        let mut entry = sample::entry();
        entry.summary = words[0].clone();
        entry.warnings = words[1..3].to_vec();
        entry.provenance.seed = seed;
        entry.provenance.compile = words[2..].to_vec();
        entry.wall_seconds = floats[0];
        let mut headline = entry.headline["b200"].clone();
        (headline.speedup, headline.low) = (floats[1], floats[2]);
        entry.headline.insert(set, headline);
        let row = &mut entry.rows[0];
        row.id = words[3].clone();
        row.bytes = bytes;
        row.reason = flag.then(|| words[4].clone());
        row.shrunk = Some(words[5].clone());
        row.candidate_tb_per_s = flag.then_some(floats[3]);
        row.device_hot = None;
        entry.buckets[0].rows = words;
        entry
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_entry_survives_write_and_read(entry in any_entry()) {
        let folder = temp();
        let stored = ledger(&folder).append(&entry).expect("a new ledger should take an entry");
        let expected = Entry { hash: stored.hash.clone(), ..rounded(&entry).expect("the entry fits TOML") };
        prop_assert_eq!(&stored, &expected);
        prop_assert_eq!(ledger(&folder).load().expect("the ledger loads"), [stored]);
    }

    #[test]
    fn a_changed_byte_anywhere_is_found(
        place in any::<prop::sample::Index>(), byte in any::<u8>(), is_merged in any::<bool>(),
    ) {
        let folder = temp();
        let (ledger, mut text) = three(&folder);
        if is_merged {
            text = merged(&ledger);
        }
        let mut bytes = text.into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        fs::write(ledger.path(), bytes).expect("the ledger can be written");
        prop_assert!(ledger.verify().expect("the file can be read").fault.is_some());
        prop_assert!(ledger.append(&sample::entry()).is_err());
    }
}
