//! Captures as a Chrome trace: what torch.profiler's `export_chrome_trace` writes with `record_shapes=True`.

use serde::Deserialize;
use serde_json::Value;

use super::call::{Argument, Arguments, Call, Operand};

#[derive(Deserialize)]
struct Trace {
    #[serde(rename = "traceEvents")]
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    name: String,
    args: Option<Recorded>,
}

/// A list each, with a place for every argument.
#[derive(Deserialize)]
struct Recorded {
    #[serde(rename = "Input Dims")]
    dims: Option<Vec<Value>>,
    #[serde(rename = "Input type")]
    types: Option<Vec<String>>,
    #[serde(rename = "Input Strides")]
    strides: Option<Vec<Value>>,
    #[serde(rename = "Concrete Inputs")]
    values: Option<Vec<Value>>,
}

/// The calls of every event that recorded its shapes, in file order.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Call>, serde_json::Error> {
    let is_list = text.trim_ascii_start().starts_with(b"[");
    let events = match is_list {
        true => serde_json::from_slice(text)?,
        false => serde_json::from_slice::<Trace>(text)?.events,
    };
    Ok(events.into_iter().filter_map(call).collect())
}

fn call(event: Event) -> Option<Call> {
    let recorded = event.args?;
    let (dims, types) = (recorded.dims?, recorded.types?);
    let strides = recorded.strides.unwrap_or_default();
    let values = recorded.values.unwrap_or_default();
    let arguments = dims
        .iter()
        .zip(types)
        .enumerate()
        .map(|(place, (dims, kind))| argument(dims, kind, strides.get(place), values.get(place)));
    Some(Call {
        name: event.name,
        arguments: Arguments::Signature(arguments.collect()),
        count: 1,
    })
}

/// Of the types, "Scalar" is a number or bool, "TensorList" and its like are lists, "" is nothing that was recorded,
/// and all others are dtypes.
fn argument(
    dims: &Value,
    kind: String,
    strides: Option<&Value>,
    value: Option<&Value>,
) -> Argument {
    match kind.as_str() {
        "" => Argument::Absent,
        "Scalar" => Argument::Scalar(match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        }),
        list if list.ends_with("List") => Argument::Other(kind),
        _ => match integers(dims) {
            Some(shape) => Argument::Tensor(Operand {
                dtype: kind,
                strides: strides
                    .and_then(integers)
                    .filter(|strides| strides.len() == shape.len()),
                shape,
            }),
            None => Argument::Other(kind),
        },
    }
}

fn integers(value: &Value) -> Option<Vec<i64>> {
    value.as_array()?.iter().map(Value::as_i64).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = r#"{"schemaVersion": 1, "traceEvents": [
        {"ph": "M", "name": "process_name", "args": {"name": "python"}},
        {"ph": "X", "cat": "cpu_op", "name": "lib::norm", "ts": 1.5, "dur": 2, "args": {"External id": 3,
         "Concrete Inputs": ["", "", "", "1e-06", "[2]"], "Input type": ["c10::BFloat16", "float", "", "Scalar", "ScalarList"],
         "Input Strides": [[3, 1], [1], [], [], []], "Input Dims": [[2, 3], [3], [], [], []], "Ev Idx": 0}},
        {"ph": "X", "cat": "kernel", "name": "void norm<1>()", "ts": 2, "dur": 1, "args": {"stream": 7}}]}"#;

    #[test]
    fn an_event_with_shapes_is_a_call() {
        let calls = parse(GOOD.as_bytes()).unwrap();
        assert_eq!((calls.len(), calls[0].name.as_str()), (1, "lib::norm"));
        let Arguments::Signature(arguments) = &calls[0].arguments else {
            panic!("{calls:?}");
        };
        assert!(
            matches!(&arguments[0], Argument::Tensor(x) if x.dtype == "c10::BFloat16" && x.strides == Some(vec![3, 1]))
        );
        assert_eq!(arguments[2], Argument::Absent);
        assert_eq!(arguments[3], Argument::Scalar("1e-06".to_owned()));
        assert_eq!(arguments[4], Argument::Other("ScalarList".to_owned()));
    }

    #[test]
    fn a_bare_list_of_events_is_a_trace_too() {
        let list = &GOOD[GOOD.find('[').unwrap()..GOOD.len() - 1];
        assert_eq!(parse(list.as_bytes()).unwrap().len(), 1);
    }

    #[test]
    fn a_trace_without_strides_has_none() {
        let text = GOOD.replace("Input Strides", "Other");
        let calls = parse(text.as_bytes()).unwrap();
        let Arguments::Signature(arguments) = &calls[0].arguments else {
            panic!("{calls:?}");
        };
        assert!(matches!(&arguments[0], Argument::Tensor(x) if x.strides.is_none()));
    }

    proptest! {
        #[test]
        fn no_text_is_more_than_an_error(cut in 0..GOOD.len(), put in "\\PC{0,6}", rest in 0..GOOD.len()) {
            let (Some(head), Some(tail)) = (GOOD.get(..cut), GOOD.get(rest..)) else { return Ok(()) };
            let _ = parse(format!("{head}{put}{tail}").as_bytes());
        }
    }
}
