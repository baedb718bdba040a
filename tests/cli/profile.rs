//! `kda profile` where there is no GPU, and profiles beside a ledger.

use std::fs;

use kda::cli::exit_codes::{NO_DEVICE, PASSED, USAGE};
use kda::ledger::{Ledger, profile_path};

use crate::project::Project;

#[test]
fn a_profile_needs_a_gpu_and_a_row_of_the_task() {
    let project = Project::new();
    project
        .kda(&["profile", "axpy", "--row", "no_such_row"])
        .exits(USAGE)
        .prints_nothing()
        .says(&["task `axpy` has no row `no_such_row`", "`kda show axpy`"]);
    project
        .kda(&["profile", "axpy", "--row", "row_small", "--gpu", "emulated"])
        .exits(NO_DEVICE)
        .prints_nothing()
        .says(&[
            "the device here is emulated",
            "run it on a machine with an NVIDIA GPU",
        ]);
}

#[test]
fn a_ledger_names_the_profiles_of_an_entrys_rows_and_candidate() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let to = ["--ledger", ledgers.to_str().expect("the path is text")];
    let quick = ["--rows", "row_small", "--quick"];
    project
        .emulated("bench", &[&quick[..], &to].concat())
        .exits(PASSED);
    let show = [&["ledger", "show", "axpy", "--gpu", "emulated"][..], &to].concat();
    let before = project.kda(&show).exits(PASSED);
    assert!(!before.stdout.contains("profiled:"), "{}", before.stdout);

    let path = project.ledger();
    let entries = Ledger::at(&path).load().expect("the run wrote a ledger");
    let candidate = &entries[0].provenance.candidate_source;
    let profile = profile_path(&path, "axpy", "row_small", candidate);
    let other = profile_path(&path, "axpy", "row_small", &"f".repeat(64));
    fs::create_dir_all(profile.parent().expect("it has a folder")).expect("a folder");
    for path in [&profile, &other] {
        fs::write(path, "").expect("a file");
    }
    let line = format!("profiled: {}\n", profile.display());
    let shown = project.kda(&show).exits(PASSED);
    assert!(shown.stdout.ends_with(&line), "{}", shown.stdout);
    assert_eq!(shown.stdout.matches("profiled:").count(), 1);
}
