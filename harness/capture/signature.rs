//! From the arguments of an operation to the names of an entry.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::{Argument, Operand};
use crate::task::{EntrySpec, TensorSlot};
use crate::tensor::Role;

/// Arguments by the entry's names; `None` for an optional tensor that is absent.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Assigned {
    pub(super) tensors: BTreeMap<String, Option<Operand>>,
    pub(super) scalars: BTreeMap<String, Value>,
}

/// Tensors in the contract's order; what is left out at the end is absent.
pub(super) fn in_order(
    entry: &EntrySpec,
    tensors: &[Option<Operand>],
) -> Result<BTreeMap<String, Option<Operand>>, String> {
    if tensors.len() > entry.tensors.len() {
        return Err(format!(
            "lists {} tensors, and the entry takes {}",
            tensors.len(),
            entry.tensors.len()
        ));
    }
    let slots = entry.tensors.iter().map(|slot| slot.name.clone());
    Ok(slots.zip(tensors.iter().cloned()).collect())
}

/// The arguments whose places `map` names; all others are passed over.
pub(super) fn by_place(
    entry: &EntrySpec,
    arguments: &[Argument],
    map: &BTreeMap<usize, String>,
) -> Result<Assigned, String> {
    let mut assigned = Assigned::default();
    for (place, name) in map {
        let argument = arguments.get(*place).ok_or_else(|| {
            format!(
                "has {} arguments, so none at place {place}",
                arguments.len()
            )
        })?;
        let is_tensor = entry.tensors.iter().any(|slot| slot.name == *name);
        let is_scalar = entry.scalars.iter().any(|slot| slot.name == *name);
        match argument {
            Argument::Tensor(operand) if is_tensor => {
                assigned.tensors.insert(name.clone(), Some(operand.clone()));
            }
            Argument::Absent if is_tensor => {
                assigned.tensors.insert(name.clone(), None);
            }
            Argument::Scalar(text) if is_scalar => {
                assigned.scalars.insert(name.clone(), text.as_str().into());
            }
            _ if !is_tensor && !is_scalar => {
                return Err(format!("the entry takes no `{name}`"));
            }
            _ => return Err(format!("its argument {place} cannot be `{name}`")),
        }
    }
    Ok(assigned)
}

/// Tensors and scalars as they come, each kind in the contract's order, where their numbers fit; `known` are scalars
/// that need no argument.
pub(super) fn by_order(
    entry: &EntrySpec,
    arguments: &[Argument],
    known: &BTreeMap<String, String>,
) -> Result<Assigned, String> {
    let scalars: Vec<&String> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Scalar(text) => Some(text),
            _ => None,
        })
        .collect();
    let slots: Vec<&String> = entry
        .scalars
        .iter()
        .map(|slot| &slot.name)
        .filter(|name| !known.contains_key(*name))
        .collect();
    if !slots.is_empty() && slots.len() != scalars.len() {
        return Err(format!(
            "has {} scalars for {}: say which with --map, or give values with --scalar",
            scalars.len(),
            slots
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    let pairs = slots.into_iter().zip(scalars);
    Ok(Assigned {
        tensors: tensors_by_order(entry, arguments)?,
        scalars: pairs
            .map(|(name, text)| (name.clone(), text.as_str().into()))
            .collect(),
    })
}

/// The first reading whose numbers fit: every slot, or those of inputs, or those of inputs that must be there; with a
/// place for what was left out, or without.
fn tensors_by_order(
    entry: &EntrySpec,
    arguments: &[Argument],
) -> Result<BTreeMap<String, Option<Operand>>, String> {
    let with_absent: Vec<Option<Operand>> = arguments
        .iter()
        .filter_map(|argument| match argument {
            Argument::Tensor(operand) => Some(Some(operand.clone())),
            Argument::Absent => Some(None),
            Argument::Scalar(_) | Argument::Other(_) => None,
        })
        .collect();
    let present: Vec<Option<Operand>> = with_absent.iter().flatten().cloned().map(Some).collect();
    let all: Vec<&TensorSlot> = entry.tensors.iter().collect();
    let inputs: Vec<&TensorSlot> = all
        .iter()
        .copied()
        .filter(|slot| slot.role != Role::Out)
        .collect();
    let required: Vec<&TensorSlot> = inputs
        .iter()
        .copied()
        .filter(|slot| !slot.optional)
        .collect();
    for slots in [&all, &inputs, &required] {
        for given in [&with_absent, &present] {
            let fits = slots.len() == given.len()
                && slots
                    .iter()
                    .zip(given)
                    .all(|(slot, operand)| slot.optional || operand.is_some());
            if fits {
                let names = slots.iter().map(|slot| slot.name.clone());
                return Ok(names.zip(given.iter().cloned()).collect());
            }
        }
    }
    Err(format!(
        "has {} tensors, and the entry takes {} inputs of {} tensors: say which is which with --map",
        present.len(),
        inputs.len(),
        all.len()
    ))
}
