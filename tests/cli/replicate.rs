//! A run made again: from the tree, from its history, or not at all.

use std::fs;
use std::process::Command;

use kda::cli::exit_codes::{INCONCLUSIVE, NO_DEVICE, PASSED, USAGE};
use kda::ledger::{Entry, Ledger};

use serde_json::{Value, json};

use crate::ledger::{on_ledgers, three_entries, verification, with_ledger};
use crate::lines::{Line, lines};
use crate::project::{Finished, Project};

fn replicate(project: &Project, arguments: &[&str]) -> Finished {
    let ledgers = project.ledgers();
    let place = ["--ledger", ledgers.to_str().unwrap()];
    project.kda(&[&["replicate"], arguments, &place].concat())
}

fn entries(project: &Project) -> Vec<Entry> {
    Ledger::at(project.ledger()).load().unwrap()
}

/// Id of the newest entry of [`three_entries`].
fn newest(project: &Project) -> String {
    entries(project).pop().unwrap().id
}

fn git(project: &Project, words: &[&str]) -> String {
    let who = ["-c", "user.name=kda", "-c", "user.email=kda@localhost"];
    let output = Command::new("git")
        .args([&who[..], words].concat())
        .current_dir(project.path(""))
        .output()
        .expect("git should start");
    assert!(output.status.success(), "{words:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Commits the whole project; returns the commit.
fn commit(project: &Project) -> String {
    git(project, &["init", "--quiet"]);
    git(project, &["add", "tasks", "kernels", "baselines"]);
    git(project, &["commit", "--quiet", "-m", "as measured"]);
    git(project, &["rev-parse", "HEAD"])
}

#[test]
fn a_run_made_again_agrees_and_both_entries_say_so() {
    let project = with_ledger(three_entries());
    let id = newest(&project);
    let said = replicate(&project, &["axpy", &id])
        .exits(PASSED)
        .says(&["axpy: emulated on the CPU (as asked)"]);
    let said = said.prints(&[
        &format!("replicates {id}: agrees, 1 of 1 row"),
        "axpy: no-verdict then, no-verdict now, on emulated",
        "no speeds: none is claimed",
        "agreeing: 1 of 1 production row",
        "recorded in ",
    ]);
    assert!(!said.stdout.contains("speedup"), "{}", said.stdout);
    assert_eq!(verification(&project, PASSED).entries, 4);
    let again = entries(&project).pop().unwrap();
    let record = again.replicates.unwrap();
    assert_eq!(
        (record.entry.as_str(), record.agrees),
        (id.as_str(), Some(true))
    );
    assert_eq!(record.commit, None);
    assert_eq!(again.provenance.seed, 7);
    let show = |id: &str| {
        on_ledgers(
            &project,
            &["show", "axpy", "--gpu", "emulated", "--entry", id],
        )
    };
    show(&id)
        .exits(PASSED)
        .prints(&[&format!("replicated by {}: agrees, 1 of 1 row", again.id)]);
    show(&again.id)
        .exits(PASSED)
        .prints(&[&format!("replicates {id}: agrees, 1 of 1 row")]);
    let ledgers = project.ledgers();
    let place = ["--gpu", "emulated", "--ledger", ledgers.to_str().unwrap()];
    let status = project.kda(&[&["status", "--json"], &place[..]].concat());
    let told = lines(&status.exits(PASSED).stdout);
    let replication = told.iter().find_map(|line| match line {
        Line::Status(status) => status.replication.clone(),
        _ => None,
    });
    assert_eq!(
        replication,
        Some(json!({"entry_id": id, "agrees": true})),
        "{told:?}"
    );
}

#[test]
fn a_candidate_that_was_edited_since_is_found_in_the_history() {
    let project = with_ledger(three_entries());
    let measured = commit(&project);
    project.edit("candidate.cu", "#include", "// Edited since.\n#include");
    git(&project, &["commit", "--quiet", "-am", "another candidate"]);
    // A claim that does not hold: the row is not declined.
    let mut claimed = entries(&project).pop().unwrap();
    claimed.id = "20990102T030405000Z-0123abcd".to_owned();
    claimed.rows[0].declined = true;
    Ledger::at(project.ledger()).append(&claimed).unwrap();
    replicate(&project, &["20990102"])
        .exits(INCONCLUSIVE)
        .says(&[&format!("sources are those of commit {measured}")])
        .prints(&[
            &format!(
                "replicates {}: does NOT agree, 0 of 1 row; not row_small",
                claimed.id
            ),
            "measured, declined",
        ]);
    let again = entries(&project).pop().unwrap();
    let from = &again.provenance;
    assert_eq!(from.candidate_source, claimed.provenance.candidate_source);
    assert!(!from.harness_commit.contains(&measured), "{from:?}");
    assert_eq!(again.replicates.unwrap().commit, Some(measured));
    on_ledgers(
        &project,
        &["show", "axpy", "--gpu", "emulated", "--entry", "20990102"],
    )
    .exits(PASSED)
    .prints(&[&format!(
        "NOT replicated by {}, 0 of 1 row; not row_small",
        again.id
    )]);
    assert_eq!(git(&project, &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn what_was_compared_is_read_from_json_too() {
    let project = with_ledger(three_entries());
    let said = replicate(&project, &[&newest(&project), "--json"]).exits(PASSED);
    let found = lines(&said.stdout);
    let of_rows: Vec<&Value> = found
        .iter()
        .filter_map(|line| match line {
            Line::Agreement(of) => Some(of),
            _ => None,
        })
        .collect();
    assert_eq!(of_rows.len(), 1);
    assert_eq!(
        (&of_rows[0]["row"], &of_rows[0]["reading"]),
        (&"row_small".into(), &"agrees".into())
    );
    assert_eq!(
        (&of_rows[0]["state_after"], &of_rows[0]["after"]),
        (&"measured".into(), &Value::Null)
    );
    let Some(Line::End(end)) = found.last() else {
        panic!("no end in\n{}", said.stdout);
    };
    assert_eq!(end.replicates.as_ref().unwrap()["agrees"], true);
}

#[test]
fn sources_that_are_nowhere_are_named_and_nothing_runs() {
    let project = with_ledger(three_entries());
    let id = newest(&project);
    project.edit("candidate.cu", "#include", "// Never measured.\n#include");
    let refused = || replicate(&project, &[&id]).exits(USAGE).prints_nothing();
    refused().says(&[
        "the sources of entry",
        "no git history is here",
        "candidate ",
        "check out the entry's harness commit",
    ]);
    commit(&project);
    refused().says(&["none of the 1 commits that changed them has them all"]);
    assert_eq!(
        fs::read_to_string(project.ledger()).unwrap(),
        three_entries()
    );
}

#[test]
fn an_entry_that_is_not_there_not_one_or_of_another_gpu_is_refused() {
    let project = with_ledger(three_entries());
    replicate(&project, &["1999"])
        .exits(USAGE)
        .says(&["no entry begins or ends with `1999` below", "--history"]);
    replicate(&project, &["gemm", "20"])
        .exits(USAGE)
        .says(&["no entry of task `gemm`"]);
    replicate(&project, &["20"]).exits(USAGE).says(&[
        "more than one entry",
        " of axpy, ",
        "or its task",
    ]);
    replicate(&project, &["20", "--gpu", "h100"])
        .exits(USAGE)
        .says(&["no entry begins"]);
    let mut measured = entries(&project).pop().unwrap();
    measured.id = "20990102T030405000Z-0123abcd".to_owned();
    measured.gpu = "NVIDIA B200".to_owned();
    let mut look = measured.clone();
    look.id = "20990103T030405000Z-0123abcd".to_owned();
    let lanes = look.rows.iter_mut().filter_map(|row| row.device.as_mut());
    lanes.for_each(|lane| lane.ratio = None);
    for entry in [measured, look] {
        Ledger::at(project.ledger()).append(&entry).unwrap();
    }
    replicate(&project, &["20990102"]).exits(NO_DEVICE).says(&[
        "was measured on NVIDIA B200, and ",
        "is here",
        "kda bundle",
    ]);
    replicate(&project, &["20990103"])
        .exits(USAGE)
        .says(&["makes no claim", "as after --quick"]);
}
