//! `rows.toml`: production rows, riders and regression grids.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use toml::{Spanned, Value};

use super::error::{Fault, SourceText, TaskError};
use super::grid::{
    ANY_DTYPE, AxisValues, Identity, Size, Template, TensorTemplate, When, combinations, count,
};
use super::{Case, Contract, Expect};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsFile {
    task: Spanned<String>,
    #[serde(rename = "row", default)]
    rows: Vec<RowTable>,
    #[serde(rename = "grid", default)]
    grids: Vec<GridTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RowTable {
    id: Spanned<String>,
    entry: String,
    /// Model preset it was captured from.
    #[serde(rename = "preset", default)]
    _preset: String,
    production: bool,
    atol: f64,
    rtol: f64,
    #[serde(rename = "note", default)]
    _note: String,
    #[serde(default)]
    scalars: BTreeMap<String, Value>,
    tensors: BTreeMap<String, TensorTemplate>,
    #[serde(default)]
    storage: BTreeMap<String, Size>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GridTable {
    name: Spanned<String>,
    entry: String,
    axes: BTreeMap<String, Vec<Value>>,
    #[serde(rename = "note", default)]
    _note: String,
    tolerance: BTreeMap<String, [f64; 2]>,
    #[serde(rename = "when", default)]
    whens: Vec<When>,
    #[serde(default)]
    tensors: BTreeMap<String, TensorTemplate>,
    #[serde(default)]
    scalars: BTreeMap<String, Value>,
    #[serde(default)]
    storage: BTreeMap<String, Size>,
    #[serde(rename = "let", default)]
    names: BTreeMap<String, Size>,
    expect: Option<Expect>,
    same_bits_as_baseline: Option<bool>,
    bitwise: Option<Vec<String>>,
}

/// Grid cases of a file at most. A few axes multiply to more than any machine runs or holds.
const MOST_CASES: usize = 1 << 16;

/// Rows and grid cases of a task, in file order.
pub(super) struct Rows {
    pub(super) rows: Vec<Case>,
    pub(super) grid: Vec<Case>,
}

impl Rows {
    pub(super) fn parse(
        source: &SourceText,
        contract: &Contract,
        task: &str,
    ) -> Result<Self, TaskError> {
        let file: RowsFile = source.parse()?;
        if file.task.get_ref() != task {
            let fault = Fault::new(
                "task",
                format!("is `{}`", file.task.get_ref()),
                format!("expected `{task}`"),
            );
            return Err(source.invalid(fault, Some(file.task.span())));
        }
        let mut ids = BTreeSet::new();
        let mut rows = Vec::with_capacity(file.rows.len());
        for row in file.rows {
            let at = row.id.span();
            let case = row
                .resolve(contract)
                .map_err(|fault| source.invalid(fault, Some(at.clone())))?;
            if !ids.insert(case.id.clone()) {
                let fault = Fault::new(
                    format!("`{}`", case.id),
                    "stands twice",
                    "give every row its own id",
                );
                return Err(source.invalid(fault, Some(at)));
            }
            rows.push(case);
        }
        let mut grid = Vec::new();
        for table in file.grids {
            let at = table.name.span();
            let cases = table
                .resolve(contract, MOST_CASES - grid.len())
                .map_err(|fault| source.invalid(fault, Some(at.clone())))?;
            if let Some(twice) = cases.iter().find(|case| !ids.insert(case.id.clone())) {
                let fault = Fault::new(
                    format!("`{}`", twice.id),
                    "stands twice",
                    "give every grid its own name, and every value of an axis once",
                );
                return Err(source.invalid(fault, Some(at)));
            }
            grid.extend(cases);
        }
        Ok(Self { rows, grid })
    }
}

impl RowTable {
    fn resolve(self, contract: &Contract) -> Result<Case, Fault> {
        let id = self.id.into_inner();
        let set = contract.set_of(&id).ok_or_else(|| {
            Fault::new(
                format!("`{id}`"),
                "belongs to no row set",
                "add it to a `[[set]]` of task.toml",
            )
        })?;
        let tolerance = BTreeMap::from([(ANY_DTYPE.to_owned(), [self.atol, self.rtol])]);
        let template = Template {
            tensors: self.tensors,
            scalars: self.scalars,
            storage: self.storage,
            ..Template::default()
        };
        let identity = Identity {
            id: id.clone(),
            set,
            production: self.production,
            entry: &self.entry,
            number: 0,
            tolerance: &tolerance,
        };
        template.resolve(contract, &identity, &AxisValues::new())
    }
}

impl GridTable {
    /// Every case of the grid; a fault where there are none, or more than `most`.
    fn resolve(self, contract: &Contract, most: usize) -> Result<Vec<Case>, Fault> {
        let name = self.name.into_inner();
        let cases = count(&self.axes).filter(|cases| (1..=most).contains(cases));
        if cases.is_none() {
            return Err(Fault::new(
                format!("grid `{name}`"),
                format!(
                    "its axes have no case, or more than the {most} that are left of {MOST_CASES}"
                ),
                "give every axis a value, and split what no run could take",
            ));
        }
        let template = Template {
            tensors: self.tensors,
            scalars: self.scalars,
            storage: self.storage,
            names: self.names,
            expect: self.expect,
            same_bits_as_baseline: self.same_bits_as_baseline,
            bitwise: self.bitwise,
        };
        let mut cases = Vec::new();
        for (number, axes) in combinations(&self.axes).iter().enumerate() {
            let id = case_id(&name, axes);
            let special = template.specialise(&self.whens, axes).map_err(|message| {
                Fault::new(format!("`{id}`"), message, "name an axis of the grid")
            })?;
            let identity = Identity {
                id,
                set: "",
                production: false,
                entry: &self.entry,
                number,
                tolerance: &self.tolerance,
            };
            cases.push(special.resolve(contract, &identity, axes)?);
        }
        Ok(cases)
    }
}

/// `grid/batch=1,dtype=bf16`.
fn case_id(grid: &str, axes: &AxisValues) -> String {
    let values: Vec<String> = axes
        .iter()
        .map(|(axis, value)| match value.as_str() {
            Some(word) => format!("{axis}={word}"),
            None => format!("{axis}={value}"),
        })
        .collect();
    format!("{grid}/{}", values.join(","))
}
