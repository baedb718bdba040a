//! One page on a task.

use std::fs;

use kda::cli::exit_codes::{PASSED, USAGE};

use crate::lines::{Line, lines};
use crate::project::{Finished, Project};

/// A ledger of schema 1 from an H100: a whole run without bounds.
const SCHEMA_1: &str = include_str!("../fixtures/ledgers/schema_1.toml");

fn brief(project: &Project, more: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    let to = ["brief", "axpy", "--ledger", ledgers.to_str().unwrap()];
    project.kda(&[&to, more].concat())
}

#[test]
fn a_task_without_an_entry_has_a_page_that_says_what_to_run() {
    brief(&Project::new(), &[]).exits(PASSED).prints(&[
        "# axpy on h100\n",
        "No entry on h100 yet",
        "| row | set | entry | bytes | first input |",
        "kda bench axpy --gpu h100  # the first entry",
    ]);
}

#[test]
fn a_measured_task_has_its_figures_in_text_and_json() {
    let project = Project::new();
    fs::create_dir_all(project.path("ledgers/h100")).unwrap();
    fs::write(project.path("ledgers/h100/axpy.toml"), SCHEMA_1).unwrap();
    brief(&project, &[]).exits(PASSED).prints(&[
        "**promote**: speedup 1.105 (1.104-1.106) over 8 b200 rows",
        "measured under another contract",
        "Not known: there are no bounds.",
        "- `guards`: Guards around every allocation are whole.",
    ]);
    let json = brief(&project, &["--json"]).exits(PASSED).stdout;
    let [Line::Begin(_), Line::Brief(found)] = &lines(&json)[..] else {
        panic!("{json}");
    };
    assert_eq!(found["state"], "stale");
    assert_eq!(found["current"]["rows"].as_array().unwrap().len(), 8);
    assert_eq!(found["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(found["contract"]["margin"], 0.01);
}

#[test]
fn an_unknown_task_or_gpu_is_told() {
    let project = Project::new();
    project
        .kda(&["brief", "axpyy"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["did you mean `axpy`?"]);
    brief(&project, &["--gpu", "h10"])
        .exits(USAGE)
        .says(&["no run on `h10`"]);
}
