//! Captures as JSON lines: a call a line.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::call::{Arguments, Call, Operand};

/// Faults that are told at most; a file of another format has one in every line.
const MOST_FAULTS: usize = 5;

/// Calls that a line stands for at most: twelve days of a call a microsecond, and few enough that no sum overflows.
const MOST_CALLS: u64 = 1 << 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    shapes: PerTensor<Vec<i64>>,
    dtypes: Dtypes,
    #[serde(default)]
    strides: Option<PerTensor<Vec<i64>>>,
    #[serde(default)]
    scalars: BTreeMap<String, Value>,
    #[serde(default = "once")]
    count: u64,
}

fn once() -> u64 {
    1
}

/// By the entry's names, or in the contract's order; `null` for an optional tensor that is absent.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected an object by tensor names, or a list in the contract's order"
)]
enum PerTensor<T> {
    Named(BTreeMap<String, Option<T>>),
    Ordered(Vec<Option<T>>),
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`dtypes` is one dtype for all tensors, or an object or a list as `shapes`"
)]
enum Dtypes {
    All(String),
    Each(PerTensor<String>),
}

/// The calls, in file order, or what is wrong with which lines. Blank lines are passed over.
pub(super) fn parse(text: &str) -> Result<Vec<Call>, Vec<String>> {
    let (mut calls, mut faults) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match parse_line(line) {
            Ok(call) => calls.push(call),
            Err(fault) => faults.push(format!("line {number} {fault}")),
        }
    }
    if faults.is_empty() {
        return Ok(calls);
    }
    if let Some(more @ 1..) = faults.len().checked_sub(MOST_FAULTS) {
        faults.truncate(MOST_FAULTS);
        faults.push(format!("and {more} more lines"));
    }
    Err(faults)
}

fn parse_line(text: &str) -> Result<Call, String> {
    let line: Line =
        serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))?;
    if !(1..=MOST_CALLS).contains(&line.count) {
        return Err(format!(
            "counts {} calls: leave `count` out, or count from 1 to {MOST_CALLS}",
            line.count
        ));
    }
    let arguments = match line.shapes {
        PerTensor::Named(shapes) => Arguments::Named {
            tensors: named(shapes, &line.dtypes, line.strides)?,
            scalars: line.scalars,
        },
        PerTensor::Ordered(shapes) => Arguments::Ordered {
            tensors: ordered(shapes, &line.dtypes, line.strides)?,
            scalars: line.scalars,
        },
    };
    Ok(Call {
        name: line.name,
        arguments,
        count: line.count,
    })
}

fn named(
    shapes: BTreeMap<String, Option<Vec<i64>>>,
    dtypes: &Dtypes,
    strides: Option<PerTensor<Vec<i64>>>,
) -> Result<BTreeMap<String, Option<Operand>>, String> {
    let mut strides = match strides {
        None => BTreeMap::new(),
        Some(PerTensor::Named(strides)) => strides,
        Some(PerTensor::Ordered(_)) => return Err(unlike("strides")),
    };
    let mut tensors = BTreeMap::new();
    for (name, shape) in shapes {
        let dtype = match dtypes {
            Dtypes::All(dtype) => Some(dtype.clone()),
            Dtypes::Each(PerTensor::Named(each)) => each.get(&name).cloned().flatten(),
            Dtypes::Each(PerTensor::Ordered(_)) => return Err(unlike("dtypes")),
        };
        let strides = strides.remove(&name).flatten();
        let operand = operand(shape, dtype, strides).ok_or_else(|| no_dtype(&name))?;
        tensors.insert(name, operand);
    }
    match strides.into_keys().next() {
        Some(name) => Err(format!("gives strides to `{name}`, which has no shape")),
        None => Ok(tensors),
    }
}

