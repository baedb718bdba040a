//! Ledgers: shown, verified, and left alone when something is wrong with them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use kda::cli::exit_codes::{LEDGER, PASSED, USAGE};
use kda::ledger::Ledger;
use proptest::prelude::*;
use proptest::sample::Index;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::lines::{Line, Run, Verification, lines};
use crate::project::{Finished, Project};

/// A ledger of three runs, made once.
pub fn three_entries() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| {
        let project = Project::new();
        bench(&project, &["axpy", "axpy"]).exits(PASSED);
        fs::read_to_string(project.ledger()).unwrap()
    })
}

/// A short bench of one row, and of more tasks after it.
pub fn bench(project: &Project, more: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    let to = [
        "--rows",
        "row_small",
        "--quick",
        "--ledger",
        ledgers.to_str().unwrap(),
    ];
    project.emulated("bench", &[more, &to].concat())
}

/// A project whose ledger holds `text`.
pub fn with_ledger(text: &str) -> Project {
    let project = Project::new();
    fs::create_dir_all(project.ledger().parent().unwrap()).unwrap();
    fs::write(project.ledger(), text).unwrap();
    project
}

pub fn on_ledgers(project: &Project, arguments: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    project.kda(
        &[
            &["ledger"],
            arguments,
            &["--ledger", ledgers.to_str().unwrap()],
        ]
        .concat(),
    )
}

pub fn verification(project: &Project, code: u8) -> Verification {
    let finished = on_ledgers(project, &["verify", "--json"]).exits(code);
    let mut found = lines(&finished.stdout);
    match (found.len(), found.pop()) {
        (2, Some(Line::Verification(verification))) => verification,
        other => panic!("not one verification: {other:?}"),
    }
}

/// The header with the first entry, and each other entry.
fn entries() -> Vec<String> {
    const CLOSING: &str = "\nhash = \"";
    let mut rest = three_entries();
    let mut entries = Vec::new();
    while let Some(found) = rest.find(CLOSING) {
        let end = found + CLOSING.len() + rest[found + CLOSING.len()..].find('\n').unwrap() + 1;
        entries.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    assert_eq!((entries.len(), rest), (3, ""));
    entries
}

#[test]
fn the_newest_entry_and_the_history_are_shown() {
    let project = with_ledger(three_entries());
    on_ledgers(&project, &["show", "axpy", "--gpu", "emulated"])
        .exits(PASSED)
        .prints(&["no-verdict: emulated", "row_small", "recorded in "]);
    let history = on_ledgers(
        &project,
        &["show", "axpy", "--gpu", "emulated", "--history"],
    );
    let history = history.exits(PASSED).prints(&["decision", "1/1"]);
    assert_eq!(history.stdout.matches("no-verdict").count(), 3);
    let json = ["show", "axpy", "--gpu", "emulated", "--history", "--json"];
    let found = lines(&on_ledgers(&project, &json).exits(PASSED).stdout);
    let entries = found.iter().filter(|line| matches!(line, Line::Entry(_)));
    assert_eq!((found.len(), entries.count()), (4, 3));
}

#[test]
fn an_entry_shown_as_json_is_the_run_that_was_recorded() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let to = [
        "--rows",
        "row_small",
        "--quick",
        "--json",
        "--ledger",
        ledgers.to_str().unwrap(),
    ];
    let printed = project.emulated("bench", &to).exits(PASSED).stdout;
    let shown = on_ledgers(&project, &["show", "axpy", "--gpu", "emulated", "--json"]);
    assert_eq!(shown.exits(PASSED).stdout, printed);
}

#[test]
fn what_is_not_there_cannot_be_shown() {
    let project = with_ledger(three_entries());
    on_ledgers(&project, &["show", "gemm", "--gpu", "emulated"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["no ledger is at", "gemm.toml", "kda bench gemm"]);
    on_ledgers(&project, &["show", "axpy", "--gpu", "h100"])
        .exits(USAGE)
        .says(&["no ledger is at", "h100"]);
}

#[test]
fn a_whole_ledger_is_intact_and_its_head_is_told() {
    let project = with_ledger(three_entries());
    let found = verification(&project, PASSED);
    assert!(found.intact && found.fault.is_none());
    assert_eq!(
        (found.entries, found.path.as_str()),
        (3, project.ledger().to_str().unwrap())
    );
    let head = found.head.unwrap();
    assert!(three_entries().ends_with(&format!("hash = \"{head}\"\n")));
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["intact", "3 entries", &head]);
}

#[test]
fn no_ledger_is_no_fault() {
    let project = Project::new();
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["no ledger below", "ledgers"]);
    // The project's own folder is the default.
    project
        .kda(&["ledger", "verify"])
        .exits(PASSED)
        .prints(&["no ledger below"]);
}

