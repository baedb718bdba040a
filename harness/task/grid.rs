//! From templates to cases: a grid is a template over axes, a row is a template without any.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Value;

use super::contract::{EntrySpec, ScalarSlot, ScalarType, TensorSlot, is_bound};
use super::error::Fault;
use super::expression::{Bindings, evaluate};
use super::{Case, Contract, Expect, Scalar, Tolerance};
use crate::tensor::{Dtype, Fill, Role, TensorSpec, dense_strides};

/// A size, stride or offset: a number, or an expression over the grid's axes.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Size {
    Number(i64),
    Expression(String),
}

/// A tensor as written; fields that a `when` leaves out keep what they were.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TensorTemplate {
    role: Option<Role>,
    /// A dtype, or an axis that holds one.
    dtype: Option<String>,
    shape: Option<Vec<Size>>,
    /// In elements; dense when absent.
    stride: Option<Vec<Size>>,
    offset: Option<Size>,
    /// Name of the storage that it shares with other tensors.
    storage: Option<String>,
    fill: Option<Fill>,
    device: Option<Place>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    Gpu,
    Cpu,
}

/// Everything of a row or grid that depends on its axes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    #[serde(default)]
    pub(super) tensors: BTreeMap<String, TensorTemplate>,
    #[serde(default)]
    pub(super) scalars: BTreeMap<String, Value>,
    /// Sizes of named storages, in elements of the tensors that share them; as large as needed when absent.
    #[serde(default)]
    pub(super) storage: BTreeMap<String, Size>,
    #[serde(rename = "let", default)]
    pub(super) names: BTreeMap<String, Size>,
    pub(super) expect: Option<Expect>,
    pub(super) same_bits_as_baseline: Option<bool>,
    /// Outputs compared bit by bit beside those of the contract.
    pub(super) bitwise: Option<Vec<String>>,
}

/// Overrides for the cases whose axes have the given values.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    /// Axis to one value or to a list of values.
    #[serde(rename = "match")]
    conditions: BTreeMap<String, Value>,
    #[serde(default)]
    tensors: BTreeMap<String, TensorTemplate>,
    #[serde(default)]
    scalars: BTreeMap<String, Value>,
    #[serde(rename = "let", default)]
    names: BTreeMap<String, Size>,
    expect: Option<Expect>,
    same_bits_as_baseline: Option<bool>,
    bitwise: Option<Vec<String>>,
}

/// Identity and tolerance of the case that a template becomes.
pub(super) struct Identity<'a> {
    pub(super) id: String,
    pub(super) set: &'a str,
    pub(super) production: bool,
    pub(super) entry: &'a str,
    /// Number of the case in its grid.
    pub(super) number: usize,
    pub(super) tolerance: &'a BTreeMap<String, [f64; 2]>,
}

/// Key in a tolerance table that serves every dtype.
pub(super) const ANY_DTYPE: &str = "*";

/// Largest tensor and storage, in elements: more than any GPU holds, and few enough that no product of them overflows.
const LARGEST: i64 = 1 << 40;

/// One combination of axis values.
pub(super) type AxisValues = BTreeMap<String, Value>;

/// Number of combinations of `axes`; `None` where no number holds it.
pub(super) fn count(axes: &BTreeMap<String, Vec<Value>>) -> Option<usize> {
    let mut lengths = axes.values().map(Vec::len);
    lengths.try_fold(1_usize, usize::checked_mul)
}

/// The cartesian product of `axes`, the last axis fastest.
pub(super) fn combinations(axes: &BTreeMap<String, Vec<Value>>) -> Vec<AxisValues> {
    axes.iter()
        .fold(vec![AxisValues::new()], |partial, (axis, values)| {
            partial
                .iter()
                .flat_map(|chosen| {
                    values.iter().map(move |value| {
                        let mut chosen = chosen.clone();
                        chosen.insert(axis.clone(), value.clone());
                        chosen
                    })
                })
                .collect()
        })
}

impl Template {
    /// This template with every `when` applied, in order, whose conditions hold.
    pub(super) fn specialise(&self, whens: &[When], axes: &AxisValues) -> Result<Template, String> {
        let mut template = self.clone();
        for when in whens {
            if !when.holds(axes)? {
                continue;
            }
            for (name, over) in &when.tensors {
                template
                    .tensors
                    .entry(name.clone())
                    .or_default()
                    .overlay(over);
            }
            template.scalars.extend(when.scalars.clone());
            template.names.extend(when.names.clone());
            template.expect = when.expect.or(template.expect);
            template.same_bits_as_baseline = when
                .same_bits_as_baseline
                .or(template.same_bits_as_baseline);
            template.bitwise = when.bitwise.clone().or(template.bitwise);
        }
        Ok(template)
    }

