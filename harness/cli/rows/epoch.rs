//! A task's rows.toml written anew.

use std::collections::BTreeSet;
use std::fs;

use super::{at, usage};
use crate::capture::{self, NewEpoch, Review};
use crate::cli::exit::Failure;
use crate::cli::rows_arguments::ImportArguments;
use crate::report;
use crate::task::Task;
use crate::toolchain::{Origin, Project};

/// Writes the proposed rows, without those that are dropped, and says which contract that makes.
pub(super) fn open(
    project: &Project,
    task: &Task,
    arguments: &ImportArguments,
    review: &Review,
) -> Result<NewEpoch, Failure> {
    if project.origin() == Origin::Bundle {
        return Err(usage(
            "a bundle holds objects of one contract: open the epoch in the checkout, and pack it again".to_owned(),
        ));
    }
    let dropped: BTreeSet<&str> = match arguments.drop_unseen {
        true => review.unseen.iter().map(String::as_str).collect(),
        false => BTreeSet::new(),
    };
    if review.proposals.is_empty() && dropped.is_empty() {
        return Err(usage(format!(
            "nothing to add to {} and nothing to drop: its contract stays\n{}",
            task.name,
            report::review(review)
        )));
    }
    let path = task.folder.join("rows.toml");
    let before = fs::read_to_string(&path).map_err(at(&path))?;
    let added = report::proposed_rows(&review.proposals);
    let after = capture::merged(&before, &added, &dropped)?;
    // Nothing is written that the task could not be loaded from.
    task.rows_in(&after)?;
    let beside = path.with_extension("toml.new");
    fs::write(&beside, after).map_err(at(&beside))?;
    fs::rename(&beside, &path).map_err(at(&path))?;
    let fresh = Task::load(project.root(), &task.name)?;
    Ok(NewEpoch {
        contract_hash: fresh.contract_hash,
        contract_hash_before: task.contract_hash.clone(),
        added: review.proposals.iter().map(|row| row.id.clone()).collect(),
        dropped: dropped.into_iter().map(str::to_owned).collect(),
    })
}
