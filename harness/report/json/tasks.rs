//! Lines about tasks and what they hold.

use serde::Serialize;

use crate::report::tasks::{grids, set_names};
use crate::task::{Case, Task};
use crate::tensor::{Role, TensorSpec};

#[derive(Serialize)]
pub(super) struct TaskLine<'a> {
    name: &'a str,
    summary: &'a str,
    contract_hash: &'a str,
    margin: f64,
    entries: Vec<&'a str>,
    sets: Vec<&'a str>,
    production_rows: usize,
    riders: usize,
    grids: Vec<GridLine<'a>>,
}

#[derive(Serialize)]
struct GridLine<'a> {
    grid: &'a str,
    served: usize,
    refused: usize,
}

impl<'a> TaskLine<'a> {
    pub(super) fn of(task: &'a Task) -> Self {
        let production_rows = task.rows.iter().filter(|row| row.production).count();
        let grid = |(grid, served, refused)| GridLine {
            grid,
            served,
            refused,
        };
        Self {
            name: &task.name,
            summary: &task.contract.summary,
            contract_hash: &task.contract_hash,
            margin: task.contract.margin,
            entries: task
                .contract
                .entries
                .iter()
                .map(|entry| entry.name.as_str())
                .collect(),
            sets: set_names(task),
            production_rows,
            riders: task.rows.len() - production_rows,
            grids: grids(task).into_iter().map(grid).collect(),
        }
    }
}

/// A row as the contract has it, before anything ran.
#[derive(Serialize)]
pub(super) struct LockedRow<'a> {
    id: &'a str,
    set: &'a str,
    entry: &'a str,
    production: bool,
    bytes: u64,
    tensors: Vec<TensorLine<'a>>,
}

#[derive(Serialize)]
struct TensorLine<'a> {
    name: &'a str,
    role: Role,
    dtype: &'static str,
    shape: &'a [i64],
    strides: &'a [i64],
    offset: i64,
}

impl<'a> LockedRow<'a> {
    pub(super) fn of(row: &'a Case) -> Self {
        Self {
            id: &row.id,
            set: &row.set,
            entry: &row.entry_name,
            production: row.production,
            bytes: row.moved_bytes(),
            tensors: row.present().map(TensorLine::of).collect(),
        }
    }
}

impl<'a> TensorLine<'a> {
    fn of(spec: &'a TensorSpec) -> Self {
        Self {
            name: &spec.name,
            role: spec.role,
            dtype: spec.dtype.name(),
            shape: &spec.shape,
            strides: &spec.strides,
            offset: spec.offset,
        }
    }
}