    /// The case with these axis values.
    pub(super) fn resolve(
        &self,
        contract: &Contract,
        identity: &Identity,
        axes: &AxisValues,
    ) -> Result<Case, Fault> {
        let fault = |message: String| {
            Fault::new(
                format!("`{}`", identity.id),
                message,
                "see docs/contract.md for what a row or grid may say",
            )
        };
        let (entry, spec) = contract
            .entry(identity.entry)
            .ok_or_else(|| fault(format!("the contract has no entry `{}`", identity.entry)))?;
        let unknown = self
            .tensors
            .keys()
            .find(|name| spec.tensors.iter().all(|slot| slot.name != **name));
        if let Some(name) = unknown {
            return Err(fault(format!(
                "entry `{}` takes no tensor `{name}`",
                spec.name
            )));
        }
        let mut bindings: Bindings = axes
            .iter()
            .filter_map(|(axis, value)| Some((axis.clone(), value.as_integer()?)))
            .collect();
        for (name, size) in &self.names {
            let value = size.evaluate(&bindings).map_err(&fault)?;
            bindings.insert(name.clone(), value);
        }

        let mut storages = Storages::default();
        let mut tensors = Vec::with_capacity(spec.tensors.len());
        for slot in &spec.tensors {
            let tensor = match self.tensors.get(&slot.name) {
                Some(template) => Some(
                    template
                        .resolve(slot, &bindings, axes, identity.number, &mut storages)
                        .map_err(|message| fault(format!("tensor `{}`: {message}", slot.name)))?,
                ),
                None if slot.optional => None,
                None => return Err(fault(format!("tensor `{}` is missing", slot.name))),
            };
            tensors.push(tensor);
        }
        for name in self.bitwise.iter().flatten() {
            match tensors
                .iter_mut()
                .flatten()
                .find(|tensor| tensor.name == *name && tensor.role != Role::In)
            {
                Some(tensor) => tensor.bitwise = true,
                None => return Err(fault(format!("bitwise names `{name}`, which is no output"))),
            }
        }
        if self.expect.unwrap_or_default() == Expect::Accepted {
            check_tensors(spec, &tensors).map_err(&fault)?;
        }
        let storage_bytes = storages
            .sizes(&tensors, &self.storage, &bindings)
            .map_err(&fault)?;
        let scalars = scalars(spec, &self.scalars, axes).map_err(&fault)?;
        let judged = tensors
            .iter()
            .flatten()
            .find(|tensor| tensor.role != Role::In)
            .map(|tensor| tensor.dtype);
        let [atol, rtol] = *judged
            .and_then(|dtype| identity.tolerance.get(dtype.name()))
            .or_else(|| identity.tolerance.get(ANY_DTYPE))
            .ok_or_else(|| fault("no tolerance for the dtype of its first output".to_owned()))?;
        // Any finite output lies within an infinite tolerance, and none within a NaN.
        if let Some(bad) = [atol, rtol].into_iter().find(|part| !is_bound(*part)) {
            return Err(fault(format!(
                "has the tolerance {bad}, which is no finite number from 0 on"
            )));
        }
        Ok(Case {
            id: identity.id.clone(),
            set: identity.set.to_owned(),
            production: identity.production,
            entry,
            entry_name: spec.name.clone(),
            tensors,
            scalars,
            storage_bytes,
            tolerance: Tolerance { atol, rtol },
            expect: self.expect.unwrap_or_default(),
            same_bits_as_baseline: self.same_bits_as_baseline.unwrap_or(false),
            shrunk: None,
        })
    }
}

