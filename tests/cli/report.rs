//! The summary over all tasks.

use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use kda::cli::exit_codes::{PASSED, USAGE};

use crate::project::{Finished, Project, finished};

fn report(project: &Project, more: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    let to = ["report", "--ledger", ledgers.to_str().unwrap()];
    project.kda(&[&to, more].concat())
}

/// A short emulated bench of one row.
fn benched() -> Project {
    let project = Project::new();
    let ledgers = project.ledgers();
    let to = ["axpy", "--rows", "row_small", "--quick", "--ledger"];
    project
        .emulated("bench", &[&to[..], &[ledgers.to_str().unwrap()]].concat())
        .exits(PASSED);
    project
}

#[test]
fn the_readme_shows_what_the_ledgers_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let mut command = cargo_bin_cmd!("kda");
    let table = finished(
        command
            .args(["report", "--gpu", "h100", "--markdown"])
            .current_dir(root),
    )
    .exits(PASSED)
    .stdout;
    assert!(table.lines().count() > 2);
    assert!(
        readme.contains(&table),
        "README.md should hold this table:\n{table}"
    );
}

#[test]
fn an_emulated_entry_has_no_figures() {
    report(&benched(), &["--gpu", "emulated"])
        .exits(PASSED)
        .prints(&["axpy", "no-verdict"]);
}

#[test]
fn an_entry_of_an_earlier_contract_is_marked() {
    let project = benched();
    project.edit("task.toml", "margin = 0.01", "margin = 0.02");
    report(&project, &["--gpu", "emulated", "--markdown"])
        .exits(PASSED)
        .prints(&["| no-verdict, of another contract |"]);
}

#[test]
fn a_gpu_without_ledgers_is_named() {
    report(&Project::new(), &["--gpu", "b200"])
        .exits(USAGE)
        .says(&["no run on `b200` is recorded", "--gpu names another GPU"]);
}
