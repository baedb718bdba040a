//! What a reviewer asks of a ledger: one entry, every try, its rows for other programs, and how it stands to the tree.

use std::fs;
use std::path::Path;

use kda::cli::exit_codes::{LEDGER, PASSED, USAGE};
use kda::ledger::Ledger;

use crate::ledger::{bench, on_ledgers, three_entries, verification, with_ledger};
use crate::lines::{Line, lines};
use crate::project::Project;

/// A ledger as schema 1 began, from an H100: what every later version must read.
const SCHEMA_1: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/ledgers/schema_1.toml"
);

fn ids(project: &Project) -> Vec<String> {
    let entries = Ledger::at(project.ledger()).load().unwrap();
    entries.into_iter().map(|entry| entry.id).collect()
}

/// A project whose ledger of the GPU is the one of schema 1.
fn measured() -> Project {
    let project = Project::new();
    let folder = project.ledgers().join("h100");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(SCHEMA_1, folder.join("axpy.toml")).unwrap();
    project
}

#[test]
fn a_ledger_of_schema_1_loads_and_verifies() {
    let ledger = Ledger::at(Path::new(SCHEMA_1));
    let found = ledger.verify().unwrap();
    assert!(found.fault.is_none());
    assert_eq!(
        found.head(),
        Some("d8c4621bfe79b8b43cb5a168207c4864811c558f07ef89df690123ef83c45c77")
    );
    let [entry] = &ledger.load().unwrap()[..] else {
        panic!("it holds one entry");
    };
    assert_eq!((entry.schema, entry.rows.len()), (1, 8));
    assert_eq!(entry.headline["b200"].speedup, 1.1051);
    let project = measured();
    on_ledgers(&project, &["show", "axpy"])
        .exits(PASSED)
        .prints(&["promote: speedup 1.105 (1.104-1.106) over 8 b200 rows"]);
}

#[test]
fn an_entry_is_shown_by_its_id_or_a_part_of_it() {
    let project = with_ledger(three_entries());
    let ids = ids(&project);
    let show = |id: &str| {
        on_ledgers(
            &project,
            &["show", "axpy", "--gpu", "emulated", "--entry", id],
        )
    };
    show(&ids[0]).exits(PASSED).prints(&[&ids[0]]);
    show(&ids[1][..18]).exits(PASSED).prints(&[&ids[1]]);
    show("1999")
        .exits(USAGE)
        .prints_nothing()
        .says(&["no entry of", "`1999`"]);
    show("20").exits(USAGE).says(&["more than one entry"]);
    let both = ["show", "axpy", "--entry", &ids[0], "--history"];
    on_ledgers(&project, &both)
        .exits(USAGE)
        .says(&["cannot be used with"]);
}

#[test]
fn a_history_may_be_cut_to_its_newest_entries() {
    let project = with_ledger(three_entries());
    let shown = [
        "show",
        "axpy",
        "--gpu",
        "emulated",
        "--history",
        "--last",
        "2",
    ];
    let shown = on_ledgers(&project, &shown).exits(PASSED).stdout;
    let ids = ids(&project);
    assert!(!shown.contains(&ids[0]) && shown.contains(&ids[1]) && shown.contains(&ids[2]));
    let alone = ["show", "axpy", "--gpu", "emulated", "--last", "2"];
    on_ledgers(&project, &alone)
        .exits(USAGE)
        .says(&["--history"]);
}

#[test]
fn attempts_say_what_each_try_came_to() {
    let project = with_ledger(three_entries());
    let tried = ["attempts", "axpy", "--gpu", "emulated"];
    let shown = on_ledgers(&project, &tried).exits(PASSED).stdout;
    let found: Vec<usize> = ids(&project)
        .iter()
        .map(|id| shown.find(id).expect("every try is listed"))
        .collect();
    assert!(found.is_sorted(), "{shown}");
    let json = on_ledgers(&project, &[&tried[..], &["--json", "--last", "1"]].concat());
    let found = lines(&json.exits(PASSED).stdout);
    let [Line::Begin(_), Line::Attempt(attempt)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(attempt["decision"], "no-verdict");
    on_ledgers(&measured(), &["attempts", "axpy"])
        .exits(PASSED)
        .prints(&[
            "promote: b200 1.105 (1.104-1.106); candidate 38894182",
            "least row ",
        ]);
}

#[test]
fn rows_are_exported_for_other_programs() {
    let project = measured();
    let csv = on_ledgers(&project, &["export", "--csv"])
        .exits(PASSED)
        .stdout;
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let titles = reader.headers().unwrap().clone();
    let speedup = titles
        .iter()
        .position(|title| title == "device_speedup")
        .unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 8);
    assert!(
        rows.iter()
            .all(|row| row[speedup].parse::<f64>().unwrap() > 0.9)
    );
    let json = on_ledgers(&project, &["export", "axpy", "--gpu", "h100", "--json"]);
    let found = lines(&json.exits(PASSED).stdout);
    let Some(Line::EntryRow(row)) = found.last() else {
        panic!("{found:?}");
    };
    assert_eq!((found.len(), row["evidence"].as_bool()), (9, Some(true)));
    assert_eq!(row["device_speedup"].to_string(), rows[7][speedup]);
}

#[test]
fn an_export_of_nothing_or_in_no_form_is_refused() {
    let project = measured();
    on_ledgers(&project, &["export", "gemm", "--csv"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["no such ledger is below", "kda ledger verify"]);
    on_ledgers(&project, &["export"])
        .exits(USAGE)
        .says(&["--json", "--csv"]);
    on_ledgers(&project, &["export", "--json", "--csv"])
        .exits(USAGE)
        .says(&["cannot be used with"]);
    fs::write(project.ledgers().join("h100/axpy.toml"), "changed\n").unwrap();
    on_ledgers(&project, &["export", "--csv"])
        .exits(LEDGER)
        .prints_nothing();
}

#[test]
fn what_was_edited_since_the_newest_entry_is_told_and_is_no_fault() {
    let project = Project::new();
    bench(&project, &["axpy", "axpy"]).exits(PASSED);
    let tree = verification(&project, PASSED)
        .tree
        .expect("the task is here");
    assert!(tree.agrees && tree.changes.is_empty(), "{tree:?}");
    on_ledgers(&project, &["verify", "--strict"])
        .exits(PASSED)
        .prints(&["contract and sources in the tree are those of the newest entry"]);

    project.edit("candidate.cu", "#include", "// Edited.\n#include");
    let found = verification(&project, PASSED);
    let tree = found.tree.expect("the task is here");
    let changed: Vec<&str> = tree
        .changes
        .iter()
        .map(|change| change.source.as_str())
        .collect();
    assert_eq!((tree.agrees, changed), (false, vec!["candidate"]));
    assert_eq!((found.epochs.len(), found.epochs[0].entries), (1, 3));
    assert_eq!(found.epochs[0].contract_hash, tree.contract_hash);
    on_ledgers(&project, &["verify"]).exits(PASSED).prints(&[
        "intact",
        "differs: the candidate in the tree is not the one measured (",
    ]);
    on_ledgers(&project, &["verify", "--strict"]).exits(LEDGER);

    project.edit("task.toml", "margin = 0.01", "margin = 0.02");
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["differs: the contract in the tree is "]);
    fs::remove_dir_all(project.path("tasks/axpy")).unwrap();
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["intact", "not compared with a tree: "]);
    on_ledgers(&project, &["verify", "--strict"]).exits(LEDGER);
}
