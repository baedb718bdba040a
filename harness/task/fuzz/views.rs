//! Rows of any views: what is accepted lies within its storage, and is drawn there.

use std::collections::BTreeSet;

use proptest::prelude::*;
use toml::{Table, Value};

use super::super::rows::Rows;
use super::sound::{assert_all_sound, shown, text};
use crate::task::{Case, Contract};
use crate::tensor::{Role, TensorSpec};

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
}
