//! `task.toml`: what a task's entries take, which rows count, and how outputs are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use glob::{Pattern, PatternError};
use serde::Deserialize;
use toml::Spanned;

use super::error::{Fault, SourceText, TaskError};
use crate::tensor::{Dtype, Fill, Role};

/// Layout version of `task.toml` and `rows.toml`.
const CONTRACT_SCHEMA: u32 = 1;

/// A task's contract, validated.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    schema: u32,
    /// One line for lists.
    pub summary: String,
    /// Equivalence margin of the verdict, as a ratio: 0.01 is 1 %.
    pub margin: f64,
    /// Largest error that a candidate may have, relative to the baseline's.
    #[serde(default)]
    pub error_budget: Option<ErrorBudget>,
    /// What a candidate may have besides the baseline's means.
    #[serde(default)]
    pub candidate: CandidateTerms,
    #[serde(rename = "entry")]
    pub entries: Vec<EntrySpec>,
    #[serde(rename = "set")]
    pub sets: Vec<RowSet>,
}

/// Exceptions from the gates that look at the candidate's object.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CandidateTerms {
    /// PTX opcodes, approximate or narrow, that the baseline does not have.
    #[serde(default)]
    pub approximate: Vec<String>,
    /// PTX opcodes that give a hint to the cache, which the baseline does not have.
    #[serde(default)]
    pub cache_hints: Vec<String>,
    #[serde(default, rename = "static")]
    pub statics: Vec<StaticTerm>,
}

/// A variable that may outlive a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaticTerm {
    /// As the source spells it, without its namespace.
    pub name: String,
    pub reason: String,
}

/// The candidate's largest error against the oracle may be `factor` times the baseline's plus the dtype's `floor`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorBudget {
    pub factor: f64,
    pub floor: BTreeMap<Dtype, f64>,
}

/// One operation of the task; its place in the file is `KdaCall::entry`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EntrySpec {
    pub name: String,
    /// In call order.
    pub tensors: Vec<TensorSlot>,
    /// In call order.
    #[serde(default)]
    pub scalars: Vec<ScalarSlot>,
    /// Axis along which a case too large for where it runs is shortened.
    pub shrink: String,
    /// Axes of which the shortened one stays a multiple.
    #[serde(default)]
    pub shrink_multiple_of: Vec<String>,
    /// Operations of the formula for each element of an output, a multiply and an add counted apart.
    #[serde(default)]
    pub flops_per_output: u32,
}

impl EntrySpec {
    fn validate(&self) -> Result<(), Fault> {
        let fault = |message: String, help| {
            Err(Fault::new(format!("entry `{}`", self.name), message, help))
        };
        if self.tensors.iter().all(|slot| slot.role == Role::In) {
            return fault(
                "has no output".to_owned(),
                "give one tensor the role `out` or `inout`",
            );
        }
        let mut axes = self
            .tensors
            .iter()
            .flat_map(|slot| slot.dims.iter().flatten());
        if !axes.any(|axis| *axis == self.shrink) {
            return fault(
                format!("shrinks along `{}`, which no tensor has", self.shrink),
                "name an axis from a tensor's `dims`",
            );
        }
        let unknown = self.shrink_multiple_of.iter().find(|multiple| {
            let mut axes = self
                .tensors
                .iter()
                .flat_map(|slot| slot.dims.iter().flatten());
            !axes.any(|axis| axis == *multiple)
        });
        if let Some(axis) = unknown {
            return fault(
                format!("shrinks to a multiple of `{axis}`, which no tensor has"),
                "name an axis from a tensor's `dims`",
            );
        }
        let names = self.tensors.iter().map(|slot| &slot.name);
        if let Some(name) = repeated(names.chain(self.scalars.iter().map(|slot| &slot.name))) {
            return fault(
                format!("takes two arguments named `{name}`"),
                "give every tensor and scalar its own name",
            );
        }
        let unfit = self
            .scalars
            .iter()
            .find(|slot| (slot.kind == ScalarType::Enum) == slot.values.is_empty());
        if let Some(slot) = unfit {
            return fault(
                format!("scalar `{}` has kind and values that do not fit", slot.name),
                "kind \"enum\" needs `values`, every other kind must not have them",
            );
        }
        Ok(())
    }
}

/// A place for a tensor in an entry's argument list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TensorSlot {
    pub name: String,
    pub role: Role,
    #[serde(default)]
    pub optional: bool,
    /// Outputs: compared bit by bit instead of within the tolerance.
    #[serde(default)]
    pub bitwise: bool,
    /// Outputs: the same bits from the same inputs in every run.
    #[serde(default = "yes")]
    pub repeatable: bool,
    /// Axis names of its dimensions, one list a rank that it may have.
    pub dims: Vec<Vec<String>>,
    #[serde(default)]
    pub fill: Fill,
}

fn yes() -> bool {
    true
}

/// A place for a scalar in an entry's argument list.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScalarSlot {
    pub name: String,
    pub kind: ScalarType,
    /// Kind `enum`: the words in the order of their integer values.
    #[serde(default)]
    pub values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScalarType {
    Int,
    Float,
    Bool,
    Enum,
}

