//! A captured call as an entry takes it, every size a number.

use std::collections::{BTreeMap, BTreeSet};

use super::call::{Arguments, Call, Operand};
use super::scalar::scalar;
use super::signature::{Assigned, by_order, by_place, in_order};
use crate::task::{Case, EntrySpec, TensorSlot};
use crate::tensor::{Dtype, Role, dense_strides};

/// What the command line says about arguments.
#[derive(Clone, Debug, Default)]
pub struct Binding {
    /// Place in the operation's signature to the entry's name.
    pub map: BTreeMap<usize, String>,
    /// Values of scalars, whatever a call has.
    pub scalars: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct BoundTensor {
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<i64>,
    pub(super) strides: Vec<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bound {
    /// In the contract's order.
    pub(super) tensors: Vec<Option<BoundTensor>>,
    /// In the contract's order.
    pub(super) scalars: Vec<toml::Value>,
    /// Whether a tensor came without strides.
    pub(super) assumed_dense: bool,
}

/// Axes of which no frozen row has two sizes beside a broadcast 1. Where a row has, the name says less than it seems.
pub(super) fn strict_axes<'a>(entry: &'a EntrySpec, frozen: &[&Case]) -> BTreeSet<&'a str> {
    let names = entry
        .tensors
        .iter()
        .flat_map(|slot| slot.dims.iter().flatten());
    let mut axes: BTreeSet<&str> = names.map(String::as_str).collect();
    for case in frozen {
        let shapes = case.tensors.iter();
        let shapes = shapes.map(|tensor| tensor.as_ref().map(|tensor| tensor.shape.as_slice()));
        if let Ok(sizes) = axis_sizes(entry, shapes) {
            axes.retain(|axis| sizes.get(axis).is_none_or(|sizes| sizes.len() <= 1));
        }
    }
    axes
}

/// Sizes of each axis other than 1, each with the first tensor that has it, in order.
type AxisSizes<'a> = BTreeMap<&'a str, Vec<(i64, &'a str)>>;

pub(super) fn axis_sizes<'a, 'b>(
    entry: &'a EntrySpec,
    shapes: impl Iterator<Item = Option<&'b [i64]>>,
) -> Result<AxisSizes<'a>, String> {
    let mut sizes = AxisSizes::new();
    for (slot, shape) in entry.tensors.iter().zip(shapes) {
        let Some(shape) = shape else { continue };
        let dims = slot.dims.iter().find(|dims| dims.len() == shape.len());
        let dims = dims.ok_or_else(|| {
            format!(
                "tensor `{}` has {} dimensions, which its `dims` do not list",
                slot.name,
                shape.len()
            )
        })?;
        for (axis, size) in dims.iter().zip(shape) {
            let known = sizes.entry(axis.as_str()).or_default();
            if *size != 1 && known.iter().all(|(other, _)| other != size) {
                known.push((*size, slot.name.as_str()));
            }
        }
    }
    Ok(sizes)
}

impl Binding {
    /// Binds `call` to `entry`, or says why the entry cannot take it.
    pub(super) fn bind(
        &self,
        entry: &EntrySpec,
        strict: &BTreeSet<&str>,
        call: &Call,
    ) -> Result<Bound, String> {
        let Assigned {
            tensors,
            mut scalars,
        } = self.assign(entry, call)?;
        if let Some(name) = tensors
            .keys()
            .find(|name| entry.tensors.iter().all(|slot| slot.name != **name))
        {
            return Err(format!("the entry takes no tensor `{name}`"));
        }
        let assumed_dense = tensors
            .values()
            .flatten()
            .any(|operand| operand.strides.is_none());
        let mut bound = Vec::with_capacity(entry.tensors.len());
        for slot in &entry.tensors {
            bound.push(match tensors.get(&slot.name).and_then(Option::as_ref) {
                Some(operand) => Some(bound_tensor(slot, operand)?),
                None => None,
            });
        }
        derive_outputs(entry, strict, &mut bound)?;
        let fixed = self.scalars.iter();
        scalars.extend(fixed.map(|(name, text)| (name.clone(), text.as_str().into())));
        if let Some(name) = scalars
            .keys()
            .find(|name| entry.scalars.iter().all(|slot| slot.name != **name))
        {
            return Err(format!("the entry takes no scalar `{name}`"));
        }
        let scalars = entry.scalars.iter().map(|slot| {
            let none = "".into();
            let value = scalars.get(&slot.name).unwrap_or(&none);
            if *value == none {
                return Err(format!(
                    "scalar `{0}` was not recorded: give it with --scalar {0}=VALUE",
                    slot.name
                ));
            }
            scalar(slot, value).ok_or_else(|| format!("scalar `{}` cannot be {value}", slot.name))
        });
        Ok(Bound {
            scalars: scalars.collect::<Result<_, _>>()?,
            tensors: bound,
            assumed_dense,
        })
    }

