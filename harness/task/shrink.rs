//! Shortening a case that is too large for where it is to run.

use super::{Case, EntrySpec, Expect};
use crate::tensor::{TensorSpec, dense_strides};

/// Largest tensor that a device takes, in elements; larger cases are shortened.
#[derive(Clone, Copy, Debug)]
pub struct ShrinkLimit(pub u64);

/// `case` shortened along its entry's axis until the largest tensor that has it has at most `limit` elements, or as
/// short as the axis allows. Explicit strides stay, dense ones follow the new shape.
pub fn shrink(case: &Case, entry: &EntrySpec, limit: ShrinkLimit) -> Case {
    let size = axis_size(case, entry, &entry.shrink);
    let largest = largest_along(case, entry, &entry.shrink, size);
    // What makes a call refusable may be its very sizes.
    if case.expect == Expect::Refused || largest <= limit.0 || size <= 1 {
        return case.clone();
    }
    let multiple = entry
        .shrink_multiple_of
        .iter()
        .map(|axis| axis_size(case, entry, axis).max(1))
        .fold(1, i64::saturating_mul);
    let per_step = largest.div_ceil(size as u64).max(1);
    let target = ((limit.0 / per_step) as i64 / multiple * multiple)
        .max(multiple)
        .min(size);
    if target == size {
        return case.clone();
    }
    let mut shrunk = case.clone();
    for (slot, tensor) in entry.tensors.iter().zip(&mut shrunk.tensors) {
        let Some(tensor) = tensor else { continue };
        let Some(dims) = slot
            .dims
            .iter()
            .find(|dims| dims.len() == tensor.shape.len())
        else {
            continue;
        };
        let was_dense = tensor.strides == dense_strides(&tensor.shape);
        for (name, extent) in dims.iter().zip(&mut tensor.shape) {
            if *name == entry.shrink && *extent == size {
                *extent = target;
            }
        }
        if was_dense {
            tensor.strides = dense_strides(&tensor.shape);
        }
    }
    for (index, bytes) in shrunk.storage_bytes.iter_mut().enumerate() {
        let needed = shrunk
            .tensors
            .iter()
            .flatten()
            .filter(|tensor| tensor.storage == index);
        *bytes = needed
            .map(|tensor| tensor.extent() as u64 * tensor.dtype.bytes() as u64)
            .max()
            .unwrap_or(0);
    }
    shrunk.shrunk = Some(format!("{} {size} -> {target}", entry.shrink));
    shrunk
}

/// Elements of the largest tensor that has `axis` at its full `size`: what does not have it cannot be shortened.
fn largest_along(case: &Case, entry: &EntrySpec, axis: &str, size: i64) -> u64 {
    named(case, entry)
        .filter(|(dims, tensor)| {
            let mut extents = dims.iter().zip(&tensor.shape);
            extents.any(|(name, extent)| name == axis && *extent == size)
        })
        .map(|(_, tensor)| tensor.elements())
        .max()
        .unwrap_or(0)
}

/// Size of an axis: the largest that any tensor has there, so that a broadcast 1 does not count.
fn axis_size(case: &Case, entry: &EntrySpec, axis: &str) -> i64 {
    named(case, entry)
        .flat_map(|(dims, tensor)| dims.iter().zip(&tensor.shape))
        .filter(|(name, _)| *name == axis)
        .map(|(_, extent)| *extent)
        .max()
        .unwrap_or(0)
}

/// The tensors that are there, each with the names of its dimensions.
fn named<'a>(
    case: &'a Case,
    entry: &'a EntrySpec,
) -> impl Iterator<Item = (&'a Vec<String>, &'a TensorSpec)> {
    let slots = entry.tensors.iter().zip(&case.tensors);
    slots.filter_map(|(slot, tensor)| {
        let tensor = tensor.as_ref()?;
        let mut dims = slot.dims.iter();
        Some((dims.find(|dims| dims.len() == tensor.shape.len())?, tensor))
    })
}
