//! Figures against the raw samples that they are of.

use std::fs;

use kda::cli::exit_codes::{LEDGER, PASSED};
use kda::ledger::{Entry, Ledger};

use crate::ledger::{bench, on_ledgers, three_entries, verification, with_ledger};
use crate::project::Project;

/// One run with its samples.
fn measured() -> (Project, Entry) {
    let project = Project::new();
    bench(&project, &[]).exits(PASSED);
    let entry = Ledger::at(project.ledger()).load().unwrap().remove(0);
    (project, entry)
}

#[test]
fn a_run_holds_against_its_own_samples() {
    let (project, _) = measured();
    let found = verification(&project, PASSED).samples;
    assert_eq!((found.recomputed, found.missing.len()), (1, 0));
    on_ledgers(&project, &["verify", "--strict"])
        .exits(PASSED)
        .prints(&["intact", "1 entry computed again from raw samples"]);
}

#[test]
fn an_edited_samples_file_is_found_by_its_hash() {
    let (project, entry) = measured();
    let file = entry.samples.unwrap().file;
    let path = project.ledger().with_file_name(file);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = verification(&project, LEDGER);
    assert!(!found.intact && found.fault.is_none());
    let fault = &found.samples.faults[0];
    assert_eq!(fault.entry_id, entry.id);
    assert!(fault.message.contains(" has hash "), "{fault:?}");
    on_ledgers(&project, &["verify"]).exits(LEDGER).prints(&[
        "contradicted: ",
        "fault: entry ",
        "and the entry names ",
    ]);
}

#[test]
fn an_edited_figure_under_a_chain_made_anew_is_found_from_the_samples() {
    let (project, mut entry) = measured();
    let lane = entry.rows[0].device_hot.as_mut().unwrap();
    lane.per_process[0] *= 1.02;
    fs::remove_file(project.ledger()).unwrap();
    Ledger::at(project.ledger()).append(&entry).unwrap();
    let found = verification(&project, LEDGER);
    assert!(found.fault.is_none(), "its chain is whole");
    let faults = &found.samples.faults;
    assert_eq!((faults.len(), found.samples.recomputed), (1, 1));
    let words = "row `row_small`, device_hot: speedup of process 1 ";
    assert!(faults[0].message.starts_with(words), "{faults:?}");
    on_ledgers(&project, &["verify"])
        .exits(LEDGER)
        .prints(&["contradicted: ", "1 entry", words]);
}

#[test]
fn samples_that_are_not_there_are_told_and_a_fault_only_if_asked() {
    let project = with_ledger(three_entries());
    let found = verification(&project, PASSED).samples;
    assert_eq!((found.recomputed, found.missing.len()), (0, 3));
    let told = "missing: raw samples of 3 entries, first ";
    on_ledgers(&project, &["verify"])
        .exits(PASSED)
        .prints(&["intact", told, &found.missing[0]]);
    on_ledgers(&project, &["verify", "--strict"])
        .exits(LEDGER)
        .prints(&["intact", told]);
}
