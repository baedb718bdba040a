//! Reports on one task, from an entry with every part that a run on a GPU records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use kda::cli::exit_codes::{LEDGER, PASSED, UNEXPECTED, USAGE};
use kda::ledger::{
    BoundClass, BoundRecord, CeilingsRecord, ControlKind, ControlRecord, ControlsRecord, Decision,
    Entry, Headline, Ledger, RawProcess, RawRow, RawSamples, RowRecord, RowState, SamplesRecord,
    SpeedupInterval, Verdict,
};
use kda::stats::{Block, Order, lane};

use crate::lines::{Line, lines};
use crate::project::{Finished, Project, TASK};

const SPEEDUP: f64 = 1.25;

/// A project whose ledger holds one entry, as if a GPU had measured what the emulated device ran.
struct Measured {
    project: Project,
    entry: Entry,
}

impl Measured {
    fn new() -> Self {
        let project = Project::new();
        let ledgers = project.ledgers();
        let to = ["--rows", "r*", "--quick", "--ledger", text(&ledgers)];
        project.emulated("bench", &to).exits(PASSED);
        let emulated = Ledger::at(project.ledger()).load().unwrap().pop().unwrap();
        let ledger = ledgers.join("h100").join("axpy.toml");
        let mut entry = as_measured(emulated);
        let samples = RawSamples {
            task: TASK.to_owned(),
            entry: entry.id.clone(),
            rows: entry.rows.iter_mut().map(timed).collect(),
        };
        let file = format!("samples/{}.json.gz", entry.id);
        let blake3 = samples.write(&ledger.with_file_name(&file)).unwrap();
        entry.samples = Some(SamplesRecord { file, blake3 });
        let entry = Ledger::at(ledger).append(&entry).unwrap();
        Self { project, entry }
    }

    fn samples_file(&self) -> PathBuf {
        let file = &self.entry.samples.as_ref().unwrap().file;
        self.project.ledgers().join("h100").join(file)
    }

    fn report(&self, more: &[&str]) -> Finished {
        let ledgers = self.project.ledgers();
        let to = ["report", TASK, "--ledger", text(&ledgers)];
        self.project.kda(&[&to[..], more].concat())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path should be text")
}

fn as_measured(mut entry: Entry) -> Entry {
    entry.gpu = "A GPU".to_owned();
    entry.decision = Decision::Promote;
    entry.device.copy_tb_per_s = 3.0;
    (entry.sampling.processes, entry.sampling.floor_us) = (3, 0.8);
    let headline = Headline {
        speedup: SPEEDUP,
        low: SPEEDUP - 0.01,
        high: SPEEDUP + 0.01,
        rows: 2,
        fallback_rows: 0,
        processes: 3,
    };
    entry.headline = BTreeMap::from([("main".to_owned(), headline)]);
    entry.device.ceilings = Some(CeilingsRecord {
        hot_copy_tb_per_s: 5.5,
        read_tb_per_s: 3.1,
        fma_tflops: 60.0,
        tensor_tflops: 600.0,
        empty_graph_us: 2.5,
    });
    controlled(&mut entry);
    entry
}

/// Gives an entry controls in every lane.
fn controlled(entry: &mut Entry) {
    let around = |speedup: f64| SpeedupInterval {
        speedup,
        low: speedup - 0.0005,
        high: speedup + 0.0005,
    };
    entry.controls = Some(ControlsRecord {
        admissible: true,
        reasons: Vec::new(),
        twins: around(1.0),
        twin_rows: 2,
        false_verdicts: 0,
        half_width: 0.0008,
        calibration: None,
        planted: 1.02,
        planted_found: around(1.0197),
        same_code: Some(around(0.9995)),
    });
    let kinds = [(ControlKind::Twins, 1.0), (ControlKind::Planted, 1.02)];
    entry.control_rows = kinds
        .map(|(kind, speedup)| ControlRecord {
            kind,
            row: "row_small".to_owned(),
            first_us: 20.0,
            between_processes: 0.0007,
            device: around(speedup),
            device_hot: Some(around(speedup)),
            device_dirty: Some(around(speedup)),
            submit: Some(around(speedup)),
            wall: Some(around(speedup)),
        })
        .to_vec();
}

/// Gives a row its figures, and returns the samples that they are of.
fn timed(row: &mut RowRecord) -> RawRow {
    let processes: Vec<Vec<Block>> = (0..3).map(process).collect();
    let raw: Vec<RawProcess> = processes
        .iter()
        .map(|blocks| RawProcess::of(24, blocks))
        .collect();
    row.state = RowState::Measured;
    row.verdict = Some(Verdict::Material);
    row.device = lane(&processes, 0.95);
    row.device_hot = lane(&processes[1..], 0.95);
    row.device_dirty = row.device_hot.clone();
    row.smallest_effect = Some(0.0012);
    row.bound = Some(BoundRecord {
        class: BoundClass::Memory,
        us: 15.0,
        baseline_share: 0.75,
        candidate_share: 0.93,
        still_to_win: 1.07,
    });
    row.candidate_share_of_copy = Some(0.83);
    (row.baseline_tb_per_s, row.candidate_tb_per_s) = (Some(2.0), Some(2.0 * SPEEDUP));
    RawRow {
        id: row.id.clone(),
        lanes: BTreeMap::from([
            ("device".to_owned(), raw.clone()),
            ("device_hot".to_owned(), raw[1..].to_vec()),
        ]),
    }
}

/// Blocks with a drift and a second level.
fn process(number: usize) -> Vec<Block> {
    let block = |index: usize| {
        let drift = 1.0 + 0.0005 * (index * (number + 1)) as f64;
        let level = if index % 4 == 3 { 1.02 } else { 1.0 };
        let (a, b) = (20_000.0 * drift, 20_000.0 / SPEEDUP * drift * level);
        match index % 2 {
            0 => Block {
                order: Order::Abba,
                ns: [a, b, b * 1.001, a],
            },
            _ => Block {
                order: Order::Baab,
                ns: [b, a, a * 1.001, b],
            },
        }
    };
    (0..8).map(block).collect()
}

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