fn ordered(
    shapes: Vec<Option<Vec<i64>>>,
    dtypes: &Dtypes,
    strides: Option<PerTensor<Vec<i64>>>,
) -> Result<Vec<Option<Operand>>, String> {
    let mut strides = match strides {
        None => vec![None; shapes.len()],
        Some(PerTensor::Ordered(strides)) if strides.len() == shapes.len() => strides,
        Some(_) => return Err(unlike("strides")),
    };
    let mut tensors = Vec::with_capacity(shapes.len());
    for (place, shape) in shapes.into_iter().enumerate() {
        let dtype = match dtypes {
            Dtypes::All(dtype) => Some(dtype.clone()),
            Dtypes::Each(PerTensor::Ordered(each)) => each.get(place).cloned().flatten(),
            Dtypes::Each(PerTensor::Named(_)) => return Err(unlike("dtypes")),
        };
        let operand = operand(shape, dtype, strides[place].take());
        tensors.push(operand.ok_or_else(|| no_dtype(&place.to_string()))?);
    }
    Ok(tensors)
}

/// `None` for a tensor without a dtype; an absent one needs none.
fn operand(
    shape: Option<Vec<i64>>,
    dtype: Option<String>,
    strides: Option<Vec<i64>>,
) -> Option<Option<Operand>> {
    let Some(shape) = shape else {
        return Some(None);
    };
    Some(Some(Operand {
        dtype: dtype?,
        shape,
        strides,
    }))
}

fn no_dtype(tensor: &str) -> String {
    format!("gives tensor `{tensor}` no dtype")
}

fn unlike(key: &str) -> String {
    format!("has `{key}` unlike `shapes`: both are objects by name, or lists of one length")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"name": "axpy", "shapes": {"x": [2, 3], "w": null}, "dtypes": {"x": "bf16"}, "strides": {"x": [3, 1]}, "scalars": {"eps": 1e-6}, "count": 7}"#;

    #[test]
    fn tensors_come_by_name_or_in_order() {
        let text = format!(
            "{GOOD}\n\n{}",
            r#"{"name": "axpy", "shapes": [[2], null], "dtypes": "f32"}"#
        );
        let calls = parse(&text).unwrap();
        let x = Operand {
            dtype: "bf16".to_owned(),
            shape: vec![2, 3],
            strides: Some(vec![3, 1]),
        };
        let Arguments::Named { tensors, scalars } = &calls[0].arguments else {
            panic!("{calls:?}");
        };
        assert_eq!((&tensors["x"], &tensors["w"]), (&Some(x), &None));
        assert_eq!((&scalars["eps"], calls[0].count), (&1e-6.into(), 7));
        let Arguments::Ordered { tensors, .. } = &calls[1].arguments else {
            panic!("{calls:?}");
        };
        assert_eq!((tensors.len(), calls[1].count), (2, 1));
    }

    #[test]
    fn every_fault_names_its_line() {
        let faults = [
            ("{", "line 1 cannot be read"),
            (
                r#"{"name": "a", "shapes": 3, "dtypes": "f32"}"#,
                "an object by tensor names, or a list",
            ),
            (
                r#"{"name": "a", "shapes": [[1]], "dtypes": [null]}"#,
                "tensor `0` no dtype",
            ),
            (
                r#"{"name": "a", "shapes": [[1]], "dtypes": "f32", "count": 0}"#,
                "or count from 1",
            ),
            (
                r#"{"name": "a", "shapes": [[1]], "dtypes": "f32", "strides": {"x": [1]}}"#,
                "`strides` unlike `shapes`",
            ),
            (
                r#"{"name": "a", "shapes": {"x": [1]}, "dtypes": "f32", "strides": {"y": [1]}}"#,
                "strides to `y`",
            ),
            (
                r#"{"name": "a", "shapes": [[1]], "dtypes": "f32", "shape": 1}"#,
                "unknown field `shape`",
            ),
        ];
        for (text, told) in faults {
            let found = parse(text).unwrap_err();
            assert!(
                found[0].starts_with("line 1 ") && found[0].contains(told),
                "{found:?}"
            );
        }
        let many = parse(&"{\n".repeat(9)).unwrap_err();
        assert_eq!(
            (many.len(), many[5].as_str()),
            (MOST_FAULTS + 1, "and 4 more lines")
        );
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_a_fault(cut in 0..GOOD.len(), put in "\\PC{0,6}", rest in 0..GOOD.len()) {
            let (Some(head), Some(tail)) = (GOOD.get(..cut), GOOD.get(rest..)) else { return Ok(()) };
            let _ = parse(&format!("{head}{put}{tail}"));
        }
    }
}