/// Rows that share one headline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowSet {
    pub name: String,
    /// Globs over row ids; the first set that matches takes the row.
    pub rows: Vec<String>,
}

impl RowSet {
    fn patterns(&self) -> Result<Vec<Pattern>, PatternError> {
        self.rows
            .iter()
            .map(|pattern| Pattern::new(pattern))
            .collect()
    }
}

/// Whether an error may be held against `number`: anything lies within infinity, and nothing within a NaN.
pub(super) fn is_bound(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

/// The first name that was there before.
fn repeated<'a>(names: impl Iterator<Item = &'a String>) -> Option<&'a String> {
    let mut known = BTreeSet::new();
    names.into_iter().find(|name| !known.insert(*name))
}

/// What a fault in a contract is about.
#[derive(Clone, Copy)]
enum Place {
    Schema,
    Margin,
    Budget,
    Static(usize),
    Entry(usize),
    Set(usize),
}

/// Where in the text each of them stands.
#[derive(Deserialize)]
struct Places {
    schema: Spanned<u32>,
    margin: Spanned<f64>,
    error_budget: Option<Spanned<toml::Value>>,
    #[serde(default)]
    candidate: PlacesOfCandidate,
    #[serde(rename = "entry")]
    entries: Vec<Named>,
    #[serde(rename = "set")]
    sets: Vec<Named>,
}

#[derive(Default, Deserialize)]
struct PlacesOfCandidate {
    #[serde(default, rename = "static")]
    statics: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Spanned<String>,
}

impl Places {
    fn span(&self, place: Place) -> Option<Range<usize>> {
        match place {
            Place::Schema => Some(self.schema.span()),
            Place::Margin => Some(self.margin.span()),
            Place::Budget => self.error_budget.as_ref().map(Spanned::span),
            Place::Static(index) => self
                .candidate
                .statics
                .get(index)
                .map(|term| term.name.span()),
            Place::Entry(index) => self.entries.get(index).map(|entry| entry.name.span()),
            Place::Set(index) => self.sets.get(index).map(|set| set.name.span()),
        }
    }
}

impl Contract {
    pub(super) fn parse(source: &SourceText) -> Result<Self, TaskError> {
        let contract: Self = source.parse()?;
        let places: Places = source.parse()?;
        contract
            .validate()
            .map_err(|(place, fault)| source.invalid(fault, places.span(place)))?;
        Ok(contract)
    }

    fn validate(&self) -> Result<(), (Place, Fault)> {
        self.check_numbers()?;
        if let Some(name) = repeated(self.entries.iter().map(|entry| &entry.name)) {
            let last = self.entries.iter().rposition(|entry| entry.name == *name);
            let fault = Fault::new(
                format!("entry `{name}`"),
                "stands twice",
                "give every entry its own name",
            );
            return Err((Place::Entry(last.unwrap_or_default()), fault));
        }
        let terms = &self.candidate.statics;
        if let Some(index) = terms.iter().position(|term| term.reason.trim().is_empty()) {
            let fault = Fault::new(
                format!("static `{}`", terms[index].name),
                "has no reason".to_owned(),
                "say why a candidate may keep it from call to call",
            );
            return Err((Place::Static(index), fault));
        }
        for (index, entry) in self.entries.iter().enumerate() {
            entry
                .validate()
                .map_err(|fault| (Place::Entry(index), fault))?;
        }
        for (index, set) in self.sets.iter().enumerate() {
            let patterns = set.patterns().map_err(|error| {
                Fault::new(
                    format!("set `{}`", set.name),
                    error.to_string(),
                    "use glob patterns such as \"h200_*\"",
                )
            });
            patterns.map_err(|fault| (Place::Set(index), fault))?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), (Place, Fault)> {
        if self.schema != CONTRACT_SCHEMA {
            let fault = Fault::new(
                "schema",
                format!("is {}, this harness reads {CONTRACT_SCHEMA}", self.schema),
                "use the harness that wrote the contract, or migrate it",
            );
            return Err((Place::Schema, fault));
        }
        if !(0.0..0.5).contains(&self.margin) {
            let fault = Fault::new(
                "margin",
                format!("is {}", self.margin),
                "a ratio such as 0.01 for 1 %",
            );
            return Err((Place::Margin, fault));
        }
        if let Some(budget) = &self.error_budget {
            let mut numbers = budget.floor.values().chain([&budget.factor]);
            if let Some(bad) = numbers.find(|number| !is_bound(**number)) {
                let fault = Fault::new(
                    "error_budget",
                    format!("has the number {bad}"),
                    "factor and floors are finite and not negative",
                );
                return Err((Place::Budget, fault));
            }
        }
        Ok(())
    }

    /// Index and specification of an entry.
    pub fn entry(&self, name: &str) -> Option<(usize, &EntrySpec)> {
        self.entries
            .iter()
            .enumerate()
            .find(|(_, entry)| entry.name == name)
    }

    /// Name of the first row set that takes `row`.
    pub fn set_of(&self, row: &str) -> Option<&str> {
        let matches = |set: &&RowSet| {
            set.patterns()
                .is_ok_and(|patterns| patterns.iter().any(|pattern| pattern.matches(row)))
        };
        self.sets.iter().find(matches).map(|set| set.name.as_str())
    }
}
