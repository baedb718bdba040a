//! `task.toml`: what a task's entries take, which rows count, and how outputs are judged.

use std::collections::BTreeMap;

use glob::{Pattern, PatternError};
use serde::Deserialize;

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
    #[serde(rename = "entry")]
    pub entries: Vec<EntrySpec>,
    #[serde(rename = "set")]
    pub sets: Vec<RowSet>,
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
    /// Floating-point operations per element of the first output; for the roofline.
    #[serde(default)]
    pub flops_per_output: f64,
    /// Axis along which a case too large for the emulated device is shortened.
    pub shrink: String,
    /// Axes of which the shortened one stays a multiple.
    #[serde(default)]
    pub shrink_multiple_of: Vec<String>,
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
    /// Axis names of its dimensions, one list a rank that it may have.
    pub dims: Vec<Vec<String>>,
    #[serde(default)]
    pub fill: Fill,
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

impl Contract {
    pub(super) fn parse(source: &SourceText) -> Result<Self, TaskError> {
        let contract: Self = source.parse()?;
        contract
            .validate()
            .map_err(|fault| source.invalid(fault, None))?;
        Ok(contract)
    }

    fn validate(&self) -> Result<(), Fault> {
        if self.schema != CONTRACT_SCHEMA {
            return Err(Fault::new(
                "schema",
                format!("is {}, this harness reads {CONTRACT_SCHEMA}", self.schema),
                "use the harness that wrote the contract, or migrate it",
            ));
        }
        if !(0.0..0.5).contains(&self.margin) {
            return Err(Fault::new(
                "margin",
                format!("is {}", self.margin),
                "a ratio such as 0.01 for 1 %",
            ));
        }
        for entry in &self.entries {
            let what = format!("entry `{}`", entry.name);
            let outputs = entry
                .tensors
                .iter()
                .filter(|slot| slot.role != Role::In)
                .count();
            if outputs == 0 {
                return Err(Fault::new(
                    what,
                    "has no output",
                    "give one tensor the role `out` or `inout`",
                ));
            }
            if !entry
                .tensors
                .iter()
                .any(|slot| slot.dims.iter().flatten().any(|axis| *axis == entry.shrink))
            {
                return Err(Fault::new(
                    what,
                    format!("shrinks along `{}`, which no tensor has", entry.shrink),
                    "name an axis from a tensor's `dims`",
                ));
            }
            for slot in &entry.scalars {
                if (slot.kind == ScalarType::Enum) == slot.values.is_empty() {
                    return Err(Fault::new(
                        what,
                        format!("scalar `{}` has kind and values that do not fit", slot.name),
                        "kind \"enum\" needs `values`, every other kind must not have them",
                    ));
                }
            }
        }
        for set in &self.sets {
            set.patterns().map_err(|error| {
                Fault::new(
                    format!("set `{}`", set.name),
                    error.to_string(),
                    "use glob patterns such as \"h200_*\"",
                )
            })?;
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
