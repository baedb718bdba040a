//! One task's standing: measured or not, what was decided, and how much is left.

use super::{Gap, TreeComparison};
use crate::ledger::{Decision, Entry, LedgerError, Opened};
use crate::task::Task;
use crate::toolchain::Project;

/// Whether the last decision speaks of the tree as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    NeverMeasured,
    /// What differs from the tree: the contract, or sources by name.
    Stale(Vec<&'static str>),
    /// Why that cannot be told.
    Unknown(String),
    Measured,
}

/// One task on one GPU.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskStatus {
    pub task: String,
    pub standing: Standing,
    /// The newest entry that decides; the newest of all where none does.
    pub entry: Option<Entry>,
    /// The last word on whether another run says the same as the entry.
    pub replication: Option<Replication>,
    pub gap: Option<Gap>,
}

/// Another run of the entry's sources, which one of the two replicates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replication {
    pub with: String,
    pub agrees: bool,
}

impl Standing {
    /// How `entry` stands to a tree that was compared with it.
    pub fn of(entry: &Entry, tree: &TreeComparison) -> Self {
        if let TreeComparison::Not(reason) = tree {
            return Self::Unknown(reason.clone());
        }
        let mut differs = tree.changed();
        if !tree.is_contract(&entry.provenance.contract_hash) {
            differs.insert(0, "contract");
        }
        match differs.is_empty() {
            true => Self::Measured,
            false => Self::Stale(differs),
        }
    }
}

impl Replication {
    /// # Errors
    ///
    /// An entry that this version cannot read.
    fn of(entry: &Entry, opened: &Opened) -> Result<Option<Self>, LedgerError> {
        if let Some(record) = &entry.replicates {
            let with = &record.entry;
            return Ok(record.agrees.map(|agrees| Self {
                with: with.clone(),
                agrees,
            }));
        }
        let others = opened.replications_of(&entry.id)?;
        Ok(others.into_iter().rev().find_map(|other| {
            let agrees = other.replicates?.agrees?;
            Some(Self {
                with: other.id,
                agrees,
            })
        }))
    }
}

impl TaskStatus {
    /// From the task's ledger on the GPU, if there is one.
    ///
    /// # Errors
    ///
    /// An entry that this version cannot read.
    pub fn gather(
        project: &Project,
        task: &Task,
        ledger: Option<&Opened>,
    ) -> Result<Self, LedgerError> {
        let mut found = Self {
            task: task.name.clone(),
            standing: Standing::NeverMeasured,
            entry: None,
            replication: None,
            gap: None,
        };
        let Some(opened) = ledger else {
            return Ok(found);
        };
        let decides = |entry: &Entry| entry.decision != Decision::NoVerdict;
        found.entry = match opened.newest_where(decides)? {
            Some(entry) => Some(entry),
            None => opened.newest_where(|_| true)?,
        };
        if let Some(entry) = &found.entry {
            let tree = TreeComparison::with_task(project, task, entry);
            found.standing = Standing::of(entry, &tree);
            found.replication = Replication::of(entry, opened)?;
        }
        found.gap = Gap::newest(opened)?;
        Ok(found)
    }

    /// What needs work first: tasks without a valid decision, those that another run contradicts, then those that did
    /// not win, the largest gap first.
    pub fn in_order_of_work(mut tasks: Vec<Self>) -> Vec<Self> {
        let gap = |status: &Self| status.gap.as_ref().map_or(0.0, |gap| gap.still_to_win);
        tasks.sort_by(|one, other| {
            let urgency = one.urgency().cmp(&other.urgency());
            urgency.then(gap(other).total_cmp(&gap(one)))
        });
        tasks
    }

    /// The lower, the earlier.
    fn urgency(&self) -> u8 {
        let decided = match self.entry.as_ref().map(|entry| entry.decision) {
            None | Some(Decision::NoVerdict) => 0,
            Some(Decision::Invalid | Decision::Inadmissible) => 1,
            Some(Decision::Reject) => 2,
            Some(Decision::Inconclusive) => 3,
            Some(Decision::Promote) => 4,
        };
        match self.standing {
            Standing::NeverMeasured => 0,
            Standing::Stale(_) | Standing::Unknown(_) => 1,
            Standing::Measured if self.replication.as_ref().is_some_and(|of| !of.agrees) => 2,
            Standing::Measured => 3 + decided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::brief::SourceChange;
    use crate::ledger::sample;

    fn status(task: &str, standing: Standing, entry: Option<Entry>) -> TaskStatus {
        TaskStatus {
            task: task.to_owned(),
            standing,
            gap: entry.as_ref().and_then(Gap::of),
            replication: None,
            entry,
        }
    }

    #[test]
    fn what_needs_work_comes_first() {
        let mut rejected = sample::entry();
        rejected.decision = Decision::Reject;
        let mut nearer = sample::entry();
        for row in &mut nearer.rows {
            row.bound.as_mut().expect("the sample has one").still_to_win = 1.01;
        }
        let far = Some(sample::entry());
        let mut contradicted = status("contradicted", Standing::Measured, far.clone());
        contradicted.replication = Some(Replication {
            with: "other".to_owned(),
            agrees: false,
        });
        let tasks = vec![
            status("near", Standing::Measured, Some(nearer)),
            status("far", Standing::Measured, far.clone()),
            status("lost", Standing::Measured, Some(rejected)),
            contradicted,
            status("stale", Standing::Stale(vec!["candidate"]), far),
            status("new", Standing::NeverMeasured, None),
        ];
        let order = TaskStatus::in_order_of_work(tasks);
        let names: Vec<&str> = order.iter().map(|status| status.task.as_str()).collect();
        assert_eq!(
            names,
            ["new", "stale", "contradicted", "lost", "far", "near"]
        );
    }

    #[test]
    fn an_entry_of_other_sources_or_another_contract_is_stale() {
        let entry = sample::entry();
        let tree = |contract_hash: &str, changes| TreeComparison::Compared {
            contract_hash: contract_hash.to_owned(),
            changes,
        };
        let same = entry.provenance.contract_hash.clone();
        assert_eq!(
            Standing::of(&entry, &tree(&same, Vec::new())),
            Standing::Measured
        );
        let edited = SourceChange {
            what: "candidate",
            measured: String::new(),
            in_tree: String::new(),
        };
        assert_eq!(
            Standing::of(&entry, &tree("other", vec![edited])),
            Standing::Stale(vec!["contract", "candidate"])
        );
        let none = TreeComparison::Not("no task".to_owned());
        assert_eq!(
            Standing::of(&entry, &none),
            Standing::Unknown("no task".to_owned())
        );
    }
}