#[test]
fn a_changed_byte_names_its_entry() {
    let text = three_entries();
    let second = entries()[0].len();
    let place = second + text[second..].find("emulated").unwrap();
    let mut changed = text.to_owned();
    changed.replace_range(place..place + 1, "E");
    faulty(&changed, 2, 1, "its text was changed after it was written");
}

#[test]
fn a_removed_and_a_reordered_entry_are_named() {
    let [first, second, third] = &entries()[..] else {
        unreachable!()
    };
    let unlinked = "does not follow the entry before it";
    faulty(&format!("{first}{third}"), 2, 1, unlinked);
    faulty(&format!("{first}{third}{second}"), 2, 1, unlinked);
    faulty(&format!("{second}{third}"), 1, 0, unlinked);
    faulty(&format!("{first}{second}{second}{third}"), 3, 2, unlinked);
}

#[test]
fn half_an_entry_and_text_behind_the_last_are_named() {
    let text = three_entries();
    faulty(&text[..text.len() - 40], 3, 2, "no hash closes this text");
    faulty(
        &format!("{text}# a note\n"),
        4,
        3,
        "no hash closes this text",
    );
}

proptest! {
    // Each case starts the program.
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_byte_is_changed_added_or_removed_unseen(place in any::<Index>(), byte in any::<u8>(), kind in 0..3_u8) {
        let mut bytes = three_entries().as_bytes().to_vec();
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            _ => drop(bytes.remove(place)),
        }
        prop_assume!(bytes != three_entries().as_bytes());
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("emulated")).unwrap();
        fs::write(folder.path().join("emulated/axpy.toml"), &bytes).unwrap();
        let verify = ["ledger", "verify", "--ledger", folder.path().to_str().unwrap()];
        let finished = assert_cmd::cargo::cargo_bin_cmd!("kda").args(verify).output().unwrap();
        let said = String::from_utf8_lossy(&finished.stdout);
        prop_assert_eq!(finished.status.code(), Some(i32::from(LEDGER)), "{}", said);
        prop_assert!(said.starts_with("corrupt: "), "{}", said);
    }
}

/// `verify` names entry `entry` after `good` good ones; a bench appends nothing and saves its entry.
#[track_caller]
fn faulty(text: &str, entry: usize, good: usize, words: &str) {
    let project = with_ledger(text);
    let found = verification(&project, LEDGER);
    let fault = found.fault.expect("a fault should be found");
    assert!(!found.intact);
    assert_eq!(
        (fault.entry, found.entries),
        (entry, good),
        "{}",
        fault.message
    );
    assert!(fault.message.contains(words), "{}", fault.message);
    assert!(fault.start_byte <= fault.end_byte && fault.end_byte <= text.len());
    on_ledgers(&project, &["verify"])
        .exits(LEDGER)
        .prints(&[&format!("entry {entry}: "), words]);
}

/// What the failed bench saved; removed, because it lies in the target folder.
fn saved_entry(finished: &Finished) -> String {
    let (_, after) = finished
        .stderr
        .split_once("saved in ")
        .expect("a place should be told");
    let path = PathBuf::from(after.split_whitespace().next().unwrap());
    assert!(
        path.to_str().unwrap().ends_with(".unsaved.toml"),
        "{path:?}"
    );
    let text = fs::read_to_string(&path).unwrap();
    fs::remove_file(&path).unwrap();
    text
}

#[test]
fn a_corrupt_ledger_takes_nothing_and_the_run_is_saved_beside_it() {
    let changed = three_entries().replacen("emulated", "imitated", 1);
    let project = with_ledger(&changed);
    let finished = bench(&project, &[]).exits(LEDGER).says(&[
        "the run was not recorded",
        "is corrupt: entry 1: its text was changed",
        "nothing was appended; restore it",
    ]);
    let saved = saved_entry(&finished);
    assert!(
        saved.contains("[[entry]]") && saved.contains("row_small"),
        "{saved}"
    );
    assert_eq!(fs::read_to_string(project.ledger()).unwrap(), changed);
    for show in [
        &["show", "axpy", "--gpu", "emulated"][..],
        &["show", "axpy", "--gpu", "emulated", "--history"],
    ] {
        on_ledgers(&project, show)
            .exits(LEDGER)
            .prints_nothing()
            .says(&["is corrupt: entry 1"]);
    }
}

#[test]
fn a_ledger_that_is_not_text_takes_nothing() {
    let project = with_ledger("");
    let bytes = [three_entries().as_bytes(), &[0xFF, 0xFE]].concat();
    fs::write(project.ledger(), &bytes).unwrap();
    let finished = bench(&project, &[])
        .exits(LEDGER)
        .says(&["entry 4: not UTF-8 text"]);
    saved_entry(&finished);
    assert_eq!(fs::read(project.ledger()).unwrap(), bytes);
    assert_eq!(verification(&project, LEDGER).entries, 3);
}

