//! The tree's contract and sources against those that an entry measured.

use crate::ledger::{Entry, Verification};
use crate::task::Task;
use crate::toolchain::{Project, Target, Unit, tree_source_hash};

/// How an entry stands to the tree around its ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TreeComparison {
    /// Nothing to compare with, and why.
    Not(String),
    Compared {
        contract_hash: String,
        changes: Vec<SourceChange>,
    },
}

/// A source that is not the one that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceChange {
    /// `baseline`, `candidate` or `oracle`.
    pub what: &'static str,
    pub measured: String,
    pub in_tree: String,
}

impl TreeComparison {
    /// Contract and sources in the tree, against those of the entry.
    pub fn of(project: &Project, entry: &Entry) -> Self {
        match Task::load(project.root(), &entry.task) {
            Ok(task) => Self::with_task(project, &task, entry),
            Err(error) => Self::Not(error.to_string()),
        }
    }

    /// The same, of a task that was loaded.
    pub fn with_task(project: &Project, task: &Task, entry: &Entry) -> Self {
        let target = match entry.gpu.as_str() {
            "emulated" => Target::Emulated,
            // The architecture decides no source.
            _ => Target::configured(),
        };
        let from = &entry.provenance;
        let measured = [
            ("baseline", &from.baseline_source),
            ("candidate", &from.candidate_source),
            ("oracle", &from.oracle_source),
        ];
        let mut changes = Vec::new();
        for ((what, measured), unit) in measured.into_iter().zip(Unit::of_target(&target)) {
            match tree_source_hash(project, &task.name, &unit) {
                Ok(in_tree) if in_tree == *measured => {}
                Ok(in_tree) => changes.push(SourceChange {
                    what,
                    measured: measured.clone(),
                    in_tree,
                }),
                Err(error) => {
                    return Self::Not(format!("the {what}'s sources cannot be read: {error}"));
                }
            }
        }
        Self::Compared {
            contract_hash: task.contract_hash.clone(),
            changes,
        }
    }

    /// Whether the newest entry speaks of the tree as it is.
    pub fn agrees(&self, found: &Verification) -> bool {
        let newest = found.newest.as_ref();
        newest.is_some_and(|newest| {
            self.is_contract(&newest.provenance.contract_hash) && self.changed().is_empty()
        })
    }

    /// Whether `contract_hash` is that of the tree.
    pub fn is_contract(&self, contract_hash: &str) -> bool {
        match self {
            Self::Not(_) => false,
            Self::Compared {
                contract_hash: in_tree,
                ..
            } => in_tree == contract_hash,
        }
    }

    /// The sources that are not those measured, by name.
    pub fn changed(&self) -> Vec<&'static str> {
        match self {
            Self::Not(_) => Vec::new(),
            Self::Compared { changes, .. } => changes.iter().map(|change| change.what).collect(),
        }
    }
}
