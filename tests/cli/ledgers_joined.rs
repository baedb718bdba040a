//! Two copies of a ledger that both took entries.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kda::cli::exit_codes::{LEDGER, PASSED, USAGE};
use kda::ledger::{Entry, Ledger};

use crate::ledger::{on_ledgers, three_entries, verification, with_ledger};
use crate::project::Project;

/// The ledger of three entries and a copy, each with one more since; the copy's is the earlier one.
fn diverged() -> (Project, PathBuf) {
    let project = with_ledger(three_entries());
    let copy = project.path("copy.toml");
    fs::copy(project.ledger(), &copy).unwrap();
    let newest = Ledger::at(&copy).load().unwrap().pop().unwrap();
    for (path, id) in [(&copy, "3000-copy"), (&project.ledger(), "3001-here")] {
        append(path, &newest, id);
    }
    (project, copy)
}

fn append(path: &Path, like: &Entry, id: &str) {
    let entry = Entry {
        id: id.to_owned(),
        ..like.clone()
    };
    Ledger::at(path).append(&entry).unwrap();
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn both_keep_their_entries_and_the_result_takes_more() {
    let (project, copy) = diverged();
    let ours = project.ledger();
    let merge = ["ledger", "merge", text(&ours), text(&copy)];
    project.kda(&merge).exits(PASSED).prints(&[
        "merged: 1 entry of ",
        " alone and 1 entry of ",
        &format!("the result is {}", ours.display()),
    ]);
    let found = verification(&project, PASSED);
    assert_eq!((found.entries, found.merges), (5, 1));
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["intact", "5 entries, 1 merge"]);
    let entries = Ledger::at(&ours).load().unwrap();
    let last: Vec<&str> = entries[3..].iter().map(|entry| entry.id.as_str()).collect();
    assert_eq!(last, ["3000-copy", "3001-here"]);
    project
        .kda(&merge)
        .exits(PASSED)
        .prints(&["nothing to merge: "]);
    append(&ours, &entries[4], "3002-after");
    assert_eq!(verification(&project, PASSED).entries, 6);
    let back = ["ledger", "merge", text(&copy), text(&ours)];
    project.kda(&back).exits(PASSED).prints(&["fast-forward: "]);
    project
        .kda(&merge)
        .exits(PASSED)
        .prints(&["are the same ledger"]);
    assert_eq!(fs::read(&ours).unwrap(), fs::read(&copy).unwrap());
}

#[test]
fn what_cannot_be_merged_is_refused_and_left_alone() {
    let (project, copy) = diverged();
    let (ours, before) = (project.ledger(), fs::read(project.ledger()).unwrap());
    let merge = |theirs: &Path, more: &[&str]| {
        let arguments = ["ledger", "merge", text(&ours), text(theirs)];
        project.kda(&[&arguments, more].concat())
    };
    let other = project.path("other.toml");
    merge(&other, &[])
        .exits(USAGE)
        .prints_nothing()
        .says(&["no ledger is at", "other.toml"]);
    let newest = Ledger::at(&copy).load().unwrap().pop().unwrap();
    append(&other, &newest, "1");
    merge(&other, &[])
        .exits(USAGE)
        .says(&["have no entry in common", "nothing was written"]);
    fs::remove_file(&other).unwrap();
    let of_another_task = Entry {
        task: "gemm".to_owned(),
        ..newest
    };
    append(&other, &of_another_task, "1");
    merge(&other, &[])
        .exits(USAGE)
        .says(&["a ledger of task `axpy`, and", "one of task `gemm`"]);
    merge(&copy, &["--output", text(&other)])
        .exits(USAGE)
        .says(&["is there already, and is neither of the two"]);
    let changed = fs::read_to_string(&copy)
        .unwrap()
        .replacen("3000", "2999", 1);
    fs::write(&copy, changed).unwrap();
    merge(&copy, &[])
        .exits(LEDGER)
        .prints_nothing()
        .says(&["is corrupt: entry 4: its text was changed"]);
    assert_eq!(fs::read(&ours).unwrap(), before);
}

#[test]
fn a_merge_record_that_is_gone_is_told() {
    let (project, copy) = diverged();
    let ours = project.ledger();
    project
        .kda(&["ledger", "merge", text(&ours), text(&copy)])
        .exits(PASSED);
    let merged = fs::read_to_string(&ours).unwrap();
    let (entries, _) = merged.split_once("\n[[merge]]").unwrap();
    fs::write(&ours, entries).unwrap();
    let fault = verification(&project, LEDGER).fault.unwrap();
    assert!(
        fault.message.contains("entry 4: no later entry follows it"),
        "{}",
        fault.message
    );
}

#[test]
fn git_merges_two_branches_that_both_appended() {
    let (project, copy) = diverged();
    let root = project.path("repository");
    let ledger = root.join("ledger/h100/axpy.toml");
    fs::create_dir_all(ledger.parent().unwrap()).unwrap();
    fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join(".gitattributes"),
        root.join(".gitattributes"),
    )
    .unwrap();
    let driver = format!(
        "{} ledger merge %A %B --output %A",
        assert_cmd::cargo::cargo_bin!("kda").display()
    );
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com"])
            .args(["-c", &format!("merge.kda-ledger.driver={driver}")])
            .args(arguments)
            .current_dir(&root)
            .output()
            .expect("git should start");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    };
    let commit = |content: &Path| {
        fs::copy(content, &ledger).unwrap();
        git(&["add", "."]);
        git(&["commit", "--quiet", "--message", "runs"]);
    };
    let base = project.path("base.toml");
    fs::write(&base, three_entries()).unwrap();
    git(&["init", "--quiet", "--initial-branch", "main"]);
    commit(&base);
    git(&["switch", "--quiet", "--create", "branch"]);
    commit(&copy);
    git(&["switch", "--quiet", "main"]);
    commit(&project.ledger());
    git(&["merge", "--quiet", "--no-edit", "branch"]);
    let found = Ledger::at(&ledger).verify().unwrap();
    assert!(found.fault.is_none());
    assert_eq!((found.entries, found.merges()), (5, 1));
    // Nothing is left beside what is committed.
    assert_eq!(git(&["status", "--porcelain"]), "");
}
