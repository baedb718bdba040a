//! Where the sources of an entry are: in the tree, or in a commit before it.

use super::ReplicationError;
use crate::brief::TreeComparison;
use crate::ledger::Entry;
use crate::toolchain::{History, Project, Worktree};

/// Folders besides the task's own that its sources include from.
const SHARED: [&str; 2] = ["kernels/include", "baselines"];

/// A project whose contract and sources are those that an entry measured.
#[derive(Debug)]
pub struct Sources {
    project: Project,
    commit: Option<String>,
    /// Kept until the run is over.
    _worktree: Option<Worktree>,
}

impl Sources {
    /// In the tree, or else in the entry's own commit, or else in the newest that has them all.
    ///
    /// # Errors
    ///
    /// [`ReplicationError::OtherSources`] with what differs, or what git refuses.
    pub fn find(project: &Project, entry: &Entry) -> Result<Self, ReplicationError> {
        // A task that is not in the tree, or not whole, may be in its history.
        let differs = differences(project, entry).unwrap_or_else(|reason| vec![reason]);
        if differs.is_empty() {
            return Ok(Self {
                project: project.clone(),
                commit: None,
                _worktree: None,
            });
        }
        let not_found = |searched: String, help| {
            Err(ReplicationError::OtherSources {
                entry: entry.id.clone(),
                differs: differs.join("; "),
                searched,
                help,
            })
        };
        let Some(history) = History::of(project.root()) else {
            return not_found(
                "no git history is here to look for them".to_owned(),
                "check out the entry's harness commit, or pack a bundle from it",
            );
        };
        let commits = commits(history, project, entry)?;
        let Some(first) = commits.first() else {
            return not_found(
                "git knows no commit of them".to_owned(),
                "commit the sources, or fetch the branch that has them",
            );
        };
        let worktree = Worktree::add(history, first)?;
        for commit in &commits {
            worktree.check_out(commit)?;
            let there = project.with_sources_in(&worktree.root());
            // A commit without the task, or with half of it, is not the one.
            if differences(&there, entry).is_ok_and(|differs| differs.is_empty()) {
                return Ok(Self {
                    project: there,
                    commit: Some(commit.clone()),
                    _worktree: Some(worktree),
                });
            }
        }
        not_found(
            format!(
                "none of the {} commits that changed them has them all",
                commits.len()
            ),
            "fetch the branch that the entry was measured on; sources that were never committed are lost",
        )
    }

    /// The project to run.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The commit that the sources are of, where the tree's are others.
    pub fn commit(&self) -> Option<&str> {
        self.commit.as_deref()
    }
}

/// Commits to look in, the likeliest first, none twice.
fn commits(
    history: History<'_>,
    project: &Project,
    entry: &Entry,
) -> Result<Vec<String>, ReplicationError> {
    let harness = &entry.provenance.harness_commit;
    let harness = harness.strip_suffix("-dirty").unwrap_or(harness);
    let again = entry.replicates.as_ref();
    let named = again.and_then(|record| record.commit.as_deref());
    let mut commits: Vec<String> = named
        .into_iter()
        .chain([harness])
        .filter_map(|name| history.commit(name))
        .collect();
    let folder = project.tasks_dir().join(&entry.task);
    let folder = folder.to_string_lossy();
    let paths = [&[folder.as_ref()], &SHARED[..]].concat();
    for commit in history.commits_of(&paths)? {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    Ok(commits)
}

/// Contract and sources of the project that are not the entry's; `Err` where they cannot be read.
fn differences(project: &Project, entry: &Entry) -> Result<Vec<String>, String> {
    let measured = &entry.provenance.contract_hash;
    match TreeComparison::of(project, entry) {
        TreeComparison::Not(reason) => Err(reason),
        TreeComparison::Compared {
            contract_hash,
            changes,
        } => {
            let contract = (contract_hash != *measured)
                .then(|| hashes_in_words("contract", measured, &contract_hash));
            let changes = changes
                .iter()
                .map(|change| hashes_in_words(change.what, &change.measured, &change.in_tree));
            Ok(contract.into_iter().chain(changes).collect())
        }
    }
}

/// `candidate 0123abcd, here 89abcdef`.
pub(super) fn hashes_in_words(what: &str, measured: &str, here: &str) -> String {
    let short = |hash: &str| hash.chars().take(8).collect::<String>();
    format!("{what} {}, here {}", short(measured), short(here))
}
