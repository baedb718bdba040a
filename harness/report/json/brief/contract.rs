//! The contract within that object.

use serde::Serialize;

use crate::brief::{EntryFacts, entry_facts};
use crate::report::scalar_kind;
use crate::task::{Case, Expect, StaticTerm, Task};
use crate::tensor::Role;

#[derive(Serialize)]
pub(super) struct ContractFacts<'a> {
    summary: &'a str,
    contract_hash: &'a str,
    margin: f64,
    error_budget: Option<Budget>,
    allowed: Allowed<'a>,
    sets: Vec<SetFacts<'a>>,
    entries: Vec<EntryLine<'a>>,
    grid_served: usize,
    grid_refused: usize,
}

#[derive(Serialize)]
struct Budget {
    factor: f64,
    floors: Vec<FloorFacts>,
}

#[derive(Serialize)]
struct FloorFacts {
    dtype: &'static str,
    floor: f64,
}

/// What a candidate may have besides the baseline's means.
#[derive(Serialize)]
struct Allowed<'a> {
    approximate: &'a [String],
    cache_hints: &'a [String],
    statics: Vec<StaticFacts<'a>>,
}

#[derive(Serialize)]
struct StaticFacts<'a> {
    name: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct SetFacts<'a> {
    set: &'a str,
    patterns: &'a [String],
}

#[derive(Serialize)]
struct EntryLine<'a> {
    entry: &'a str,
    production_rows: usize,
    riders: usize,
    tensors: Vec<TensorFacts<'a>>,
    scalars: Vec<ScalarFacts<'a>>,
    tolerances: Vec<ToleranceFacts>,
}

#[derive(Serialize)]
struct TensorFacts<'a> {
    name: &'a str,
    role: Role,
    dims: &'a [Vec<String>],
    dtypes: Vec<&'static str>,
    optional: bool,
    bitwise: bool,
    repeatable: bool,
}

#[derive(Serialize)]
struct ScalarFacts<'a> {
    name: &'a str,
    kind: &'static str,
    values: &'a [String],
}

#[derive(Serialize)]
struct ToleranceFacts {
    dtype: &'static str,
    atol: f64,
    rtol: f64,
}

/// A production row of the contract.
#[derive(Serialize)]
pub(super) struct LockedRowFacts<'a> {
    id: &'a str,
    set: &'a str,
    entry: &'a str,
    bytes: u64,
}

impl<'a> ContractFacts<'a> {
    pub(super) fn of(task: &'a Task) -> Self {
        let contract = &task.contract;
        let refused = task.grid.iter();
        let refused = refused
            .filter(|case| case.expect == Expect::Refused)
            .count();
        Self {
            summary: &contract.summary,
            contract_hash: &task.contract_hash,
            margin: contract.margin,
            error_budget: contract.error_budget.as_ref().map(|budget| Budget {
                factor: budget.factor,
                floors: budget
                    .floor
                    .iter()
                    .map(|(dtype, &floor)| FloorFacts {
                        dtype: dtype.name(),
                        floor,
                    })
                    .collect(),
            }),
            allowed: Allowed {
                approximate: &contract.candidate.approximate,
                cache_hints: &contract.candidate.cache_hints,
                statics: contract
                    .candidate
                    .statics
                    .iter()
                    .map(StaticFacts::of)
                    .collect(),
            },
            sets: contract
                .sets
                .iter()
                .map(|set| SetFacts {
                    set: &set.name,
                    patterns: &set.rows,
                })
                .collect(),
            entries: entry_facts(task).iter().map(EntryLine::of).collect(),
            grid_served: task.grid.len() - refused,
            grid_refused: refused,
        }
    }
}

impl<'a> StaticFacts<'a> {
    fn of(term: &'a StaticTerm) -> Self {
        Self {
            name: &term.name,
            reason: &term.reason,
        }
    }
}

impl<'a> EntryLine<'a> {
    fn of(facts: &EntryFacts<'a>) -> Self {
        let tensors = facts.tensors.iter().map(|(slot, dtypes)| TensorFacts {
            name: &slot.name,
            role: slot.role,
            dims: &slot.dims,
            dtypes: dtypes.iter().map(|dtype| dtype.name()).collect(),
            optional: slot.optional,
            bitwise: slot.bitwise,
            repeatable: slot.repeatable,
        });
        let scalars = facts.spec.scalars.iter().map(|slot| ScalarFacts {
            name: &slot.name,
            kind: scalar_kind(slot.kind),
            values: &slot.values,
        });
        let tolerances = facts.tolerances.iter();
        Self {
            entry: &facts.spec.name,
            production_rows: facts.production_rows,
            riders: facts.riders,
            tensors: tensors.collect(),
            scalars: scalars.collect(),
            tolerances: tolerances
                .map(|(dtype, bound)| ToleranceFacts {
                    dtype: dtype.name(),
                    atol: bound.atol,
                    rtol: bound.rtol,
                })
                .collect(),
        }
    }
}

impl<'a> LockedRowFacts<'a> {
    pub(super) fn of(row: &'a Case) -> Self {
        Self {
            id: &row.id,
            set: &row.set,
            entry: &row.entry_name,
            bytes: row.moved_bytes(),
        }
    }
}
