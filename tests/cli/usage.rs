//! What the command line asks for does not exist, or is asked for in vain.

use kda::cli::exit_codes::{NO_DEVICE, PASSED, USAGE};

use crate::project::Project;

#[test]
fn an_unknown_task_is_answered_with_near_ones() {
    let project = Project::new();
    for command in ["bench", "check", "build", "show"] {
        project
            .kda(&[command, "axpyy"])
            .exits(USAGE)
            .prints_nothing()
            .says(&["no task is named `axpyy`", "did you mean `axpy`?"]);
    }
    project
        .kda(&["check", "conv2d"])
        .exits(USAGE)
        .says(&["no task is named `conv2d`", "the tasks are `axpy`"]);
}

#[test]
fn a_project_without_tasks_says_where_they_belong() {
    let project = Project::new();
    std::fs::remove_dir_all(project.path("tasks/axpy")).unwrap();
    project
        .kda(&["check", "axpy"])
        .exits(USAGE)
        .says(&["no folder with a task.toml under tasks/"]);
}

#[test]
fn naming_no_task_is_refused() {
    let project = Project::new();
    for command in ["bench", "check", "build"] {
        project
            .kda(&[command])
            .exits(USAGE)
            .prints_nothing()
            .says(&["<TASKS>", "Usage:"]);
    }
}

#[test]
fn an_unknown_gpu_is_answered_with_the_known_ones() {
    Project::new()
        .kda(&["bench", "axpy", "--gpu", "nosuch"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["'nosuch'", "emulated", "h100", "b200", "rtx5090"]);
}

#[test]
fn a_gpu_that_is_not_here_is_refused_with_what_to_do() {
    let project = Project::new();
    // No machine has all of these in its first place.
    let refused: Vec<_> = ["h100", "b200", "rtx4090"]
        .into_iter()
        .map(|gpu| {
            project.kda(&[
                "bench",
                "axpy",
                "--gpu",
                gpu,
                "--quick",
                "--rows",
                "row_small",
                "--no-ledger",
            ])
        })
        .filter(|finished| finished.code == i32::from(NO_DEVICE))
        .collect();
    assert!(refused.len() >= 2);
    for finished in refused {
        let told = finished.stderr.contains("no GPU is visible here")
            && finished.stderr.contains("--gpu emulated")
            || finished
                .stderr
                .contains("asks for another GPU than the one here");
        assert!(told, "{}", finished.stderr);
        finished.prints_nothing();
    }
}

#[test]
fn an_unknown_row_set_is_answered_with_the_known_ones() {
    let project = Project::new();
    project
        .emulated("check", &["--set", "nosuch"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["no row set `nosuch`", "faults, main"]);
}

#[test]
fn a_glob_that_matches_nothing_is_refused_before_anything_runs() {
    let project = Project::new();
    let ledgers = project.ledgers();
    project
        .emulated(
            "bench",
            &["--rows", "b200_*", "--ledger", ledgers.to_str().unwrap()],
        )
        .exits(USAGE)
        .prints_nothing()
        .says(&["no row or grid case matches `b200_*`", "kda show TASK"]);
    assert!(!ledgers.exists());
    project
        .emulated("check", &["--rows", "b200_["])
        .exits(USAGE)
        .says(&["--rows", "invalid range pattern"]);
}

#[test]
fn outside_any_project_the_checkout_that_built_the_program_is_used() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let mut list = project.command(&["list"]);
    let listed = crate::project::finished(list.current_dir(elsewhere.path()));
    // A task of the checkout, and not the one of the fixture.
    let of_checkout = kda::task::names(env!("CARGO_MANIFEST_DIR").as_ref()).unwrap();
    let listed = listed.exits(PASSED);
    assert!(!of_checkout.is_empty());
    for name in &of_checkout {
        assert!(listed.stdout.contains(name.as_str()), "{}", listed.stdout);
    }
}

#[test]
fn every_subcommand_has_a_help_text() {
    let project = Project::new();
    let commands: [&[&str]; 11] = [
        &[],
        &["bench"],
        &["check"],
        &["list"],
        &["show"],
        &["build"],
        &["bundle"],
        &["doctor"],
        &["ledger"],
        &["ledger", "show"],
        &["ledger", "verify"],
    ];
    for command in commands {
        let help = project
            .kda(&[command, &["--help"]].concat())
            .exits(PASSED)
            .prints(&["Usage: kda", "--color"]);
        let about = help.stdout.lines().next().unwrap_or_default();
        // Without a description, the usage comes first.
        assert!(!about.starts_with("Usage:"), "{command:?}: {about}");
    }
    let hidden = project.kda(&["bench", "--help"]).stdout;
    assert!(!hidden.contains("--limit"), "{hidden}");
}
