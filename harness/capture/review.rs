//! What a capture says about a task: new rows, frozen rows seen and unseen, and calls that the contract cannot take.

use std::collections::{BTreeMap, BTreeSet};

use super::Binding;
use super::bind::{Bound, strict_axes};
use super::block::{Heading, block};
use super::call::Call;
use super::identity::{name, unused, value_of};
use crate::task::{Case, EntrySpec, Task, TaskError, Tolerance};
use crate::tensor::Role;

/// Which calls count, and what proposed rows say beyond them.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Only calls of this operation.
    pub op: Option<String>,
    /// The entry that they are calls of; by name when absent.
    pub entry: Option<String>,
    pub binding: Binding,
    /// Begins the id of every proposed row.
    pub prefix: String,
    pub preset: Option<String>,
    /// That of frozen rows and grids of the entry when absent.
    pub tolerance: Option<Tolerance>,
}

/// A row that the task does not have yet.
#[derive(Clone, Debug)]
pub struct Proposal {
    pub id: String,
    pub set: String,
    pub calls: u64,
    /// Of one call.
    pub bytes: u64,
    /// Its `[[row]]`.
    pub block: String,
}

/// A frozen row, and how often it was called.
#[derive(Clone, Debug)]
pub struct SeenRow {
    pub id: String,
    pub calls: u64,
}

/// Calls that the contract cannot take, for one reason.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub entry: String,
    pub reason: String,
    pub calls: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Review {
    /// Calls of the task's entries.
    pub calls: u64,
    /// Calls that are of no entry, by operation.
    pub others: BTreeMap<String, u64>,
    /// By the bytes that all calls move, most first.
    pub proposals: Vec<Proposal>,
    pub seen: Vec<SeenRow>,
    /// Production rows of the entries that were called, in file order.
    pub unseen: Vec<String>,
    pub refused: Vec<Refusal>,
    /// Calls with a tensor whose strides were not recorded.
    pub assumed_dense: u64,
}

/// The entry that calls of the operation `name` are calls of.
fn entry_of<'a>(task: &'a Task, operation: &str, request: &Request) -> Option<&'a EntrySpec> {
    let last = operation.rsplit("::").next().unwrap_or(operation);
    if let Some(op) = &request.op
        && op != operation
        && op != last
    {
        return None;
    }
    let named = |name: &str| Some(task.contract.entry(name)?.1);
    if let Some(entry) = &request.entry {
        return named(entry);
    }
    let only = match task.contract.entries.as_slice() {
        [only] if request.op.is_some() => Some(only),
        _ => None,
    };
    named(operation).or_else(|| named(last)).or(only)
}

/// Whether any call is of an entry of `task`.
pub fn takes(task: &Task, calls: &[Call], request: &Request) -> bool {
    calls
        .iter()
        .any(|call| entry_of(task, &call.name, request).is_some())
}

impl Review {
    /// Compares `calls` with the frozen rows of `task`.
    ///
    /// # Errors
    ///
    /// Only what a task's files may have wrong.
    pub fn of(task: &Task, calls: &[Call], request: &Request) -> Result<Self, TaskError> {
        let mut review = Self::default();
        let mut kinds = Kinds::default();
        for call in calls {
            match entry_of(task, &call.name, request) {
                Some(entry) => {
                    review.calls += call.count;
                    kinds.add(task, entry, call, request);
                }
                None => *review.others.entry(call.name.clone()).or_default() += call.count,
            }
        }
        review.assumed_dense = kinds.assumed_dense;
        let mut found = Vec::new();
        for kind in kinds.bound.values() {
            match kind.row(task, request)? {
                Ok(case) => found.push((kind, case)),
                Err(reason) => {
                    *kinds
                        .refused
                        .entry((kind.entry.name.clone(), reason))
                        .or_default() += kind.calls
                }
            }
        }
        review.refuse(kinds.refused);
        review.compare(task, &kinds.entries, &found);
        review.propose(task, request, &found);
        Ok(review)
    }

    fn refuse(&mut self, refused: BTreeMap<(String, String), u64>) {
        let refused = refused.into_iter();
        self.refused = refused
            .map(|((entry, reason), calls)| Refusal {
                entry,
                reason,
                calls,
            })
            .collect();
        self.refused.sort_by_key(|refusal| u64::MAX - refusal.calls);
    }

    fn compare(&mut self, task: &Task, entries: &BTreeSet<String>, found: &[(&Kind, Case)]) {
        let calls: BTreeMap<String, u64> = found
            .iter()
            .map(|(kind, case)| (value_of(case), kind.calls))
            .collect();
        for row in &task.rows {
            match calls.get(&value_of(row)) {
                Some(calls) => self.seen.push(SeenRow {
                    id: row.id.clone(),
                    calls: *calls,
                }),
                None if row.production && entries.contains(&row.entry_name) => {
                    self.unseen.push(row.id.clone());
                }
                None => {}
            }
        }
    }

