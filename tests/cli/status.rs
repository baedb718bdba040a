//! Where all tasks stand.

use std::fs;

use kda::cli::exit_codes::{LEDGER, PASSED, USAGE};

use crate::lines::{Line, Status, lines};
use crate::project::{Finished, Project};

/// A ledger of schema 1 from an H100: a whole run without bounds.
const SCHEMA_1: &str = include_str!("../fixtures/ledgers/schema_1.toml");

fn status(project: &Project, more: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    let to = ["status", "--ledger", ledgers.to_str().unwrap()];
    project.kda(&[&to, more].concat())
}

fn of_axpy(project: &Project) -> Status {
    let json = status(project, &["--json"]).exits(PASSED).stdout;
    let of_axpy = |line| match line {
        Line::Status(status) if status.task == "axpy" => Some(status),
        _ => None,
    };
    let mut found = lines(&json).into_iter().filter_map(of_axpy);
    found.next().expect("every task has a line")
}

fn measured() -> Project {
    let project = Project::new();
    fs::create_dir_all(project.path("ledgers/h100")).unwrap();
    fs::write(project.path("ledgers/h100/axpy.toml"), SCHEMA_1).unwrap();
    project
}

#[test]
fn a_task_without_an_entry_was_never_measured() {
    let project = Project::new();
    status(&project, &[])
        .exits(PASSED)
        .prints(&["axpy", "never measured"]);
    let found = of_axpy(&project);
    assert_eq!((found.state.as_str(), found.id), ("never-measured", None));
}

#[test]
fn an_entry_of_another_contract_is_stale_and_keeps_its_decision() {
    let project = measured();
    status(&project, &[]).exits(PASSED).prints(&[
        "stale: contract",
        "promote",
        "b200 1.105",
        "2026-",
    ]);
    let found = of_axpy(&project);
    assert_eq!((found.state.as_str(), found.gap), ("stale", None));
    assert_eq!(found.differs[0], "contract");
}

#[test]
fn a_misspelt_gpu_and_a_corrupt_ledger_are_told() {
    let project = measured();
    status(&project, &["--gpu", "h10"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["no run on `h10`", "h100"]);
    fs::write(project.path("ledgers/h100/axpy.toml"), "changed\n").unwrap();
    status(&project, &[])
        .exits(LEDGER)
        .prints_nothing()
        .says(&["corrupt", "git checkout"]);
}
