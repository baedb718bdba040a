//! Seconds that a ledger of many entries takes to open, to show, to check and to append to.
//!
//! `cargo bench --bench ledger`, or with another number of entries, `cargo bench --bench ledger -- 1000`.

use std::fs;
use std::path::Path;
use std::time::Instant;

use kda::ledger::Ledger;

/// One entry of eight rows, as it was written.
const ENTRY: &str = include_str!("../tests/fixtures/ledgers/schema_1.toml");

const ENTRIES: usize = 10_000;

const CHAIN: &str = "\n[entry.chain]\n";

fn main() {
    let count = std::env::args().find_map(|word| word.parse().ok());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("large_ledger.toml");
    fs::write(&path, grown(count.unwrap_or(ENTRIES))).expect("the target folder can be written");
    let megabytes = fs::metadata(&path).expect("it was just written").len() as f64 * 1e-6;
    let ledger = Ledger::at(&path);
    let opened = timed("open", || ledger.open().expect("the ledger is whole"));
    println!("{} entries, {megabytes:.0} MB", opened.len());
    let newest = timed("newest", || {
        opened.newest_where(|_| true).expect("it can be read")
    });
    let newest = newest.expect("there are entries");
    timed("entry by id", || opened.places_of(&newest.id).len());
    timed("all entries", || {
        let all = opened.entries(0..opened.len());
        all.expect("they can be read").len()
    });
    drop(opened);
    timed("verify", || {
        ledger.verify().expect("it can be read").fault.is_none()
    });
    timed("append", || {
        ledger.append(&newest).expect("it takes an entry")
    });
    fs::remove_file(&path).expect("the target folder can be written");
}

fn timed<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = act();
    println!("{what:<12} {:7.3} s", started.elapsed().as_secs_f64());
    result
}

/// A ledger that holds the entry many times, each sealed as docs/ledger.md says.
fn grown(count: usize) -> String {
    let first = &ENTRY[..ENTRY.find(CHAIN).expect("an entry is sealed")];
    let body = &first[first.find("\n[[entry]]").expect("there is an entry")..];
    let (mut text, mut previous) = (String::new(), String::new());
    for number in 0..count {
        let start = text.len();
        text.push_str(if number == 0 { first } else { body });
        let id = text[start..].find("\nid = \"").expect("an entry has an id") + start + 7;
        text.replace_range(id..id + 4, &format!("{:04}", number % 10_000));
        text.push_str(&format!("{CHAIN}previous = \"{previous}\"\n"));
        previous = blake3::hash(&text.as_bytes()[start..]).to_hex().to_string();
        text.push_str(&format!("hash = \"{previous}\"\n"));
    }
    text
}
