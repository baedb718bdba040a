//! Processes that append at once, and die while they do.
//!
//! The writers are this very test program, told by a variable to be one.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

use super::*;
use crate::ledger::sample;

/// Holds `<path> <writer> <entries>` in a process that is to write.
const WRITER: &str = "KDA_TEST_WRITER";

const ACKNOWLEDGED: &str = "appended ";

/// An entry small enough that hundreds are written in seconds.
fn entry(id: String) -> Entry {
    let mut entry = Entry {
        id,
        ..sample::entry()
    };
    entry.rows.clear();
    entry.buckets.clear();
    entry
}

/// In a process that was started as a writer: appends, and tells of every entry that is in.
fn write_if_told() -> bool {
    let Ok(told) = env::var(WRITER) else {
        return false;
    };
    let mut words = told.split(' ');
    let mut word = || words.next().expect("three words should be told");
    let (ledger, writer) = (Ledger::at(word()), word());
    let entries: usize = word().parse().expect("the last should be a number");
    for number in 0..entries {
        let id = format!("{writer}-{number}");
        ledger
            .append(&entry(id.clone()))
            .expect("every writer should get its turn");
        println!("{ACKNOWLEDGED}{id}");
    }
    true
}

/// A process of this program that runs `test` as a writer.
fn writer(test: &str, ledger: &Ledger, name: &str, entries: usize) -> Child {
    let path = ledger.path().to_str().expect("a temporary path is text");
    Command::new(env::current_exe().expect("a test should know its program"))
        .args([
            "--exact",
            &format!("ledger::store::stress::{test}"),
            "--nocapture",
        ])
        .env(WRITER, format!("{path} {name} {entries}"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program should start again")
}

/// Ids of entries that a writer was told are in; the last line of a killed one may be half.
fn acknowledged(stdout: ChildStdout) -> Vec<String> {
    let mut lines = BufReader::new(stdout);
    let mut ids = Vec::new();
    let mut line = String::new();
    while lines.read_line(&mut line).expect("a pipe can be read") > 0 {
        if let Some((_, id)) = line.split_once(ACKNOWLEDGED)
            && let Some(id) = id.strip_suffix('\n')
        {
            ids.push(id.to_owned());
        }
        line.clear();
    }
    ids
}

fn ids(ledger: &Ledger) -> Vec<String> {
    let entries = ledger.load().expect("the ledger should be whole");
    entries.into_iter().map(|entry| entry.id).collect()
}

/// Nothing is torn, and nobody's death keeps the next one out.
fn assert_whole_and_open(ledger: &Ledger) {
    let found = ledger.verify().expect("the ledger can be read");
    assert!(found.fault.is_none(), "{:?}", found.fault);
    let started = Instant::now();
    ledger
        .append(&entry("last".to_owned()))
        .expect("the ledger should take an entry");
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "the lock was held"
    );
    assert!(!ledger.sibling(".new").exists());
}

#[test]
fn twenty_processes_at_once_lose_nothing() {
    if write_if_told() {
        return;
    }
    const PROCESSES: usize = 20;
    const ENTRIES: usize = 4;
    let folder = TempDir::new().expect("a temporary folder should be writable");
    let ledger = Ledger::at(folder.path().join("h100/t.toml"));
    let writers: Vec<Child> = (0..PROCESSES)
        .map(|number| {
            writer(
                "twenty_processes_at_once_lose_nothing",
                &ledger,
                &number.to_string(),
                ENTRIES,
            )
        })
        .collect();
    for mut writer in writers {
        let told = acknowledged(writer.stdout.take().expect("its output is a pipe"));
        assert_eq!(told.len(), ENTRIES);
        assert!(writer.wait().expect("a child can be waited for").success());
    }
    let found = ids(&ledger);
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(
        (found.len(), distinct.len()),
        (PROCESSES * ENTRIES, PROCESSES * ENTRIES)
    );
    // A writer's own entries stand in the order in which it wrote them.
    for number in 0..PROCESSES {
        let own: Vec<&String> = found
            .iter()
            .filter(|id| id.starts_with(&format!("{number}-")))
            .collect();
        assert_eq!(
            own,
            (0..ENTRIES)
                .map(|n| format!("{number}-{n}"))
                .collect::<Vec<_>>()
                .iter()
                .collect::<Vec<_>>()
        );
    }
    assert_whole_and_open(&ledger);
}

#[test]
fn writers_killed_at_any_moment_tear_nothing() {
    if write_if_told() {
        return;
    }
    /// Rounds of writers, each of them killed, and the time after which no further round begins.
    const ROUNDS: usize = 40;
    const LONGEST: Duration = Duration::from_secs(5);
    const WRITERS: usize = 3;
    let folder = TempDir::new().expect("a temporary folder should be writable");
    let ledger = Ledger::at(folder.path().join("h100/t.toml"));
    ledger
        .append(&entry("first".to_owned()))
        .expect("a new ledger should take an entry");
    let mut random = ChaCha8Rng::seed_from_u64(20_260_102);
    let (mut told, mut rounds) = (BTreeSet::from(["first".to_owned()]), 0);
    let started = Instant::now();
    while rounds < ROUNDS && started.elapsed() < LONGEST {
        let mut writers: Vec<Child> = (0..WRITERS)
            .map(|number| {
                let name = format!("{rounds}.{number}");
                writer(
                    "writers_killed_at_any_moment_tear_nothing",
                    &ledger,
                    &name,
                    1000,
                )
            })
            .collect();
        for writer in &mut writers {
            std::thread::sleep(Duration::from_micros(random.random_range(0..60_000)));
            writer.kill().expect("a child can be killed");
            // While the others go on: what is read is whole at any moment.
            assert!(
                ledger
                    .verify()
                    .expect("the ledger can be read")
                    .fault
                    .is_none()
            );
        }
        for mut writer in writers {
            told.extend(acknowledged(
                writer.stdout.take().expect("its output is a pipe"),
            ));
            let status = writer.wait().expect("a child can be waited for");
            assert!(!status.success(), "a writer ended by itself: {status}");
        }
        rounds += 1;
    }
    let found = ids(&ledger);
    let distinct: BTreeSet<String> = found.iter().cloned().collect();
    assert_eq!(found.len(), distinct.len(), "an entry stands twice");
    assert!(
        told.is_subset(&distinct),
        "lost: {:?}",
        told.difference(&distinct)
    );
    // Who died between the append and the word of it left one entry that nobody was told of.
    assert!(distinct.len() - told.len() <= rounds * WRITERS);
    assert!(told.len() > 1, "no writer lived to write");
    assert_whole_and_open(&ledger);
}
