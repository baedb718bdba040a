//! Contract files that someone damaged, and rows that nobody would write: an answer or a message, never a panic.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

use super::catalog::names;
use super::error::SourceText;
use super::expression::{Bindings, evaluate};
use super::rows::Rows;
use super::{Case, Contract, Expect, ShrinkLimit, TaskError, shrink};
use crate::metered::peak_of;
use crate::mutation::{Mutation, Splice, mutated, mutations, spliced, splices};
use crate::tensor::{Role, TensorSpec};

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

fn text(text: &str) -> SourceText {
    SourceText {
        file: "fuzzed.toml".to_owned(),
        text: text.to_owned(),
    }
}

/// The message with the place that it points at, as the terminal shows it.
fn shown(error: &TaskError) {
    let mut shown = String::new();
    miette::GraphicalReportHandler::new()
        .render_report(&mut shown, error)
        .expect("a string takes any write");
    assert!(!shown.is_empty());
}

/// What every case must be that a run may be given, whole or shortened.
fn assert_sound(case: &Case) {
    for spec in case.present() {
        assert_eq!(spec.shape.len(), spec.strides.len());
        let end = spec.extent() as u64 * spec.dtype.bytes() as u64;
        assert!(
            end <= case.storage_bytes[spec.storage],
            "{}: {end}",
            spec.name
        );
        assert!(spec.elements() <= 1 << 40 && spec.fill.fault().is_none());
    }
    let Some(bytes) = case.moved_bytes().checked_add(case.output_bytes()) else {
        panic!("sizes overflow")
    };
    assert!(bytes < 1 << 60);
    for part in [case.tolerance.atol, case.tolerance.rtol] {
        assert!(part.is_finite() && part >= 0.0);
    }
    if case.expect == Expect::Accepted {
        for output in case.outputs() {
            let sharing = case
                .present()
                .filter(|other| other.storage == output.storage);
            assert_eq!(sharing.count(), 1, "{}", output.name);
        }
    }
    let wire = rmp_serde::to_vec_named(case).expect("a case should be sent");
    let arrived: Case = rmp_serde::from_slice(&wire).expect("a case should arrive");
    assert_eq!(
        rmp_serde::to_vec_named(&arrived).expect("it should be sent on"),
        wire
    );
}