#[test]
fn a_folder_that_cannot_be_made_loses_no_run() {
    let project = Project::new();
    // A regular file in the place of the folder: root may write where permissions say otherwise.
    fs::write(project.ledgers(), "in the way\n").unwrap();
    let ledgers = project.ledgers();
    let to = [
        "--rows",
        "row_small",
        "--json",
        "--ledger",
        ledgers.to_str().unwrap(),
    ];
    let finished = project.emulated("bench", &to).exits(LEDGER).says(&[
        "the run was not recorded",
        "cannot create",
        "Not a directory",
        "check that the folder exists, is yours to write, and has room",
    ]);
    let end = Run::read(&finished.stdout).end;
    assert_eq!(end.ledger, None);
    assert!(
        finished
            .stderr
            .contains(&end.unsaved.expect("its place is told"))
    );
    assert!(saved_entry(&finished).contains("[[entry]]"));
    assert_eq!(
        fs::read_to_string(project.ledgers()).unwrap(),
        "in the way\n"
    );
}

#[test]
fn two_processes_append_ten_entries_each_and_lose_none() {
    let project = Project::new();
    let repeated = ["axpy"; 9];
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| bench(&project, &repeated).exits(PASSED));
        }
    });
    let found = verification(&project, PASSED);
    assert_eq!((found.entries, found.intact), (20, true));
    let entries = Ledger::at(project.ledger()).load().unwrap();
    assert!(entries.iter().all(|entry| entry.rows.len() == 1));
    // Nothing but the ledger, its lock and the raw samples is left in the folder.
    let folder = fs::read_dir(project.ledger().parent().unwrap()).unwrap();
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".axpy.toml.lock", "axpy.toml", "samples"]);
}

#[test]
fn a_bench_killed_at_any_moment_leaves_a_whole_ledger_that_takes_the_next() {
    /// Benches killed, and the longest that one may live: several entries are appended in that time.
    const KILLS: usize = 8;
    const LONGEST_MS: u64 = 900;
    let project = Project::new();
    // Everything is compiled first, so that what is killed is the runs.
    bench(&project, &[]).exits(PASSED);
    let ledgers = project.ledgers();
    let mut random = ChaCha8Rng::seed_from_u64(20_260_103);
    for _ in 0..KILLS {
        let mut running = Command::new(assert_cmd::cargo::cargo_bin!("kda"))
            .arg("bench")
            .args(["axpy"; 40])
            .args(["--gpu", "emulated", "--rows", "row_small", "--quick"])
            .args(["--ledger", ledgers.to_str().unwrap()])
            .current_dir(project.path(""))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(random.random_range(0..LONGEST_MS)));
        running.kill().unwrap();
        assert!(
            running.wait().unwrap().code().is_none(),
            "it ended by itself"
        );
        verification(&project, PASSED);
    }
    let before = verification(&project, PASSED).entries;
    assert!(before > 1, "no bench lived to append");
    bench(&project, &[]).exits(PASSED);
    let found = verification(&project, PASSED);
    assert_eq!((found.entries, found.intact), (before + 1, true));
    let mut entries = Ledger::at(project.ledger()).load().unwrap();
    assert!(entries.iter().all(|entry| entry.rows.len() == 1));
    entries.sort_by(|left, right| left.id.cmp(&right.id));
    entries.dedup_by(|left, right| left.id == right.id);
    assert_eq!(entries.len(), before + 1, "an entry stands twice");
}

#[test]
fn a_difference_pairs_the_rows_of_two_entries() {
    let project = with_ledger(three_entries());
    let ids: Vec<String> = Ledger::at(project.ledger())
        .load()
        .unwrap()
        .into_iter()
        .map(|entry| entry.id)
        .collect();
    let newest = on_ledgers(&project, &["diff", "axpy", "--gpu", "emulated"]).exits(PASSED);
    newest.prints(&[
        &format!("{} -> {}", ids[1], ids[2]),
        "same sources, contract, flags, compiler, harness and driver",
        "makes no claim about speed (no-verdict)",
        "row_small",
    ]);
    on_ledgers(
        &project,
        &["diff", "axpy", &ids[0], &ids[2], "--gpu", "emulated"],
    )
    .exits(PASSED)
    .prints(&[&format!("{} -> {}", ids[0], ids[2])]);
}

#[test]
fn an_entry_that_is_not_there_or_not_one_is_refused() {
    let project = with_ledger(three_entries());
    let diff = |name: &str| on_ledgers(&project, &["diff", "axpy", name, "--gpu", "emulated"]);
    diff("1999").exits(USAGE).says(&[
        "no entry of",
        "begins or ends with `1999`",
        "--history` lists them",
    ]);
    diff("20")
        .exits(USAGE)
        .says(&["more than one entry", "give more of its id"]);
}
