//! A note that waits for an entry.

use kda::cli::exit_codes::{PASSED, USAGE};

use crate::lines::Run;
use crate::project::{Finished, Project};

/// Not the fixture's: notes lie in the target folder, where recorded runs of other tests would take them.
const TASK: &str = "my_add";

fn note(project: &Project, arguments: &[&str]) -> Finished {
    project.kda(&[&["attempt", "note", TASK], arguments].concat())
}

fn bench(project: &Project, arguments: &[&str]) -> Finished {
    let fixed = ["bench", TASK, "--gpu", "emulated", "--quick"];
    project.kda(&[&fixed[..], &["--rows", "n1048576"], arguments].concat())
}

#[test]
fn the_next_recorded_run_takes_the_note() {
    let project = Project::new();
    project.kda(&["new", TASK]).exits(PASSED);
    note(&project, &["--clear"]).exits(PASSED);
    note(&project, &["one load a thread"])
        .exits(PASSED)
        .prints(&["the next entry of"]);
    note(&project, &["two loads a thread hide the latency"])
        .exits(PASSED)
        .prints(&["instead of: one load a thread"]);
    let unrecorded = bench(&project, &["--no-ledger"]).exits(PASSED);
    assert!(!unrecorded.stdout.contains("latency"));
    note(&project, &["--show"])
        .exits(PASSED)
        .prints(&["two loads a thread hide the latency\n"]);

    let ledgers = project.ledgers();
    let to = ["--ledger", ledgers.to_str().unwrap()];
    bench(&project, &to)
        .exits(PASSED)
        .prints(&["note: two loads a thread hide the latency"]);
    note(&project, &["--show"])
        .exits(PASSED)
        .prints(&["no note waits"]);
    let show = ["ledger", "show", TASK, "--gpu", "emulated"];
    let shown = [&show[..], &to].concat();
    project
        .kda(&shown)
        .exits(PASSED)
        .prints(&["note: two loads a thread hide the latency"]);
    let json = project.kda(&[&shown[..], &["--json"]].concat());
    let end = Run::read(&json.exits(PASSED).stdout).end;
    assert_eq!(
        end.note.as_deref(),
        Some("two loads a thread hide the latency")
    );
    for (view, more) in [
        ("attempts", &["--gpu", "emulated"][..]),
        ("show", &["--gpu", "emulated", "--history"]),
        ("export", &["--csv"]),
        ("export", &["--json"]),
    ] {
        let shown = [&["ledger", view, TASK], more, &to].concat();
        project
            .kda(&shown)
            .exits(PASSED)
            .prints(&["two loads a thread hide the latency"]);
    }
}

#[test]
fn a_note_without_words_or_task_is_refused() {
    let project = Project::new();
    let to_axpy = ["attempt", "note", "axpy"];
    project
        .kda(&[&to_axpy[..], &[" "]].concat())
        .exits(USAGE)
        .says(&["without a word", "say what the next run"]);
    project
        .kda(&[&to_axpy[..], &[&"x".repeat(1001)]].concat())
        .exits(USAGE)
        .says(&["1001 characters", "README"]);
    project
        .kda(&to_axpy)
        .exits(USAGE)
        .says(&["required arguments", "<TEXT>"]);
    project
        .kda(&["attempt", "note", "axpyy", "text"])
        .exits(USAGE)
        .says(&["did you mean `axpy`?"]);
}
