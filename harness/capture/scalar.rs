//! Scalars in a source's words, as rows.toml writes them.

use serde_json::Value;

use crate::task::{ScalarSlot, ScalarType};

/// The value as `slot` takes it; `None` where it has another kind.
pub(super) fn scalar(slot: &ScalarSlot, value: &Value) -> Option<toml::Value> {
    let text = value.as_str();
    Some(match slot.kind {
        ScalarType::Int => {
            let parsed = text.and_then(|text| text.parse().ok());
            toml::Value::Integer(value.as_i64().or(parsed)?)
        }
        ScalarType::Float => {
            let parsed = text.and_then(|text| text.parse().ok());
            toml::Value::Float(value.as_f64().or(parsed)?)
        }
        ScalarType::Bool => {
            let parsed = match text {
                Some("true" | "True") => Some(true),
                Some("false" | "False") => Some(false),
                _ => None,
            };
            toml::Value::Boolean(value.as_bool().or(parsed)?)
        }
        ScalarType::Enum => {
            let word = text.filter(|word| slot.values.iter().any(|value| value == word))?;
            toml::Value::String(word.to_owned())
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(kind: ScalarType, values: &[&str]) -> ScalarSlot {
        ScalarSlot {
            name: "s".to_owned(),
            kind,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        }
    }

    #[test]
    fn text_and_numbers_are_read_by_the_slots_kind() {
        let float = slot(ScalarType::Float, &[]);
        assert_eq!(scalar(&float, &"1e-06".into()), Some(1e-6.into()));
        assert_eq!(scalar(&float, &1.into()), Some(1.0.into()));
        let int = slot(ScalarType::Int, &[]);
        assert_eq!(scalar(&int, &"3".into()), Some(3.into()));
        assert_eq!(scalar(&int, &1.5.into()), None);
        let flag = slot(ScalarType::Bool, &[]);
        assert_eq!(scalar(&flag, &"True".into()), Some(true.into()));
        assert_eq!(scalar(&flag, &1.into()), None);
        let word = slot(ScalarType::Enum, &["rms", "layer"]);
        assert_eq!(scalar(&word, &"rms".into()), Some("rms".into()));
        assert_eq!(scalar(&word, &"group".into()), None);
    }
}