    fn assign(&self, entry: &EntrySpec, call: &Call) -> Result<Assigned, String> {
        let (tensors, scalars) = match &call.arguments {
            Arguments::Named { tensors, scalars } => (tensors.clone(), scalars.clone()),
            Arguments::Ordered { tensors, scalars } => (in_order(entry, tensors)?, scalars.clone()),
            Arguments::Signature(arguments) if self.map.is_empty() => {
                return by_order(entry, arguments, &self.scalars);
            }
            Arguments::Signature(arguments) => return by_place(entry, arguments, &self.map),
        };
        Ok(Assigned { tensors, scalars })
    }
}

fn bound_tensor(slot: &TensorSlot, operand: &Operand) -> Result<BoundTensor, String> {
    let dtype = dtype(&operand.dtype).ok_or_else(|| {
        format!(
            "tensor `{}` has the dtype `{}`, which no kernel here takes",
            slot.name, operand.dtype
        )
    })?;
    if operand.shape.iter().any(|size| *size < 0) {
        return Err(format!("tensor `{}` has a negative size", slot.name));
    }
    let dense = dense(&operand.shape)
        .ok_or_else(|| format!("tensor `{}` is larger than any memory", slot.name))?;
    Ok(BoundTensor {
        dtype,
        strides: operand.strides.clone().unwrap_or(dense),
        shape: operand.shape.clone(),
    })
}

/// Dense strides; `None` where a number of elements, an empty dimension counted as one, has no number.
fn dense(shape: &[i64]) -> Option<Vec<i64>> {
    let elements = shape
        .iter()
        .try_fold(1_i64, |n, size| n.checked_mul((*size).max(1)));
    elements.map(|_| dense_strides(shape))
}

/// Outputs that the capture does not have, from the axes of what it has: dense, of the dtype of the first tensor with
/// the same axes, or else of the first.
fn derive_outputs(
    entry: &EntrySpec,
    strict: &BTreeSet<&str>,
    bound: &mut [Option<BoundTensor>],
) -> Result<(), String> {
    let given = bound.to_vec();
    let shapes = given.iter();
    let sizes = axis_sizes(
        entry,
        shapes.map(|tensor| tensor.as_ref().map(|tensor| tensor.shape.as_slice())),
    )?;
    for (axis, sizes) in &sizes {
        if let ([(one, first), (other, second), ..], true) =
            (sizes.as_slice(), strict.contains(axis))
        {
            return Err(format!(
                "axis `{axis}` is {one} in `{first}` and {other} in `{second}`"
            ));
        }
    }
    let size = |axis: &String| match sizes.get(axis.as_str())?.as_slice() {
        [] => Some(1),
        [(size, _)] => Some(*size),
        _ => None,
    };
    for (slot, place) in entry.tensors.iter().zip(bound.iter_mut()) {
        if place.is_some() || slot.optional || slot.role != Role::Out {
            continue;
        }
        let like = |dims: &Vec<String>| {
            let mut tensors = entry.tensors.iter().zip(&given);
            tensors.find_map(|(slot, tensor)| {
                let tensor = tensor.as_ref()?;
                let own = slot
                    .dims
                    .iter()
                    .find(|own| own.len() == tensor.shape.len())?;
                (own == dims).then_some(tensor.dtype)
            })
        };
        let shape = |dims: &Vec<String>| dims.iter().map(size).collect::<Option<Vec<i64>>>();
        let same = slot
            .dims
            .iter()
            .find_map(|dims| Some((shape(dims)?, like(dims)?)));
        let first = given.iter().flatten().map(|tensor| tensor.dtype).next();
        let any = || {
            slot.dims
                .iter()
                .rev()
                .find_map(|dims| Some((shape(dims)?, first?)))
        };
        let (shape, dtype) = same.or_else(any).ok_or_else(|| {
            format!(
                "output `{}` was not captured, and its shape does not follow from the inputs: record it",
                slot.name
            )
        })?;
        let strides = dense(&shape)
            .ok_or_else(|| format!("output `{}` is larger than any memory", slot.name))?;
        *place = Some(BoundTensor {
            dtype,
            strides,
            shape,
        });
    }
    Ok(())
}

/// A dtype in the words of contracts, of torch and of the C++ types that its profiler writes.
fn dtype(word: &str) -> Option<Dtype> {
    let word = word
        .trim_start_matches("torch.")
        .trim_start_matches("c10::");
    Dtype::parse(word).or_else(|| {
        Some(match word {
            "bfloat16" | "BFloat16" => Dtype::Bf16,
            "float16" | "half" | "Half" => Dtype::F16,
            "float32" | "float" => Dtype::F32,
            "float64" | "double" => Dtype::F64,
            "int32" | "int" => Dtype::I32,
            "int64" | "long" | "long int" => Dtype::I64,
            "uint8" | "unsigned char" => Dtype::U8,
            _ => return None,
        })
    })
}
