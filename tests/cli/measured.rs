//! An entry with every part that a run on a GPU records.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kda::cli::exit_codes::PASSED;
use kda::ledger::{
    BoundClass, BoundRecord, CeilingsRecord, ControlKind, ControlRecord, ControlsRecord, Decision,
    Entry, Headline, Ledger, RawProcess, RawRow, RawSamples, RowRecord, RowState, SamplesRecord,
    SpeedupInterval, Verdict,
};
use kda::stats::{Block, Order, lane};

use crate::project::{Finished, Project, TASK};

pub const SPEEDUP: f64 = 1.25;

/// A project whose ledger holds one entry, as if a GPU had measured what the emulated device ran.
pub struct Measured {
    pub project: Project,
    pub entry: Entry,
}

impl Measured {
    pub fn new() -> Self {
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

    /// The ledger of the GPU.
    pub fn ledger(&self) -> PathBuf {
        self.project.ledgers().join("h100").join("axpy.toml")
    }

    pub fn samples_file(&self) -> PathBuf {
        let file = &self.entry.samples.as_ref().unwrap().file;
        self.project.ledgers().join("h100").join(file)
    }

    pub fn report(&self, more: &[&str]) -> Finished {
        let ledgers = self.project.ledgers();
        let to = ["report", TASK, "--ledger", text(&ledgers)];
        self.project.kda(&[&to[..], more].concat())
    }
}

pub fn text(path: &Path) -> &str {
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
