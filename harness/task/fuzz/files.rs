//! The real contract files, damaged.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

use super::super::catalog::names;
use super::super::rows::Rows;
use super::sound::{assert_all_sound, shown, text};
use crate::metered::peak_of;
use crate::mutation::{mutated, mutations, spliced, splices};
use crate::task::{Case, Contract, TaskError};

/// Rows, grids and values of an axis that are kept of a real file, so that a property has time for many variants.
const KEPT: usize = 2;

/// Bytes that parsing may take for each byte of a file, for each case, and at least.
const BYTES_A_BYTE: usize = 1000;
const BYTES_A_CASE: usize = 1 << 14;
const LEAST_BYTES: usize = 1 << 18;

/// A task of this repository, cut short.
struct Real {
    name: String,
    contract_text: String,
    contract: Contract,
    task: Table,
    rows: Table,
}

fn real() -> &'static [Real] {
    static REAL: OnceLock<Vec<Real>> = OnceLock::new();
    REAL.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let names = names(root).expect("the tasks should be listed");
        assert!(!names.is_empty());
        names
            .into_iter()
            .map(|name| Real::read(root, name))
            .collect()
    })
}

impl Real {
    fn read(root: &Path, name: String) -> Self {
        let read = |file: &str| {
            let path = root.join("tasks").join(&name).join(file);
            fs::read_to_string(path).expect("a task should have its files")
        };
        let contract_text = read("task.toml");
        let mut rows: Table = read("rows.toml").parse().expect("rows.toml should be TOML");
        for list in ["row", "grid"] {
            let Some(Value::Array(tables)) = rows.get_mut(list) else {
                continue;
            };
            // From the end: refusals and overrides stand there.
            tables.drain(..tables.len().saturating_sub(KEPT));
            for table in tables {
                let axes = table.get_mut("axes").and_then(Value::as_table_mut);
                for (_, values) in axes.into_iter().flatten() {
                    if let Value::Array(values) = values {
                        values.truncate(KEPT);
                    }
                }
            }
        }
        Self {
            contract: Contract::parse(&text(&contract_text)).expect("a contract should parse"),
            task: contract_text.parse().expect("task.toml should be TOML"),
            name,
            contract_text,
            rows,
        }
    }

    fn rows(&self, written: &str) -> Result<Rows, TaskError> {
        Rows::parse(&text(written), &self.contract, &self.name)
    }
}

/// Parses what may be `rows.toml` within the memory that its length and its cases justify.
fn try_rows(real: &Real, written: &str) {
    let (found, peak) = peak_of(|| real.rows(written));
    let cases = found
        .as_ref()
        .map_or(0, |rows| rows.rows.len() + rows.grid.len());
    let allowed = LEAST_BYTES + BYTES_A_BYTE * written.len() + BYTES_A_CASE * cases;
    assert!(
        peak <= allowed,
        "{peak} bytes for {} and {cases} cases",
        written.len()
    );
    match found {
        Ok(rows) => assert_all_sound(&rows, &real.contract),
        Err(error) => shown(&error),
    }
}

/// Parses what may be `task.toml`, and the rows under what came of it.
fn try_contract(real: &Real, written: &str) {
    let (found, peak) = peak_of(|| Contract::parse(&text(written)));
    let allowed = LEAST_BYTES + BYTES_A_BYTE * written.len();
    assert!(peak <= allowed, "{peak} bytes for {}", written.len());
    match found {
        Ok(contract) => match Rows::parse(&text(&real.rows.to_string()), &contract, &real.name) {
            Ok(rows) => assert_all_sound(&rows, &contract),
            Err(error) => shown(&error),
        },
        Err(error) => shown(&error),
    }
}

#[test]
fn the_real_files_are_sound_as_they_are_and_written_anew() {
    for real in real() {
        let rows = real
            .rows(&real.rows.to_string())
            .expect("the rows should parse");
        assert!(!rows.rows.is_empty(), "{}", real.name);
        assert_all_sound(&rows, &real.contract);
        let again = toml::to_string_pretty(&real.rows).expect("a table should be written");
        let again = real.rows(&again).expect("what was written should parse");
        let sent = |rows: &Rows| {
            let cases: Vec<&Case> = rows.rows.iter().chain(&rows.grid).collect();
            rmp_serde::to_vec_named(&cases).expect("cases should be sent")
        };
        assert_eq!(sent(&again), sent(&rows), "{}", real.name);
    }
}

#[test]
fn grids_without_end_are_refused_before_they_are_expanded() {
    let real = &real()[0];
    let mut rows = real.rows.clone();
    let grid = rows["grid"][0].as_table_mut().expect("a grid is a table");
    let axes = grid["axes"].as_table_mut().expect("axes are a table");
    for axis in 0..20 {
        axes.insert(format!("more{axis}"), (0..10).collect::<Vec<i64>>().into());
    }
    let error = real
        .rows(&rows.to_string())
        .err()
        .expect("10^20 cases are too many");
    assert!(
        error.to_string().contains("no case, or more than"),
        "{error}"
    );
    try_rows(real, &rows.to_string());
}

fn some_real() -> impl Strategy<Value = &'static Real> {
    any::<Index>().prop_map(|index| index.get(real()))
}

impl std::fmt::Debug for Real {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn mutated_rows_are_sound_or_refused(real in some_real(), mutations in mutations()) {
        try_rows(real, &mutated(&real.rows, &mutations));
    }

    #[test]
    fn spliced_rows_are_sound_or_refused(real in some_real(), splices in splices()) {
        try_rows(real, &spliced(&real.rows.to_string(), &splices));
    }

    #[test]
    fn mutated_contracts_are_sound_or_refused(real in some_real(), mutations in mutations()) {
        try_contract(real, &mutated(&real.task, &mutations));
    }

    #[test]
    fn spliced_contracts_are_sound_or_refused(real in some_real(), splices in splices()) {
        try_contract(real, &spliced(&real.contract_text, &splices));
    }
}
