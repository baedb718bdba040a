//! `kda selftest`: the corpus of cheats on the emulated device. What nvcc makes of it takes a minute more, and
//! `tests/cli/objects.rs` has those gates.

use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use kda::cli::exit_codes::{PASSED, USAGE};

use crate::project::{Finished, finished};

fn selftest(more: &[&str]) -> Finished {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = cargo_bin_cmd!("kda");
    command
        .args(["selftest", "--gpu", "emulated"])
        .args(more)
        .current_dir(root);
    finished(&mut command)
}

#[test]
fn every_cheat_of_the_corpus_is_caught_and_every_honest_candidate_passes() {
    let run = selftest(&["--no-build"]).exits(PASSED);
    let text = &run.stdout;
    let line = text.lines().find(|line| line.contains("cheats caught"));
    let words: Vec<&str> = line.expect("a sum should be printed").split(' ').collect();
    // All of those that can show here, and not few.
    assert_eq!(words[0], words[2], "{text}");
    assert!(words[0].parse::<usize>().unwrap() >= 25, "{text}");
}

#[test]
fn a_name_that_is_nobodys_is_an_error() {
    let run = selftest(&["--only", "nobody"]).exits(USAGE);
    assert!(run.stderr.contains("nobody"), "{}", run.stderr);
}
