//! Damage to real files, for tests of what reads them.

use proptest::prelude::*;
use proptest::sample::Index;
use toml::{Table, Value};

/// Text put into a file as it stands, for the tokens and limits of the parser.
const SNIPPETS: [&str; 12] = [
    "\u{feff}",
    "\0",
    "\r",
    "\"",
    "\"\"\"",
    "]",
    "}",
    "= ",
    "\n[[grid]]\n",
    "\n[row]\n",
    "é",
    "#",
];

/// Words where a size, a name or an expression is expected.
const WORDS: [&str; 10] = [
    "",
    "*",
    "dtype",
    "9223372036854775807 * 2",
    "1 / 0",
    "((((1",
    "-1",
    "bf16",
    "[!",
    "\u{202e}名",
];

const INTEGERS: [i64; 10] = [
    i64::MIN,
    -(1 << 40),
    -1,
    0,
    1,
    3,
    1 << 31,
    1 << 40,
    1 << 62,
    i64::MAX,
];

const FLOATS: [f64; 6] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    -1.0,
    1e308,
    5e-324,
];

/// One change to a document.
#[derive(Clone, Debug)]
pub(crate) struct Mutation {
    place: Index,
    change: Change,
}

#[derive(Clone, Debug)]
enum Change {
    Delete,
    Replace(Value),
    /// An item or a table that stands in a list stands there twice.
    Repeat,
    /// A value becomes a list of itself, so many times over.
    Nest(usize),
}

/// A change to the text itself: bytes deleted, characters put in their place.
#[derive(Clone, Debug)]
pub(crate) struct Splice {
    place: Index,
    deleted: usize,
    inserted: String,
}

pub(crate) fn mutations() -> impl Strategy<Value = Vec<Mutation>> {
    let change = prop_oneof![
        2 => Just(Change::Delete),
        6 => junk().prop_map(Change::Replace),
        1 => Just(Change::Repeat),
        1 => (1..200_usize).prop_map(Change::Nest),
    ];
    let mutation = (any::<Index>(), change).prop_map(|(place, change)| Mutation { place, change });
    prop::collection::vec(mutation, 1..4)
}

pub(crate) fn splices() -> impl Strategy<Value = Vec<Splice>> {
    let inserted = prop_oneof![
        Just(String::new()),
        prop::sample::select(SNIPPETS.to_vec()).prop_map(str::to_owned),
        any::<String>(),
        prop::sample::select(vec!["[", "{ a = ", "a."]).prop_map(|opening| opening.repeat(3000)),
    ];
    let splice = (any::<Index>(), 0..20_usize, inserted);
    let splice = splice.prop_map(|(place, deleted, inserted)| Splice {
        place,
        deleted,
        inserted,
    });
    prop::collection::vec(splice, 1..4)
}

fn junk() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => prop::sample::select(INTEGERS.to_vec()).prop_map(Value::from),
        2 => prop::sample::select(FLOATS.to_vec()).prop_map(Value::from),
        2 => prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Table(Table::new())),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::from)
    })
}

/// `document` after every change, as text.
pub(crate) fn mutated(document: &Table, mutations: &[Mutation]) -> String {
    let mut value = Value::Table(document.clone());
    for Mutation { place, change } in mutations {
        let slots = slots(&value);
        if slots > 0 {
            change_slot(&mut value, &mut place.index(slots), change);
        }
    }
    toml::to_string(&value).expect("a table should be written as TOML")
}

/// `text` after every splice.
pub(crate) fn spliced(text: &str, splices: &[Splice]) -> String {
    let mut text = text.to_owned();
    for splice in splices {
        let start = text.floor_char_boundary(splice.place.index(text.len() + 1));
        let end = text.ceil_char_boundary((start + splice.deleted).min(text.len()));
        text.replace_range(start..end, &splice.inserted);
    }
    text
}

/// Values inside `value`, at any depth.
fn slots(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| 1 + slots(item)).sum(),
        Value::Table(table) => table.iter().map(|(_, item)| 1 + slots(item)).sum(),
        _ => 0,
    }
}

/// Changes the value with this number inside `container`; `number` falls by those that were passed.
fn change_slot(container: &mut Value, number: &mut usize, change: &Change) -> bool {
    match container {
        Value::Array(items) => {
            for place in 0..items.len() {
                if *number == 0 {
                    match change {
                        Change::Delete => drop(items.remove(place)),
                        Change::Repeat => items.insert(place, items[place].clone()),
                        other => alter(&mut items[place], other),
                    }
                    return true;
                }
                *number -= 1;
                if change_slot(&mut items[place], number, change) {
                    return true;
                }
            }
        }
        Value::Table(table) => {
            let keys: Vec<String> = table.keys().cloned().collect();
            for key in keys {
                if *number == 0 {
                    match change {
                        Change::Delete => drop(table.remove(&key)),
                        other => alter(&mut table[&key], other),
                    }
                    return true;
                }
                *number -= 1;
                if change_slot(&mut table[&key], number, change) {
                    return true;
                }
            }
        }
        _ => {}
    }
    false
}

fn alter(value: &mut Value, change: &Change) {
    *value = match change {
        Change::Replace(junk) => junk.clone(),
        Change::Nest(depth) => {
            (0..*depth).fold(value.clone(), |inner, _| Value::Array(vec![inner]))
        }
        Change::Delete | Change::Repeat => return,
    };
}
