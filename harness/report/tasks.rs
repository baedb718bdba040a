//! Tasks and their contracts.

use super::Color;
use super::grid::{Column, Grid};
use crate::task::{Case, EntrySpec, Expect, Task};
use crate::tensor::{Role, TensorSpec};

/// Every task, a line each.
pub fn tasks(tasks: &[Task], color: Color) -> String {
    let mut table = Grid::new([
        Column::Text("task"),
        Column::Number("production\nrows"),
        Column::Number("riders"),
        Column::Number("grid\ncases"),
        Column::Text("row sets"),
        Column::Shrinking("summary"),
    ]);
    for task in tasks {
        let count = |production| {
            task.rows
                .iter()
                .filter(|row| row.production == production)
                .count()
                .to_string()
        };
        table.push([
            task.name.as_str().into(),
            count(true).into(),
            count(false).into(),
            task.grid.len().to_string().into(),
            set_names(task).join(", ").into(),
            task.contract.summary.as_str().into(),
        ]);
    }
    table.render(color)
}

pub(super) fn set_names(task: &Task) -> Vec<&str> {
    task.contract
        .sets
        .iter()
        .map(|set| set.name.as_str())
        .collect()
}

/// A task's contract: entries, grids, and those of its rows that are given.
pub fn contract(task: &Task, rows: &[&Case], color: Color) -> String {
    let contract = &task.contract;
    let mut text = format!(
        "{}: {}\ncontract {}, margin {:.1} %, row sets {}\n",
        task.name,
        contract.summary,
        &task.contract_hash[..8],
        contract.margin * 100.0,
        set_names(task).join(", "),
    );
    for (index, entry) in contract.entries.iter().enumerate() {
        text.push_str(&format!("\nentry {index}: {}\n", signature(entry)));
    }
    text.push('\n');
    text.push_str(&row_table(rows, color));
    text.push('\n');
    text.push_str(&grid_table(task, color));
    text
}

/// `name(x, scale, weight?; eps) -> out, gate_out bitwise`.
fn signature(entry: &EntrySpec) -> String {
    let place = |slot: &crate::task::TensorSlot| {
        let optional = if slot.optional { "?" } else { "" };
        let bitwise = if slot.bitwise { " bitwise" } else { "" };
        format!("{}{optional}{bitwise}", slot.name)
    };
    let inputs: Vec<String> = entry
        .tensors
        .iter()
        .filter(|slot| slot.role != Role::Out)
        .map(place)
        .collect();
    let outputs: Vec<String> = entry
        .tensors
        .iter()
        .filter(|slot| slot.role != Role::In)
        .map(place)
        .collect();
    let scalars: Vec<&str> = entry
        .scalars
        .iter()
        .map(|slot| slot.name.as_str())
        .collect();
    let scalars = if scalars.is_empty() {
        String::new()
    } else {
        format!("; {}", scalars.join(", "))
    };
    format!(
        "{}({}{scalars}) -> {}",
        entry.name,
        inputs.join(", "),
        outputs.join(", ")
    )
}

fn row_table(rows: &[&Case], color: Color) -> String {
    let mut table = Grid::new([
        Column::Shrinking("row"),
        Column::Text("set"),
        Column::Text("production"),
        Column::Text("entry"),
        Column::Number("MB"),
        Column::Shrinking("first input; strides where not dense"),
    ]);
    for row in rows {
        table.push([
            row.id.as_str().into(),
            row.set.as_str().into(),
            if row.production { "yes" } else { "no, a rider" }.into(),
            row.entry.to_string().into(),
            format!("{:.2}", row.moved_bytes() as f64 * 1e-6).into(),
            layout(row).into(),
        ]);
    }
    table.render(color)
}

/// `bf16 [1, 19, 3072]; scale [18432, 1]`.
fn layout(row: &Case) -> String {
    let mut parts: Vec<String> = row
        .inputs()
        .take(1)
        .map(|spec| format!("{} {:?}", spec.dtype.name(), spec.shape))
        .collect();
    let strided = row.present().filter(|spec: &&TensorSpec| !spec.is_dense());
    parts.extend(strided.map(|spec| format!("{} {:?}", spec.name, spec.strides)));
    parts.join("; ")
}

/// Grids with the number of their cases: those to be served, and those to be refused.
pub(super) fn grids(task: &Task) -> Vec<(&str, usize, usize)> {
    let mut grids: Vec<(&str, usize, usize)> = Vec::new();
    for case in &task.grid {
        let name = case.id.split('/').next().unwrap_or_default();
        if grids.last().is_none_or(|(last, ..)| *last != name) {
            grids.push((name, 0, 0));
        }
        if let Some((_, served, refused)) = grids.last_mut() {
            match case.expect {
                Expect::Accepted => *served += 1,
                Expect::Refused => *refused += 1,
            }
        }
    }
    grids
}

fn grid_table(task: &Task, color: Color) -> String {
    let mut table = Grid::new([
        Column::Text("grid"),
        Column::Number("served"),
        Column::Number("refused"),
    ]);
    for (name, served, refused) in grids(task) {
        table.push([
            name.into(),
            served.to_string().into(),
            refused.to_string().into(),
        ]);
    }
    table.render(color)
}