fn assert_all_sound(rows: &Rows, contract: &Contract) {
    let mut ids = BTreeSet::new();
    for case in rows.rows.iter().chain(&rows.grid) {
        assert!(ids.insert(&case.id), "`{}` stands twice", case.id);
        assert_sound(case);
        assert_sound(&shrink(
            case,
            &contract.entries[case.entry],
            ShrinkLimit(1 << 15),
        ));
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

/// A row or a scrap of one, as its TOML.
fn view() -> impl Strategy<Value = Table> {
    let size = prop_oneof![
        6 => 0..5_i64,
        2 => prop::sample::select(vec![7, 64, 1000]),
        1 => prop::sample::select(vec![-1, 1 << 20, 1 << 31, 1 << 40, 1 << 62, i64::MAX]),
    ];
    let fill = prop::sample::select(vec![
        "{ kind = \"normal\", mean = 0.0, std = nan }",
        "{ kind = \"integers\", low = -9223372036854775808, high = 9223372036854775807 }",
        "{ kind = \"integers\", low = -2, high = 3 }",
        "{ kind = \"constant\", value = 1e308 }",
        "{ kind = \"arange\" }",
        "{ kind = \"cycle\", of = [] }",
        "{ kind = \"cycle\", of = [{ kind = \"cycle\", of = [{ kind = \"arange\" }] }] }",
    ]);
    (
        prop::sample::select(vec!["bf16", "f32", "i64", "u8", "bool"]),
        prop::collection::vec((size.clone(), size.clone()), 0..4),
        any::<bool>(),
        prop::option::of(size),
        prop::option::weighted(0.3, prop::sample::select(vec!["one", "two"])),
        prop::option::weighted(0.3, fill),
    )
        .prop_map(|(dtype, dims, strided, offset, storage, fill)| {
            let (shape, strides): (Vec<i64>, Vec<i64>) = dims.into_iter().unzip();
            let mut view = Table::new();
            view.insert("dtype".to_owned(), dtype.into());
            view.insert("shape".to_owned(), shape.into());
            if strided {
                view.insert("stride".to_owned(), strides.into());
            }
            for (key, value) in [
                ("offset", offset.map(Value::from)),
                ("storage", storage.map(Value::from)),
            ] {
                value.and_then(|value| view.insert(key.to_owned(), value));
            }
            if let Some(fill) = fill {
                let parsed: Table = format!("fill = {fill}").parse().expect("a fill is TOML");
                view.extend(parsed);
            }
            view
        })
}

const VIEWS: &str = r#"
schema = 1
summary = "any views"
margin = 0.01
[[set]]
name = "all"
rows = ["*"]
[[entry]]
name = "views"
shrink = "A"
shrink_multiple_of = ["B", "C"]
tensors = [
  { name = "x", role = "in", dims = [[], ["A"], ["A", "B"], ["A", "B", "C"]] },
  { name = "y", role = "in", optional = true, dims = [[], ["B"], ["B", "A"], ["C", "B", "A"]] },
  { name = "out", role = "out", dims = [[], ["A"], ["A", "B"], ["A", "B", "C"]] },
]
"#;

/// `rows.toml` with one row of these views.
fn row_of(x: Table, y: Option<Table>, out: Table, storage: Option<i64>) -> String {
    let mut tensors =
        Table::from_iter([("x".to_owned(), x.into()), ("out".to_owned(), out.into())]);
    if let Some(y) = y {
        tensors.insert("y".to_owned(), y.into());
    }
    let mut row: Table = "id = \"r\"\nentry = \"views\"\nproduction = true\natol = 0.0\nrtol = 0.0"
        .parse()
        .expect("a row is TOML");
    row.insert("tensors".to_owned(), tensors.into());
    if let Some(size) = storage {
        row.insert(
            "storage".to_owned(),
            Table::from_iter([("one".to_owned(), size.into())]).into(),
        );
    }
    let rows = Value::Array(vec![row.into()]);
    Table::from_iter([("task".to_owned(), "t".into()), ("row".to_owned(), rows)]).to_string()
}

/// Draws every input and looks at each byte of its storage, where that is small.
fn assert_draws_within(case: &Case) {
    const SMALL: u64 = 1 << 12;
    const UNTOUCHED: u8 = 0xA5;
    for spec in case.present() {
        let bytes = case.storage_bytes[spec.storage];
        if bytes > SMALL || spec.elements() > SMALL {
            continue;
        }
        let size = spec.dtype.bytes();
        let places: Vec<usize> = (0..spec.elements())
            .map(|index| spec.position(index) as usize)
            .collect();
        let distinct: BTreeSet<usize> = places.iter().copied().collect();
        assert!(
            spec.role == Role::In || distinct.len() == places.len(),
            "an output overlaps itself"
        );
        let mut storage = vec![UNTOUCHED; bytes as usize];
        spec.draw_into(&mut storage, &spec.fill, 11);
        for (place, byte) in storage.iter().enumerate() {
            assert!(
                *byte == UNTOUCHED || distinct.contains(&(place / size)),
                "byte {place} is no element's"
            );
        }
        if spec.role != Role::In {
            assert_values(spec, &storage);
        }
    }
}

fn assert_values(spec: &TensorSpec, storage: &[u8]) {
    for index in 0..spec.elements() {
        let size = spec.dtype.bytes();
        let mut expected = [0; 8];
        spec.fill.draw(spec.dtype, 11, index, &mut expected[..size]);
        let place = spec.position(index) as usize * size;
        assert_eq!(storage[place..][..size], expected[..size]);
    }
}

/// An expression that parses, over numbers at the ends of what there is.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "low",
        "one",
        "high",
        "0",
        "1",
        "7",
        "9223372036854775807",
    ]);
    leaf.prop_map(str::to_owned)
        .prop_recursive(4, 16, 2, |inner| {
            let operator = prop::sample::select(vec!["+", " - ", "*", " / "]);
            (inner.clone(), operator, inner, any::<bool>()).prop_map(
                |(left, operator, right, closed)| match closed {
                    true => format!("({left}{operator}{right})"),
                    false => format!("{left}{operator}{right}"),
                },
            )
        })
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
        let mutations: Vec<Mutation> = mutations;
        try_rows(real, &mutated(&real.rows, &mutations));
    }

    #[test]
    fn spliced_rows_are_sound_or_refused(real in some_real(), splices in splices()) {
        let splices: Vec<Splice> = splices;
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_views_make_a_sound_row_or_a_message(
        x in view(), y in prop::option::of(view()), out in view(), storage in prop::option::of(0..100_i64),
    ) {
        let contract = Contract::parse(&text(VIEWS)).expect("the contract should parse");
        match Rows::parse(&text(&row_of(x, y, out, storage)), &contract, "t") {
            Ok(rows) => {
                assert_all_sound(&rows, &contract);
                rows.rows.iter().for_each(assert_draws_within);
            }
            Err(error) => shown(&error),
        }
    }

    #[test]
    fn dense_views_in_storages_of_their_own_are_taken_as_written(
        shape in prop::collection::vec(0..1000_i64, 0..4), offset in 0..1000_i64,
    ) {
        let contract = Contract::parse(&text(VIEWS)).expect("the contract should parse");
        let mut view = Table::new();
        view.insert("dtype".to_owned(), "f32".into());
        view.insert("shape".to_owned(), shape.clone().into());
        view.insert("offset".to_owned(), offset.into());
        let written = row_of(view.clone(), None, view, None);
        let rows = Rows::parse(&text(&written), &contract, "t").expect("the row should be taken");
        let out = rows.rows[0].outputs().next().expect("the row has an output").clone();
        prop_assert_eq!((&out.shape, out.offset), (&shape, offset));
        prop_assert!(out.is_dense());
    }

    #[test]
    fn any_expression_has_a_value_or_a_message(text in expression(), splices in prop::option::of(splices())) {
        let bindings = Bindings::from([
            ("low".to_owned(), i64::MIN), ("one".to_owned(), -1), ("high".to_owned(), i64::MAX),
        ]);
        let damaged = splices.map(|splices| spliced(&text, &splices));
        let _ = evaluate(damaged.as_ref().unwrap_or(&text), &bindings);
    }
}
