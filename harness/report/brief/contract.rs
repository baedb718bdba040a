//! The contract in words.

use crate::brief::{EntryFacts, entry_facts};
use crate::report::numbers::{count, short};
use crate::report::table::{Side::Left, Table, escaped};
use crate::task::{Contract, Expect, ScalarSlot, ScalarType, Task, TensorSlot};
use crate::tensor::{Dtype, Role};

pub(super) fn contract(task: &Task) -> String {
    let contract = &task.contract;
    let mut text = format!(
        "## Contract\n\n- hash `{}`; margin {:.1} %; {}\n",
        short(&task.contract_hash),
        contract.margin * 100.0,
        budget(contract)
    );
    for set in &contract.sets {
        let count_of = |production| {
            let rows = task.rows.iter().filter(|row| row.set == set.name);
            rows.filter(|row| row.production == production).count()
        };
        text.push_str(&format!(
            "- row set `{}`: {}, {}\n",
            set.name,
            count(count_of(true), "production row", "production rows"),
            count(count_of(false), "rider", "riders")
        ));
    }
    let refused = task
        .grid
        .iter()
        .filter(|case| case.expect == Expect::Refused);
    let refused = refused.count();
    text.push_str(&format!(
        "- regression grid: {} to serve, {refused} to refuse\n\n",
        count(task.grid.len() - refused, "case", "cases")
    ));
    for facts in entry_facts(task) {
        text.push_str(&entry(&facts));
    }
    text
}

fn budget(contract: &Contract) -> String {
    let Some(budget) = &contract.error_budget else {
        return "no error budget".to_owned();
    };
    let floors = budget
        .floor
        .iter()
        .map(|(dtype, floor)| format!("{floor} ({})", dtype.name()));
    let floors = floors.collect::<Vec<_>>().join(", ");
    match budget.factor == 0.0 {
        true => format!("error budget: at most {floors}"),
        false => format!(
            "error budget: at most {} times the baseline's error plus {floors}",
            budget.factor
        ),
    }
}

/// A line on the entry, and a table of its tensors.
fn entry(facts: &EntryFacts) -> String {
    let scalars: Vec<String> = facts.spec.scalars.iter().map(scalar).collect();
    let scalars = match scalars.is_empty() {
        true => String::new(),
        false => format!("; scalars {}", scalars.join(", ")),
    };
    let tolerances: Vec<String> = facts
        .tolerances
        .iter()
        .map(|(dtype, bound)| format!("{} + {} |x| ({})", bound.atol, bound.rtol, dtype.name()))
        .collect();
    let tolerances = match tolerances.is_empty() {
        true => String::new(),
        false => format!("; tolerance {}", tolerances.join(", ")),
    };
    let mut table = Table::new([
        (Left, "tensor"),
        (Left, "role"),
        (Left, "dims"),
        (Left, "dtypes in rows"),
        (Left, "terms"),
    ]);
    for (slot, dtypes) in &facts.tensors {
        let names: Vec<&str> = dtypes.iter().map(|dtype: &Dtype| dtype.name()).collect();
        table.push([
            slot.name.as_str().into(),
            role(slot.role).into(),
            dims(slot).into(),
            names.join(", ").into(),
            terms(slot).into(),
        ]);
    }
    format!(
        "Entry `{}`: {}, {}{scalars}{tolerances}\n\n{}\n",
        facts.spec.name,
        count(facts.production_rows, "production row", "production rows"),
        count(facts.riders, "rider", "riders"),
        table.of_what_is_said().markdown()
    )
}

fn scalar(slot: &ScalarSlot) -> String {
    match slot.kind {
        ScalarType::Enum => format!("`{}` ({})", slot.name, escaped(&slot.values.join(" or "))),
        kind => format!("`{}` ({})", slot.name, scalar_kind(kind)),
    }
}

pub(in crate::report) fn scalar_kind(kind: ScalarType) -> &'static str {
    match kind {
        ScalarType::Int => "int",
        ScalarType::Float => "float",
        ScalarType::Bool => "bool",
        ScalarType::Enum => "enum",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::In => "in",
        Role::Out => "out",
        Role::Inout => "inout",
    }
}

/// `B L C or L C`.
fn dims(slot: &TensorSlot) -> String {
    let ranks: Vec<String> = slot.dims.iter().map(|axes| axes.join(" ")).collect();
    ranks.join(" or ")
}

fn terms(slot: &TensorSlot) -> String {
    let mut terms = Vec::new();
    if slot.optional {
        terms.push("optional");
    }
    if slot.bitwise {
        terms.push("compared bit by bit");
    }
    if slot.role != Role::In && !slot.repeatable {
        terms.push("bits may differ from run to run");
    }
    terms.join(", ")
}
