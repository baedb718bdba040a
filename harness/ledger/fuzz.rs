//! Ledgers from strangers: damaged ones are found, and entries whose hashes were made anew are shown or refused.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

use super::chain::{follow, seal};
use super::{Entry, Ledger};
use crate::brief::TreeComparison;
use crate::metered::peak_of;
use crate::mutation::{mutated, mutations, spliced, splices};
use crate::report::{self, Color, Recorded};

/// Entries that are kept of a real ledger, so that a property has time for many variants.
const KEPT: usize = 2;

/// Bytes that reading may take for each byte of a ledger, and at least.
const BYTES_A_BYTE: usize = 1000;
const LEAST_BYTES: usize = 1 << 18;

/// The first entries of every ledger of this repository.
fn real() -> &'static [String] {
    static REAL: OnceLock<Vec<String>> = OnceLock::new();
    REAL.get_or_init(|| {
        let pattern = Path::new(env!("CARGO_MANIFEST_DIR")).join("ledger/*/*.toml");
        let paths = glob::glob(&pattern.to_string_lossy()).expect("the pattern should be one");
        let read = |path: glob::GlobResult| {
            let mut text = fs::read_to_string(path.expect("a ledger should be listed"))
                .expect("a ledger is text");
            let (links, fault) = follow(&text);
            assert_eq!(fault, None);
            text.truncate(
                links[..links.len().min(KEPT)]
                    .last()
                    .map_or(0, |link| link.text.end),
            );
            text
        };
        let ledgers: Vec<String> = paths.map(read).collect();
        assert!(!ledgers.is_empty());
        ledgers
    })
}

/// A number of one of them: a text would be printed whole with every failure.
fn some_real() -> impl Strategy<Value = usize> {
    0..real().len()
}

/// The first entry of a ledger as a document, with two of its rows and without its chain.
fn document(text: &str) -> Table {
    let first = &text[follow(text).0[0].text.clone()];
    let mut document: Table = first.parse().expect("a sealed entry is TOML");
    let entry = document["entry"][0]
        .as_table_mut()
        .expect("an entry is a table");
    entry.remove("chain");
    if let Some(Value::Array(rows)) = entry.get_mut("row") {
        rows.truncate(2);
    }
    document
}

/// A ledger that holds `text`, in a folder that lives as long.
fn written(text: &str) -> (tempfile::TempDir, Ledger) {
    let folder = tempfile::tempdir().expect("a temporary folder should be writable");
    let ledger = Ledger::at(folder.path().join("t.toml"));
    fs::write(ledger.path(), text).expect("the ledger can be written");
    (folder, ledger)
}

/// Every view of an entry; none may panic or carry what moves a cursor.
fn show(entry: &Entry) {
    let mut json = Vec::new();
    report::json::run(entry, Recorded::Nowhere, &mut json)
        .expect("a list of bytes takes any write");
    report::json::history(std::slice::from_ref(entry), &mut json)
        .expect("a list of bytes takes any write");
    report::json::attempts(std::slice::from_ref(entry), &mut json)
        .expect("a list of bytes takes any write");
    report::json::export(std::slice::from_ref(entry), &mut json)
        .expect("a list of bytes takes any write");
    let json = String::from_utf8(json).expect("JSON is text");
    for line in json.lines() {
        serde_json::from_str::<serde_json::Value>(line).expect("every line should be JSON");
    }
    let views = [
        report::run(entry, Recorded::Nowhere, Color::No),
        report::history(std::slice::from_ref(entry), Color::No),
        report::attempts(std::slice::from_ref(entry), Color::No),
        report::trend(&[entry.clone(), entry.clone()], Color::No).unwrap_or_default(),
        report::difference(entry, &super::sample::entry(), Color::No),
    ];
    for view in views {
        assert!(
            view.chars().all(|c| !c.is_control() || "\n\t".contains(c)),
            "{view:?}"
        );
    }
}

/// Loads and verifies `text` within the memory that its length justifies; shows what can be loaded.
fn try_ledger(text: &str) -> bool {
    let (_folder, ledger) = written(text);
    let (loaded, peak) = peak_of(|| ledger.load());
    let allowed = LEAST_BYTES + BYTES_A_BYTE * text.len();
    assert!(peak <= allowed, "{peak} bytes for {}", text.len());
    let found = ledger.verify().expect("the file can be read");
    let elsewhere = TreeComparison::Not("no checkout is here".to_owned());
    let view = report::verification(&found, &elsewhere, Color::No);
    assert!(
        view.chars().all(|c| !c.is_control() || "\n\t".contains(c)),
        "{view:?}"
    );
    if let Some(fault) = &found.fault {
        let mut shown = String::new();
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor())
            .render_report(&mut shown, &**fault)
            .expect("a string takes any write");
        assert!(
            shown.chars().all(|c| !c.is_control() || "\n\t".contains(c)),
            "{shown:?}"
        );
    }
    if let Ok(entries) = loaded {
        entries.iter().for_each(show);
    }
    found.fault.is_none()
}

#[test]
fn the_real_ledgers_verify_and_their_entries_are_as_they_were_written() {
    for text in real() {
        assert!(try_ledger(text));
        let (_folder, ledger) = written(text);
        let entries = ledger.load().expect("the ledger loads");
        let (_other, copy) = written("");
        for entry in &entries {
            // The text and so the hash of an entry come out the same, unless a field was added since.
            let stored = copy.append(entry).expect("the entry should be taken");
            let unhashed = |entry: &Entry| Entry {
                hash: String::new(),
                previous: String::new(),
                ..entry.clone()
            };
            assert_eq!(unhashed(&stored), unhashed(entry));
        }
    }
}

#[test]
fn a_word_that_is_none_of_the_known_is_quoted_without_its_controls() {
    let mut document = document(&real()[0]);
    document["entry"][0]["decision"] = "\u{1b}[31mpromote".into();
    assert!(!try_ledger(&seal(&format!("\n{document}"), "").0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_spliced_ledger_never_verifies(number in some_real(), splices in splices()) {
        let damaged = spliced(&real()[number], &splices);
        prop_assume!(damaged != real()[number]);
        prop_assert!(!try_ledger(&damaged));
    }

    #[test]
    fn an_entry_with_a_hash_made_anew_is_shown_or_refused(number in some_real(), mutations in mutations()) {
        let entry = mutated(&document(&real()[number]), &mutations);
        try_ledger(&seal(&format!("\n{entry}"), "").0);
    }

    #[test]
    fn words_with_controls_never_reach_a_terminal(
        number in some_real(), word in prop::collection::vec(any::<char>(), 0..20), place in any::<Index>(),
    ) {
        let mut document = document(&real()[number]);
        let entry = document["entry"][0].as_table_mut().expect("an entry is a table");
        let word = format!("\u{1b}[31m{}", word.into_iter().collect::<String>());
        let keys: Vec<String> = entry.iter().filter(|(_, value)| value.is_str()).map(|(key, _)| key.clone()).collect();
        entry.insert(place.get(&keys).clone(), word.into());
        try_ledger(&seal(&format!("\n{document}"), "").0);
    }
}