    fn propose(&mut self, task: &Task, request: &Request, found: &[(&Kind, Case)]) {
        let frozen: BTreeSet<String> = task.rows.iter().map(value_of).collect();
        let mut new: Vec<_> = found
            .iter()
            .filter(|(_, case)| !frozen.contains(&value_of(case)))
            .collect();
        let moved =
            |(kind, case): &&(&Kind, Case)| u128::from(kind.calls) * u128::from(case.moved_bytes());
        new.sort_by_key(|one| u128::MAX - moved(one));
        let mut taken: BTreeSet<String> = task.rows.iter().map(|row| row.id.clone()).collect();
        for (kind, case) in new {
            let id = unused(&kind.id(task, request), &mut taken);
            self.proposals.push(Proposal {
                calls: kind.calls,
                bytes: case.moved_bytes(),
                set: case.set.clone(),
                block: kind.block(&id, request, case.tolerance),
                id,
            });
        }
    }
}

/// Calls with the same arguments.
struct Kind<'a> {
    entry: &'a EntrySpec,
    bound: Bound,
    calls: u64,
}

#[derive(Default)]
struct Kinds<'a> {
    bound: BTreeMap<String, Kind<'a>>,
    /// By entry and reason.
    refused: BTreeMap<(String, String), u64>,
    /// Names of the entries that were called.
    entries: BTreeSet<String>,
    assumed_dense: u64,
    strict: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Kinds<'a> {
    fn add(&mut self, task: &Task, entry: &'a EntrySpec, call: &Call, request: &Request) {
        self.entries.insert(entry.name.clone());
        let strict = self.strict.entry(&entry.name).or_insert_with(|| {
            let frozen: Vec<&Case> = rows_of(task, entry).collect();
            strict_axes(entry, &frozen)
        });
        match request.binding.bind(entry, strict, call) {
            Ok(bound) => {
                self.assumed_dense += u64::from(bound.assumed_dense) * call.count;
                let arguments = format!("{} {:?} {:?}", entry.name, bound.tensors, bound.scalars);
                let kind = self.bound.entry(arguments).or_insert(Kind {
                    entry,
                    bound,
                    calls: 0,
                });
                kind.calls += call.count;
            }
            Err(reason) => {
                *self
                    .refused
                    .entry((entry.name.clone(), reason))
                    .or_default() += call.count;
            }
        }
    }
}

fn rows_of<'a>(task: &'a Task, entry: &EntrySpec) -> impl Iterator<Item = &'a Case> {
    let name = entry.name.clone();
    task.rows.iter().filter(move |row| row.entry_name == name)
}

