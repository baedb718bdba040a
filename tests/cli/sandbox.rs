//! Candidates that reach beyond their worker: each costs its row, and what it reaches for stays as it was.

use kda::cli::exit_codes::{PASSED, ROW_LOST};

use crate::faults::is_lost;
use crate::project::Project;

/// Whether a worker here is locked in by this; says so where it is not.
fn in_force(part: &str) -> bool {
    let doctor = Project::new().kda(&["doctor"]).exits(0);
    let line = doctor.stdout.lines().find(|line| line.starts_with(part));
    let found = line.is_some_and(|line| !line.contains("missing"));
    if !found {
        eprintln!("skipped: this kernel has no {part}");
    }
    found
}

#[test]
fn memory_beyond_the_limit_costs_the_row_and_names_the_option() {
    is_lost(
        "fault_exhaust_memory",
        &["MiB of memory where it may take 1024 MiB", "--memory-limit"],
    );
}

#[test]
fn printing_without_end_costs_the_row_after_the_limit() {
    is_lost("fault_chatter", &["no answer within 2 s"]);
}

#[test]
fn a_process_cannot_be_started() {
    if in_force("seccomp") {
        is_lost("fault_fork", &["fork: Operation not permitted"]);
        is_lost("fault_execute", &["execl: Operation not permitted"]);
    }
}

#[test]
fn the_parent_cannot_be_killed() {
    if in_force("seccomp") {
        is_lost("fault_kill_parent", &["kill: Operation not permitted"]);
    }
}

#[test]
fn a_socket_cannot_be_opened() {
    if in_force("seccomp") {
        is_lost("fault_open_socket", &["socket: Operation not permitted"]);
    }
}

#[test]
fn a_file_cannot_be_written() {
    if in_force("landlock") {
        is_lost("fault_write_file", &["open: Permission denied"]);
    }
}

#[test]
fn an_entry_names_what_its_workers_were_locked_in_by() {
    let project = Project::new();
    let ledgers = project.ledgers();
    let folder = ledgers.to_str().expect("the path should be text");
    let bench = |more: &[&str]| {
        let fixed = ["--rows", "row_small", "--quick", "--ledger", folder];
        project
            .emulated("bench", &[&fixed[..], more].concat())
            .exits(0)
    };
    let recorded = || std::fs::read_to_string(project.ledger()).expect("a ledger");
    if in_force("landlock") && in_force("seccomp") {
        bench(&[]);
        assert!(recorded().contains(", seccomp\"\n"), "{}", recorded());
    }
    bench(&["--no-sandbox"])
        .prints(&["warning: workers were not locked in by landlock and seccomp"]);
    assert!(
        recorded().contains("sandbox = \"none\"\n"),
        "{}",
        recorded()
    );
}

#[test]
fn a_run_whose_workers_died_leaves_a_whole_ledger_that_goes_on() {
    let project = Project::of_faults();
    let ledgers = project.ledgers();
    let folder = ledgers.to_str().expect("the path should be text");
    let bench = |rows| project.emulated("bench", &["--rows", rows, "--ledger", folder]);
    // A row that behaves, and candidates that fork and kill their parent.
    bench("*_[fk][io]*").exits(ROW_LOST);
    bench("row_first").exits(PASSED);
    project
        .kda(&["ledger", "verify", "--ledger", folder])
        .exits(PASSED)
        .prints(&["intact: ", ", 2 entries"]);
}