impl When {
    fn holds(&self, axes: &AxisValues) -> Result<bool, String> {
        for (axis, wanted) in &self.conditions {
            let value = axes
                .get(axis)
                .ok_or_else(|| format!("`match` names `{axis}`, which is no axis"))?;
            let holds = match wanted {
                Value::Array(options) => options.contains(value),
                single => single == value,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl TensorTemplate {
    fn overlay(&mut self, over: &TensorTemplate) {
        let over = over.clone();
        self.role = over.role.or(self.role);
        self.dtype = over.dtype.or(self.dtype.take());
        if over.shape.is_some() {
            // A new shape brings its own strides: dense unless it says otherwise.
            self.shape = over.shape;
            self.stride = None;
        }
        self.stride = over.stride.or(self.stride.take());
        self.offset = over.offset.or(self.offset.take());
        self.storage = over.storage.or(self.storage.take());
        self.fill = over.fill.or(self.fill.take());
        self.device = over.device.or(self.device);
    }

    fn resolve(
        &self,
        slot: &TensorSlot,
        bindings: &Bindings,
        axes: &AxisValues,
        number: usize,
        storages: &mut Storages,
    ) -> Result<TensorSpec, String> {
        if self.role.is_some_and(|role| role != slot.role) {
            return Err("its role is not the contract's".to_owned());
        }
        let written = self.dtype.as_deref().ok_or("has no dtype")?;
        let name = axes.get(written).and_then(Value::as_str).unwrap_or(written);
        let dtype = Dtype::parse(name).ok_or_else(|| {
            format!("`{name}` is no dtype; expected bf16, f16, f32, f64, i32, i64, u8, bool or an axis that holds one")
        })?;
        let all = |sizes: &[Size]| {
            sizes
                .iter()
                .map(|size| size.evaluate(bindings))
                .collect::<Result<Vec<_>, _>>()
        };
        let shape = all(self.shape.as_deref().ok_or("has no shape")?)?;
        if let Some(size) = shape.iter().find(|size| **size < 0) {
            return Err(format!("has the negative size {size}"));
        }
        if shape.iter().try_fold(1, grown).is_none() {
            return Err(format!(
                "has more than {LARGEST} elements, an empty dimension counted as one"
            ));
        }
        let strides = match &self.stride {
            Some(strides) => all(strides)?,
            None => dense_strides(&shape),
        };
        if strides.len() != shape.len() {
            return Err(format!(
                "has {} sizes and {} strides",
                shape.len(),
                strides.len()
            ));
        }
        if let Some(stride) = strides.iter().find(|stride| **stride < 0) {
            return Err(format!("has the negative stride {stride}"));
        }
        let offset = match &self.offset {
            Some(offset) => offset.evaluate(bindings)?,
            None => 0,
        };
        if offset < 0 {
            return Err(format!("has the negative offset {offset}"));
        }
        if span(&shape, &strides, offset).is_none() {
            return Err(format!("reaches beyond element {LARGEST} of its storage"));
        }
        let fill = self.fill.as_ref().unwrap_or(&slot.fill).resolve(number);
        if let Some(fault) = fill.fault() {
            return Err(format!("its fill {fault}"));
        }
        let tensor = TensorSpec {
            name: slot.name.clone(),
            role: slot.role,
            dtype,
            offset,
            storage: storages.index(self.storage.as_deref()),
            fill,
            bitwise: slot.bitwise,
            repeatable: slot.repeatable,
            on_host: self.device == Some(Place::Cpu),
            shape,
            strides,
        };
        if tensor.bitwise && !tensor.repeatable {
            return Err("is compared bit by bit, so it must be repeatable".to_owned());
        }
        if tensor.role != Role::In && overlaps_itself(&tensor) {
            return Err("is written, but its strides make elements overlap".to_owned());
        }
        Ok(tensor)
    }
}

/// `elements` times one more dimension, up to [`LARGEST`]. Empty ones count as one, so that strides stay in bounds too.
fn grown(elements: i64, size: &i64) -> Option<i64> {
    elements
        .checked_mul((*size).max(1))
        .filter(|elements| *elements <= LARGEST)
}

/// Place of a view's last element, up to [`LARGEST`].
fn span(shape: &[i64], strides: &[i64], offset: i64) -> Option<i64> {
    let mut dims = shape.iter().zip(strides).filter(|(size, _)| **size > 1);
    dims.try_fold(offset, |span, (size, stride)| {
        (size - 1).checked_mul(*stride)?.checked_add(span)
    })
    .filter(|span| *span < LARGEST)
}

/// What holds for calls that the contract accepts: known ranks, and outputs alone in their storage.
fn check_tensors(spec: &EntrySpec, tensors: &[Option<TensorSpec>]) -> Result<(), String> {
    for (slot, tensor) in spec.tensors.iter().zip(tensors) {
        let Some(tensor) = tensor else { continue };
        if slot
            .dims
            .iter()
            .all(|dims| dims.len() != tensor.shape.len())
        {
            let rank = tensor.shape.len();
            return Err(format!(
                "tensor `{}` has {rank} dimensions, which its `dims` do not list",
                tensor.name
            ));
        }
        let mut others = tensors
            .iter()
            .flatten()
            .filter(|other| other.name != tensor.name);
        if tensor.role != Role::In
            && let Some(other) = others.find(|other| other.storage == tensor.storage)
        {
            return Err(format!(
                "`{}` shares a storage with the output `{}`",
                other.name, tensor.name
            ));
        }
    }
    Ok(())
}

/// Whether two elements of the view may share a place: each stride must step over all that the smaller ones span.
fn overlaps_itself(tensor: &TensorSpec) -> bool {
    if tensor.elements() == 0 {
        return false;
    }
    let mut dims: Vec<(i64, i64)> = tensor
        .strides
        .iter()
        .zip(&tensor.shape)
        .filter(|(_, size)| **size > 1)
        .map(|(t, s)| (*t, *s))
        .collect();
    dims.sort_unstable();
    let mut span = 0;
    dims.iter().any(|(stride, size)| {
        let overlaps = *stride <= span;
        span += stride * (size - 1);
        overlaps
    })
}

impl Size {
    fn evaluate(&self, bindings: &Bindings) -> Result<i64, String> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Expression(text) => {
                evaluate(text, bindings).map_err(|error| format!("`{text}`: {error}"))
            }
        }
    }
}

/// The storages of a case; a tensor without a named one has its own.
#[derive(Default)]
struct Storages(Vec<Option<String>>);

impl Storages {
    fn index(&mut self, name: Option<&str>) -> usize {
        let known = name.and_then(|name| {
            self.0
                .iter()
                .position(|storage| storage.as_deref() == Some(name))
        });
        known.unwrap_or_else(|| {
            self.0.push(name.map(str::to_owned));
            self.0.len() - 1
        })
    }

    fn sizes(
        &self,
        tensors: &[Option<TensorSpec>],
        declared: &BTreeMap<String, Size>,
        bindings: &Bindings,
    ) -> Result<Vec<u64>, String> {
        let needs = |index: usize| {
            tensors
                .iter()
                .flatten()
                .filter(move |tensor| tensor.storage == index)
        };
        let known = |name: &String| self.0.iter().flatten().any(|storage| storage == name);
        if let Some(name) = declared.keys().find(|name| !known(name)) {
            return Err(format!(
                "the storage `{name}` is declared, but no tensor lies in it"
            ));
        }
        let mut sizes = Vec::with_capacity(self.0.len());
        for (index, name) in self.0.iter().enumerate() {
            let limit = match name.as_ref().and_then(|name| declared.get(name)) {
                Some(size) => {
                    let size = size.evaluate(bindings)?;
                    if !(0..=LARGEST).contains(&size) {
                        let name = name.as_deref().unwrap_or_default();
                        return Err(format!("the storage `{name}` cannot have {size} elements"));
                    }
                    Some(size)
                }
                None => None,
            };
            let mut bytes = 0;
            for tensor in needs(index) {
                let extent = tensor.extent();
                if let Some(limit) = limit.filter(|limit| extent > *limit) {
                    return Err(format!(
                        "tensor `{}` runs past its storage: its last element is number {}, the storage `{}` has {limit}",
                        tensor.name,
                        extent - 1,
                        name.as_deref().unwrap_or_default(),
                    ));
                }
                bytes = bytes.max(limit.unwrap_or(extent) as u64 * tensor.dtype.bytes() as u64);
            }
            sizes.push(bytes);
        }
        Ok(sizes)
    }
}

fn scalars(
    spec: &EntrySpec,
    written: &BTreeMap<String, Value>,
    axes: &AxisValues,
) -> Result<Vec<Scalar>, String> {
    if let Some(name) = written
        .keys()
        .find(|name| spec.scalars.iter().all(|slot| slot.name != **name))
    {
        return Err(format!("entry `{}` takes no scalar `{name}`", spec.name));
    }
    spec.scalars
        .iter()
        .map(|slot| {
            let value = written
                .get(&slot.name)
                .ok_or_else(|| format!("scalar `{}` is missing", slot.name))?;
            let value = value
                .as_str()
                .and_then(|name| axes.get(name))
                .unwrap_or(value);
            scalar(slot, value).ok_or_else(|| format!("scalar `{}` cannot be {value}", slot.name))
        })
        .collect()
}

fn scalar(slot: &ScalarSlot, value: &Value) -> Option<Scalar> {
    match slot.kind {
        ScalarType::Int => value.as_integer().map(Scalar::Int),
        ScalarType::Float => value
            .as_float()
            .or(value.as_integer().map(|value| value as f64))
            .map(Scalar::Float),
        ScalarType::Bool => value.as_bool().map(|value| Scalar::Int(i64::from(value))),
        ScalarType::Enum => {
            let word = value.as_str()?;
            slot.values
                .iter()
                .position(|value| value == word)
                .map(|place| Scalar::Int(place as i64))
        }
    }
}