impl Kind<'_> {
    /// The case that the task's own loader makes of it, under an id without a number, or why it makes none.
    fn row(&self, task: &Task, request: &Request) -> Result<Result<Case, String>, TaskError> {
        let tolerance = match request.tolerance.or_else(|| self.tolerance(task)) {
            Some(tolerance) => tolerance,
            None => {
                return Ok(Err(format!(
                    "no row or grid of `{}` has a tolerance for its output: give --atol and --rtol",
                    self.entry.name
                )));
            }
        };
        let id = self.id(task, request);
        if task.contract.set_of(&id).is_none() {
            let sets = task.contract.sets.iter().flat_map(|set| &set.rows);
            return Ok(Err(format!(
                "no row set takes ids that begin with `{}{}`: give the beginning with --prefix, to fit one of {}",
                request.prefix,
                id.chars()
                    .skip(request.prefix.chars().count())
                    .take(1)
                    .collect::<String>(),
                sets.cloned().collect::<Vec<_>>().join(", ")
            )));
        }
        let text = format!(
            "task = {:?}\n\n{}",
            task.name,
            self.block(&id, request, tolerance)
        );
        match task.rows_in(&text) {
            Ok(mut rows) => Ok(rows.pop().ok_or_else(|| "is no row".to_owned())),
            Err(TaskError::Invalid(fault)) => Ok(Err(fault.message)),
            Err(other) => Err(other),
        }
    }

    /// That of the first row, or else grid case, of the entry with the same dtype of the first output.
    fn tolerance(&self, task: &Task) -> Option<Tolerance> {
        let outputs = self.entry.tensors.iter().zip(&self.bound.tensors);
        let mut outputs = outputs.filter(|(slot, _)| slot.role != Role::In);
        let dtype = outputs.find_map(|(_, tensor)| Some(tensor.as_ref()?.dtype))?;
        let mut cases = task.rows.iter().chain(&task.grid);
        let like = cases.find(|case| {
            let judged = case.outputs().next();
            case.entry_name == self.entry.name && judged.is_some_and(|tensor| tensor.dtype == dtype)
        })?;
        Some(like.tolerance)
    }

    fn id(&self, task: &Task, request: &Request) -> String {
        let name = name(self.entry, &self.bound);
        match task.contract.entries.len() {
            1 => format!("{}{name}", request.prefix),
            _ => format!("{}{}_{name}", request.prefix, self.entry.name),
        }
    }

    fn block(&self, id: &str, request: &Request, tolerance: Tolerance) -> String {
        let heading = Heading {
            id,
            preset: request.preset.as_deref(),
            tolerance,
        };
        block(self.entry, &self.bound, &heading)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::capture::{lines, merged};

    const CONTRACT: &str = r#"
        schema = 1
        summary = "any calls"
        margin = 0.01
        [[set]]
        name = "all"
        rows = ["*"]
        [[entry]]
        name = "scale"
        shrink = "T"
        scalars = [{ name = "factor", kind = "float" }]
        tensors = [
          { name = "x", role = "in", dims = [["T", "H"], ["B", "T", "H"]] },
          { name = "by", role = "in", optional = true, dims = [["H"]] },
          { name = "y", role = "out", dims = [["T", "H"], ["B", "T", "H"]] },
        ]
    "#;

    const ROWS: &str = "# A comment.\ntask = \"demo\"\n";

    fn task() -> Task {
        Task {
            name: "demo".to_owned(),
            folder: PathBuf::new(),
            contract: toml::from_str(CONTRACT).unwrap(),
            contract_hash: String::new(),
            rows: Vec::new(),
            grid: Vec::new(),
        }
    }

    fn request() -> Request {
        let tolerance = Tolerance {
            atol: 1e-2,
            rtol: 1e-2,
        };
        Request {
            tolerance: Some(tolerance),
            ..Request::default()
        }
    }

    fn sizes() -> impl Strategy<Value = Vec<i64>> {
        let size = prop::sample::select(vec![-1, 0, 1, 1, 2, 3, 3, 64, 1 << 40, i64::MAX]);
        prop::collection::vec(size, 0..4)
    }

    prop_compose! {
        fn line()(
            x in sizes(),
            by in prop::option::of(sizes()),
            strides in prop::option::of(sizes()),
            dtype in prop::sample::select(vec!["bf16", "float", "c10::Half", "fp8"]),
            factor in prop::sample::select(vec!["1.0", "1", "-0.0", "1e300", "true", "\"a\""]),
            count in 1..5_u64,
        ) -> String {
            let by = serde_json::json!(by);
            let strides = serde_json::json!(strides);
            format!(
                r#"{{"name": "lib::scale", "shapes": {{"x": {x:?}, "by": {by}}}, "dtypes": "{dtype}", "strides": {{"x": {strides}}}, "scalars": {{"factor": {factor}}}, "count": {count}}}"#
            )
        }
    }

    proptest! {
        #[test]
        fn what_is_proposed_loads_and_is_then_known(lines in prop::collection::vec(line(), 1..8)) {
            let calls = lines::parse(&lines.join("\n")).unwrap();
            let mut task = task();
            let review = Review::of(&task, &calls, &request()).unwrap();
            let proposed = review.proposals.iter().map(|row| row.calls);
            let refused = review.refused.iter().map(|refusal| refusal.calls);
            prop_assert_eq!(proposed.chain(refused).sum::<u64>(), review.calls);

            let blocks: Vec<&str> = review.proposals.iter().map(|row| row.block.as_str()).collect();
            let text = merged(ROWS, &blocks.join("\n"), &BTreeSet::new()).unwrap();
            task.rows = task.rows_in(&text).unwrap();
            prop_assert_eq!(task.rows.len(), review.proposals.len());
            let again = Review::of(&task, &calls, &request()).unwrap();
            prop_assert!(again.proposals.is_empty() && again.unseen.is_empty());
            prop_assert_eq!(again.seen.len(), task.rows.len());
        }
    }

    #[test]
    fn calls_that_move_most_come_first_and_sizes_name_them() {
        let lines = [
            r#"{"name": "scale", "shapes": [[4, 8], null], "dtypes": "f32", "scalars": {"factor": 1}, "count": 9}"#,
            r#"{"name": "scale", "shapes": [[1, 4, 8], [8]], "dtypes": "f32", "scalars": {"factor": 1}, "count": 2}"#,
            r#"{"name": "scale", "shapes": [[2, 400, 8]], "dtypes": "f32", "scalars": {"factor": 1}}"#,
        ];
        let calls = lines::parse(&lines.join("\n")).unwrap();
        let review = Review::of(&task(), &calls, &request()).unwrap();
        let ids: Vec<&str> = review.proposals.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["t400_h8_b2_f32", "t4_h8_f32", "t4_h8_f32_2"]);
    }
}
