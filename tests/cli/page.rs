//! Reports on one task, from an entry with every part that a run on a GPU records.

use std::path::{Path, PathBuf};
use std::process::Command;

use kda::cli::exit_codes::{LEDGER, PASSED, UNEXPECTED, USAGE};

use crate::lines::{Line, lines};
use crate::measured::{Measured, SPEEDUP, text};

#[test]
fn one_entry_is_reported_for_each_reader() {
    let measured = Measured::new();
    let id = &measured.entry.id;
    let shown = measured.report(&[]).exits(PASSED);
    shown.prints(&["promote: speedup 1.250", "row_small", "recorded in "]);
    let page = measured.report(&["--markdown", "--entry", &id[..18]]);
    page.exits(PASSED).prints(&[
        "## promote: axpy on A GPU\n",
        "<details><summary>main: 2 production rows</summary>",
        "kda bench axpy --gpu h100 --seed 7\n",
    ]);
    let found = lines(&measured.report(&["--json"]).exits(PASSED).stdout);
    assert!(matches!(&found[0], Line::Begin(begin) if begin.id.as_ref() == Some(id)));
    let has = |wanted: fn(&Line) -> bool| found.iter().any(wanted);
    assert!(has(|line| matches!(line, Line::Samples(_))));
    assert!(has(|line| matches!(line, Line::Headline(_))));
}

#[test]
fn the_summary_names_wins_and_evidence() {
    let measured = Measured::new();
    let ledgers = measured.project.ledgers();
    let all = |more: &[&str]| {
        let to = ["report", "--ledger", text(&ledgers)];
        measured
            .project
            .kda(&[&to[..], more].concat())
            .exits(PASSED)
    };
    let found = lines(&all(&["--json"]).stdout);
    let [Line::Begin(_), Line::Summary(summary)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(summary["headline"]["speedup"], SPEEDUP);
    let win = &summary["wins"][0];
    assert_eq!(win["production_rows"], 2);
    let bucket = win["bucket"].as_str().unwrap();
    all(&[]).prints(&["3 processes", bucket]);
    all(&["--html"]).prints(&["<!DOCTYPE html>", "axpy", bucket]);
}

#[test]
fn what_cannot_be_reported_is_said() {
    let measured = Measured::new();
    measured
        .report(&["--entry", "nothing"])
        .exits(USAGE)
        .says(&["no entry of", "`nothing`"]);
    let nowhere = measured.project.path("no/such/page.html");
    measured
        .report(&["--html", "--output", text(&nowhere)])
        .exits(UNEXPECTED)
        .says(&["cannot write", "--output names another file"]);
    std::fs::write(measured.samples_file(), "changed").unwrap();
    measured
        .report(&["--html"])
        .exits(LEDGER)
        .prints_nothing()
        .says(&["has hash", "git checkout"]);
    std::fs::remove_file(measured.samples_file()).unwrap();
    measured
        .report(&["--html"])
        .exits(PASSED)
        .prints(&["The raw samples are not here"])
        .says(&["is missing", "no time lines"]);
}

/// In a browser, where scripts/install-chromium.sh has put one; KDA_PICTURES keeps what it shows in that folder.
#[test]
fn pages_look_right_in_a_browser() {
    let measured = Measured::new();
    let kept = std::env::var_os("KDA_PICTURES").map(PathBuf::from);
    let pictures = kept.unwrap_or_else(|| measured.project.path("pictures"));
    std::fs::create_dir_all(&pictures).unwrap();
    let page = pictures.join("page.html");
    let written = measured.report(&["--html", "--output", text(&page)]);
    written.exits(PASSED).prints_nothing().says(&["page.html"]);
    let html = std::fs::read_to_string(&page).unwrap();
    let dots = html.matches("h0").count();
    let samples = 3 * 8 * 4 + 2 * 8 * 4;
    assert_eq!(dots, measured.entry.rows.len() * samples);
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !checkout.join(".toolchain/chromium/.packages").is_file() {
        eprintln!("skipped: no browser on this machine (scripts/install-chromium.sh installs one)");
        return;
    }
    let rows = measured.entry.rows.iter().map(|row| row.id.as_str());
    let looked = Command::new(checkout.join("scripts/screenshot.sh"))
        .args([&page, &pictures])
        .args(rows)
        .output()
        .expect("bash should be here");
    let said = String::from_utf8_lossy(&looked.stderr);
    assert!(looked.status.success(), "{said}");
    for picture in ["wide.png", "narrow.png", "dark.png", "print.pdf"] {
        assert!(pictures.join(picture).is_file(), "no {picture}: {said}");
    }
}
