//! The lines of `--json` as a program reads them: what is not known here is an error.

#![expect(
    dead_code,
    reason = "every key stands here, read or not: one that does not is an error"
)]

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(
    tag = "type",
    content = "data",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub enum Line {
    Begin(Begin),
    Provenance(Value),
    Device(Value),
    Sampling(Value),
    Controls(Value),
    Samples(Value),
    Warning { message: String },
    Gate(Gate),
    Bucket(Bucket),
    Row(Box<Row>),
    Control(Value),
    Kernel(Value),
    Headline(Value),
    Replication(Value),
    Agreement(Value),
    End(End),
    Entry(Value),
    Attempt(Value),
    EntryRow(Value),
    Verification(Verification),
    Task(Value),
    LockedRow(Value),
    Profile(Value),
    ProfiledKernel(Value),
    ProfileChange(Value),
    UnreadableProfile(Value),
    Import(Value),
    ProposedRow(Value),
    FrozenRow(Value),
    RefusedCalls(Value),
    OtherOperation(Value),
    NewEpoch(Value),
    Summary(Value),
    Status(Status),
    Brief(Value),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    pub schema: u32,
    pub kda: String,
    pub id: Option<String>,
    pub task: Option<String>,
    pub gpu: Option<String>,
    pub started: Option<String>,
    pub evidence: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    pub name: String,
    pub outcome: String,
    pub cases: usize,
    pub failures: usize,
    pub details: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    pub name: String,
    pub condition: String,
    pub path: String,
    pub why: String,
    pub declined: bool,
    pub production_rows: usize,
    pub rows: Vec<String>,
    pub speedup: Option<f64>,
    pub decision: Option<String>,
    pub because: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    pub fingerprint: String,
    pub nodes: Vec<String>,
}

/// Lanes are read as they come: an emulated run has none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub id: String,
    pub set: String,
    pub entry: String,
    pub production: bool,
    pub state: String,
    pub reason: Option<String>,
    pub bucket: String,
    pub declined: bool,
    pub same_code: bool,
    pub verdict: Option<String>,
    pub smallest_effect: Option<f64>,
    pub bytes: u64,
    pub flops: u64,
    pub bound: Option<Value>,
    pub shrunk: Option<String>,
    pub calls_per_sample: u32,
    pub buffer_sets: u32,
    pub baseline_graph: Option<Graph>,
    pub candidate_graph: Option<Graph>,
    pub baseline_tb_per_s: Option<f64>,
    pub candidate_tb_per_s: Option<f64>,
    pub candidate_share_of_copy: Option<f64>,
    pub device: Option<Value>,
    pub device_hot: Option<Value>,
    pub device_dirty: Option<Value>,
    pub beside: Option<Value>,
    pub submit: Option<Value>,
    pub wall: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub decision: String,
    pub summary: String,
    pub note: Option<String>,
    pub replicates: Option<Value>,
    pub wall_seconds: f64,
    pub ledger: Option<String>,
    pub unsaved: Option<String>,
    pub previous: String,
    pub hash: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    pub path: String,
    pub intact: bool,
    pub entries: usize,
    pub merges: usize,
    pub head: Option<String>,
    pub fault: Option<Fault>,
    pub samples: Samples,
    pub epochs: Vec<Epoch>,
    pub tree: Option<Tree>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    pub recomputed: usize,
    pub missing: Vec<String>,
    pub faults: Vec<SamplesFault>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SamplesFault {
    pub entry_id: String,
    pub message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Epoch {
    pub contract_hash: String,
    pub first: String,
    pub entries: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub contract_hash: String,
    pub agrees: bool,
    pub changes: Vec<Change>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    pub source: String,
    pub measured: String,
    pub in_tree: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub entry: usize,
    pub message: String,
    pub start_byte: usize,
    pub end_byte: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub task: String,
    pub state: String,
    pub differs: Vec<String>,
    pub reason: Option<String>,
    pub id: Option<String>,
    pub started: Option<String>,
    pub decision: Option<String>,
    pub headlines: Vec<Value>,
    pub replication: Option<Value>,
    pub gap: Option<Value>,
}

/// Every line of stdout.
pub fn lines(stdout: &str) -> Vec<Line> {
    let line =
        |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"));
    stdout.lines().map(line).collect()
}

/// What one run found.
#[derive(Debug)]
pub struct Run {
    pub begin: Begin,
    pub gates: Vec<Gate>,
    pub buckets: Vec<Bucket>,
    pub rows: Vec<Row>,
    pub warnings: Vec<String>,
    pub end: End,
}

impl Run {
    /// Reads the lines of one run, which begins and ends, and has no headline where it is no evidence.
    pub fn read(stdout: &str) -> Run {
        let mut lines = lines(stdout).into_iter();
        let Some(Line::Begin(begin)) = lines.next() else {
            panic!("no beginning in\n{stdout}");
        };
        let (mut gates, mut buckets, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let (mut warnings, mut end) = (Vec::new(), None);
        for line in lines {
            assert!(end.is_none(), "something follows the end: {line:?}");
            match line {
                Line::Provenance(_)
                | Line::Device(_)
                | Line::Sampling(_)
                | Line::Samples(_)
                | Line::Kernel(_) => {}
                Line::Warning { message } => warnings.push(message),
                Line::Gate(gate) => gates.push(gate),
                Line::Bucket(bucket) => buckets.push(bucket),
                Line::Row(row) => rows.push(*row),
                Line::End(found) => end = Some(found),
                other => panic!("unexpected in an emulated run: {other:?}"),
            }
        }
        let end = end.unwrap_or_else(|| panic!("no end in\n{stdout}"));
        Run {
            begin,
            gates,
            buckets,
            rows,
            warnings,
            end,
        }
    }

    #[track_caller]
    pub fn row(&self, id: &str) -> &Row {
        let found = self.rows.iter().find(|row| row.id == id);
        found.unwrap_or_else(|| panic!("no row `{id}`"))
    }

    #[track_caller]
    pub fn gate(&self, name: &str) -> &Gate {
        let found = self.gates.iter().find(|gate| gate.name == name);
        found.unwrap_or_else(|| panic!("no gate `{name}`"))
    }
}
