//! `kda new`.

use std::fs;

use kda::cli::exit_codes::{PASSED, USAGE};

use crate::project::Project;

#[test]
fn a_new_task_builds_and_passes_its_gates_at_once() {
    let project = Project::new();
    project
        .kda(&["new", "my_add"])
        .exits(PASSED)
        .prints(&["tasks/my_add"]);
    let readme = fs::read_to_string(project.path("tasks/my_add/README.md")).unwrap();
    assert!(readme.starts_with("# my_add\n"), "{readme}");
    project
        .kda(&["check", "my_add", "--gpu", "emulated"])
        .exits(PASSED)
        .prints(&["my_add", "n1048576", "gates: "]);
    project.kda(&["show", "my_add"]).exits(PASSED).prints(&[
        "my_add(a, b) -> y",
        "sizes",
        "refuses",
    ]);
}

#[test]
fn a_task_that_exists_is_left_as_it_is() {
    let project = Project::new();
    let before = project.read("task.toml");
    let refused = project.kda(&["new", "axpy"]).exits(USAGE);
    assert!(
        refused.stderr.contains("exists already"),
        "{}",
        refused.stderr
    );
    assert_eq!(project.read("task.toml"), before);
}

#[test]
fn a_name_that_could_be_no_folder_or_symbol_is_refused() {
    let project = Project::new();
    for name in ["My_add", "2add", "../add", "a-b", ""] {
        let refused = project.kda(&["new", name]).exits(USAGE);
        assert!(
            refused.stderr.contains("lower-case letters"),
            "{name}: {}",
            refused.stderr
        );
    }
}
