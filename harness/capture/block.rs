//! A row as rows.toml has it.

use std::fmt::Write;

use toml::Value;

use super::bind::{Bound, BoundTensor};
use crate::task::{EntrySpec, Tolerance};
use crate::tensor::{Role, dense_strides};

/// What a row says besides its tensors and scalars.
pub(super) struct Heading<'a> {
    pub(super) id: &'a str,
    pub(super) preset: Option<&'a str>,
    pub(super) tolerance: Tolerance,
}

/// The `[[row]]` of a bound call.
pub(super) fn block(entry: &EntrySpec, bound: &Bound, heading: &Heading) -> String {
    let text = |text: &str| Value::String(text.to_owned()).to_string();
    let mut lines = vec![
        "[[row]]".to_owned(),
        format!("id = {}", text(heading.id)),
        format!("entry = {}", text(&entry.name)),
    ];
    lines.extend(
        heading
            .preset
            .map(|preset| format!("preset = {}", text(preset))),
    );
    lines.push("production = true".to_owned());
    lines.push(format!("atol = {:?}", heading.tolerance.atol));
    lines.push(format!("rtol = {:?}", heading.tolerance.rtol));
    if !entry.scalars.is_empty() {
        let pairs = entry.scalars.iter().zip(&bound.scalars);
        let pairs = pairs.map(|(slot, value)| format!("{} = {}", key(&slot.name), number(value)));
        let pairs = pairs.collect::<Vec<_>>().join(", ");
        lines.push(format!("scalars = {{ {pairs} }}"));
    }
    lines.push("[row.tensors]".to_owned());
    let present = entry.tensors.iter().zip(&bound.tensors);
    let present: Vec<_> = present
        .filter_map(|(slot, tensor)| Some((key(&slot.name), slot.role, tensor.as_ref()?)))
        .collect();
    let width = present.iter().map(|(name, ..)| name.chars().count()).max();
    let width = width.unwrap_or(0);
    for (name, role, tensor) in present {
        lines.push(format!("{name:<width$} = {}", inline(role, tensor)));
    }
    lines.join("\n") + "\n"
}

fn inline(role: Role, tensor: &BoundTensor) -> String {
    let role = match role {
        Role::In => "in",
        Role::Out => "out",
        Role::Inout => "inout",
    };
    let mut text = format!(
        "{{ role = \"{role}\", dtype = \"{}\", shape = {:?}",
        tensor.dtype.name(),
        tensor.shape
    );
    if tensor.strides != dense_strides(&tensor.shape) {
        write!(text, ", stride = {:?}", tensor.strides).expect("a string takes any write");
    }
    text + " }"
}

/// A float as short as it reads back, with an exponent where that is shorter.
fn number(value: &Value) -> String {
    match value {
        Value::Float(float) if float.is_finite() => format!("{float:?}"),
        other => other.to_string(),
    }
}

fn key(name: &str) -> String {
    let bare = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    match !name.is_empty() && name.chars().all(bare) {
        true => name.to_owned(),
        false => Value::String(name.to_owned()).to_string(),
    }
}
