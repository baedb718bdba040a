//! What a contract's rows make of its entries.

use crate::task::{Case, EntrySpec, Task, TensorSlot, Tolerance};
use crate::tensor::Dtype;

/// One entry with what its rows pass.
#[derive(Clone, Debug)]
pub struct EntryFacts<'a> {
    pub spec: &'a EntrySpec,
    /// Each tensor with the dtypes that rows pass, in the rows' order; none where no row passes it.
    pub tensors: Vec<(&'a TensorSlot, Vec<Dtype>)>,
    /// By the dtype of the first output, in the rows' order.
    pub tolerances: Vec<(Dtype, Tolerance)>,
    pub production_rows: usize,
    pub riders: usize,
}

/// Every entry of a task, in the contract's order.
pub fn entry_facts(task: &Task) -> Vec<EntryFacts<'_>> {
    let entries = task.contract.entries.iter().enumerate();
    entries
        .map(|(index, spec)| {
            let rows: Vec<&Case> = task.rows.iter().filter(|row| row.entry == index).collect();
            EntryFacts::of(spec, &rows)
        })
        .collect()
}

impl<'a> EntryFacts<'a> {
    fn of(spec: &'a EntrySpec, rows: &[&Case]) -> Self {
        let dtypes_of = |place: usize| {
            let passed = rows.iter().filter_map(|row| row.tensors[place].as_ref());
            distinct(passed.map(|tensor| tensor.dtype))
        };
        let judged = rows.iter().filter_map(|row| {
            let output = row.outputs().next()?;
            Some((output.dtype, row.tolerance))
        });
        let production = rows.iter().filter(|row| row.production).count();
        Self {
            tensors: spec
                .tensors
                .iter()
                .enumerate()
                .map(|(place, slot)| (slot, dtypes_of(place)))
                .collect(),
            tolerances: distinct(judged),
            production_rows: production,
            riders: rows.len() - production,
            spec,
        }
    }
}

/// Each value once, in the order of first appearance.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for value in values {
        if !found.contains(&value) {
            found.push(value);
        }
    }
    found
}
