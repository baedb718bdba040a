//! Shortening a case that is too large for where it is to run.

use super::{Case, EntrySpec, Expect};
use crate::tensor::dense_strides;

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
        .product::<i64>();
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
    let mut largest = 0;
    for (slot, tensor) in entry.tensors.iter().zip(&case.tensors) {
        let Some(tensor) = tensor else { continue };
        let has_axis = slot
            .dims
            .iter()
            .filter(|dims| dims.len() == tensor.shape.len())
            .any(|dims| {
                let mut extents = dims.iter().zip(&tensor.shape);
                extents.any(|(name, extent)| name == axis && *extent == size)
            });
        if has_axis {
            largest = largest.max(tensor.elements());
        }
    }
    largest
}

/// Size of an axis: the largest that any tensor has there, so that a broadcast 1 does not count.
fn axis_size(case: &Case, entry: &EntrySpec, axis: &str) -> i64 {
    let mut size = 0;
    for (slot, tensor) in entry.tensors.iter().zip(&case.tensors) {
        let Some(tensor) = tensor else { continue };
        let Some(dims) = slot
            .dims
            .iter()
            .find(|dims| dims.len() == tensor.shape.len())
        else {
            continue;
        };
        for (name, extent) in dims.iter().zip(&tensor.shape) {
            if name == axis {
                size = size.max(*extent);
            }
        }
    }
    size
}
