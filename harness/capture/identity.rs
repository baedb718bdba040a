//! What makes two calls one row, and what a row is called.

use std::collections::BTreeSet;

use super::bind::{Bound, axis_sizes};
use crate::task::{Case, EntrySpec};
use crate::tensor::dense_strides;

/// Entry, shapes, dtypes, strides and scalars of a case; ids, fills and tolerances do not count.
pub(super) fn value_of(case: &Case) -> String {
    let tensors = case.tensors.iter().map(|tensor| {
        let tensor = tensor.as_ref()?;
        Some((tensor.dtype, &tensor.shape, &tensor.strides))
    });
    format!(
        "{} {:?} {:?}",
        case.entry_name,
        tensors.collect::<Vec<_>>(),
        case.scalars
    )
}

/// `b2_l19_c3072_bf16`: sizes of the axes in the contract's order, those of 1 left out, then the dtypes, and
/// `strided` where a tensor is.
pub(super) fn name(entry: &EntrySpec, bound: &Bound) -> String {
    let shapes = bound.tensors.iter();
    let shapes = shapes.map(|tensor| tensor.as_ref().map(|tensor| tensor.shape.as_slice()));
    let sizes = axis_sizes(entry, shapes).unwrap_or_default();
    let mut parts: Vec<String> = Vec::new();
    let mut named = BTreeSet::new();
    let axes = entry
        .tensors
        .iter()
        .flat_map(|slot| slot.dims.iter().flatten());
    for axis in axes.filter(|axis| named.insert(axis.as_str())) {
        let sizes = sizes.get(axis.as_str()).into_iter().flatten();
        parts.extend(sizes.map(|(size, _)| format!("{}{size}", spelled(entry, axis))));
    }
    let mut dtypes: Vec<&str> = Vec::new();
    for tensor in bound.tensors.iter().flatten() {
        if !dtypes.contains(&tensor.dtype.name()) {
            dtypes.push(tensor.dtype.name());
        }
    }
    parts.extend(dtypes.into_iter().map(str::to_owned));
    let mut tensors = bound.tensors.iter().flatten();
    if tensors.any(|tensor| tensor.strides != dense_strides(&tensor.shape)) {
        parts.push("strided".to_owned());
    }
    parts.join("_")
}

/// Lower-case, unless two axes of the entry would then be one.
fn spelled(entry: &EntrySpec, axis: &str) -> String {
    let lower = axis.to_lowercase();
    let mut axes = entry
        .tensors
        .iter()
        .flat_map(|slot| slot.dims.iter().flatten());
    match axes.any(|other| other != axis && other.to_lowercase() == lower) {
        true => axis.to_owned(),
        false => lower,
    }
}

/// `name`, or with the first number behind it that nothing in `taken` has; takes it.
pub(super) fn unused(name: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|id| !taken.contains(id))
        .expect("some number should be free");
    taken.insert(free.clone());
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_taken_gets_a_number() {
        let mut taken = BTreeSet::from(["n4_f32".to_owned()]);
        let ids: Vec<String> = (0..3).map(|_| unused("n4_f32", &mut taken)).collect();
        assert_eq!(ids, ["n4_f32_2", "n4_f32_3", "n4_f32_4"]);
    }
}
