//! docs/ledger.md and the record say the same: every key that is written stands in a table of its record, and no other.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::chain::seal;
use super::sample;

type Keys = BTreeMap<String, BTreeSet<String>>;

const LANES: [&str; 5] = ["device", "device_hot", "device_dirty", "submit", "wall"];

/// Keys by record, as an entry with every field set is written.
fn written() -> Keys {
    let text = super::layout::entry_text(&sample::complete()).expect("the sample fits TOML");
    let document: Table = seal(&text, "").0.parse().expect("a sealed entry is TOML");
    let mut keys = Keys::new();
    collect("entry", &document["entry"], &mut keys);
    keys
}

fn collect(record: &str, value: &Value, keys: &mut Keys) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(record, value, keys)),
        Value::Table(table) => {
            for (key, value) in table {
                let name = match record {
                    // A map: its keys are the task's words.
                    "headline" => "<set>",
                    _ => key,
                };
                if name == key {
                    keys.entry(record.to_owned())
                        .or_default()
                        .insert(key.clone());
                }
                collect(&below(record, name), value, keys);
            }
        }
        _ => {}
    }
}

fn below(record: &str, key: &str) -> String {
    match record {
        "entry" => key.to_owned(),
        "row" if LANES.contains(&key) => "row.<lane>".to_owned(),
        _ => format!("{record}.{key}"),
    }
}

/// Keys by record, as the tables under "Fields" have them: records in the title, keys in the first cells.
fn documented() -> Keys {
    let text = include_str!("../../docs/ledger.md");
    let (_, fields) = text.split_once("## Fields").expect("the page lists fields");
    let mut keys = Keys::new();
    for table in fields.split("\n\n").filter(|part| part.starts_with('|')) {
        let mut cells = table.lines().filter_map(|line| line.split('|').nth(1));
        let records = quoted(cells.next().unwrap_or_default());
        for record in records {
            let name = record.trim_matches(['[', ']']);
            let name = name.strip_prefix("entry.").unwrap_or(name);
            let found = cells.clone().flat_map(quoted).map(str::to_owned);
            keys.insert(name.to_owned(), found.collect());
        }
    }
    keys
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_key_of_an_entry_is_documented_and_no_other() {
    assert_eq!(documented(), written());
}
