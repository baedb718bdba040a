//! What the compiler read, by its own account.

use std::path::{Component, Path};

use super::objects::list;
use crate::toolchain::Built;

/// Folders below the project's root that sides share. The compilers' own headers are not among the dependencies.
const SHARED: [&str; 2] = ["kernels", "baselines"];

/// What is right: a side that reads it could answer without computing.
const ORACLE: &str = "oracle.cpp";

/// Files beyond the task's own folder, `kernels/` and `baselines/`, and the oracle.
/// `task` is the task's folder below the project's root; a candidate that stands in for the task's own lies elsewhere, and
/// may include what lies beside it.
pub(super) fn check_depfile(task: &Path, built: &Built) -> Option<String> {
    let beside = built
        .dependencies
        .first()
        .and_then(|source| source.path.parent());
    let folders = [task, beside.unwrap_or(task)];
    let foreign: Vec<String> = built
        .dependencies
        .iter()
        .map(|dependency| dependency.path.as_path())
        .filter(|path| !is_allowed(folders, path))
        .map(|path| path.display().to_string())
        .collect();
    (!foreign.is_empty()).then(|| {
        format!(
            "{} includes {}; a side is compiled from its task's folder without {ORACLE}, kernels/ and baselines/",
            built.unit,
            list(foreign.iter().map(String::as_str))
        )
    })
}

fn is_allowed(folders: [&Path; 2], path: &Path) -> bool {
    let inside = path
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    let shared = SHARED.iter().any(|folder| path.starts_with(folder));
    let own = folders.iter().any(|folder| path.starts_with(folder));
    inside && (shared || own) && path.file_name().is_none_or(|name| name != ORACLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: [&str; 2] = ["tasks/add", "tasks/add"];

    #[test]
    fn the_task_and_the_shared_folders_are_allowed() {
        let of = |path| is_allowed(OWN.map(Path::new), Path::new(path));
        assert!(of("tasks/add/candidate.cu") && of("tasks/add/deep/tile.cuh"));
        assert!(of("kernels/include/kda/vec.cuh") && of("baselines/pytorch/add.cuh"));
    }

    #[test]
    fn the_oracle_ledgers_other_tasks_and_strangers_are_not() {
        for path in [
            "tasks/add/oracle.cpp",
            "tasks/adder/candidate.cu",
            "ledger/h100/add.toml",
            "tasks/add/../../ledger/h100/add.toml",
            "/etc/hostname",
            "harness/lib.rs",
        ] {
            assert!(!is_allowed(OWN.map(Path::new), Path::new(path)), "{path}");
        }
    }
}
