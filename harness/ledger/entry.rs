//! The record of one run: what a ledger stores, a report renders and `--json` prints.
//!
//! Field order is reading order: decision and headline first, then the evidence. Units are in the names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    BoundRecord, BucketDecision, CeilingsRecord, ControlRecord, ControlsRecord, KernelRecord,
    ReplicatesRecord,
};
use crate::stats::Modes;

/// Version of the entry layout; raised with every change a reader has to know about. 2 came with controls: before, no
/// run was inadmissible.
pub const SCHEMA_VERSION: u32 = 2;

/// What the run says about the candidate as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Gates passed, headline interval above 1, and no undeclined production row whose interval lies below 0.97.
    Promote,
    /// Gates passed and the headline interval lies below 1, or a production row is clearly slower.
    Reject,
    /// A gate failed or a row was lost: no speed claim is made.
    Invalid,
    /// The run failed its own controls: no speed claim is made.
    Inadmissible,
    /// Gates passed, but the interval decides nothing.
    Inconclusive,
    /// Emulated or partial: correctness only, never evidence of speed.
    NoVerdict,
}

/// Verdict on one row (`MEASURE.md`, "Verdict"). Starts inconclusive; only a whole interval upgrades it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Material,
    Faster,
    Equal,
    Slower,
    Inconclusive,
}

/// A speedup (baseline time / candidate time) with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedupInterval {
    pub speedup: f64,
    pub low: f64,
    pub high: f64,
}

/// Equal-weight geometric mean of device speedups over the production rows of one row set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Headline {
    pub speedup: f64,
    pub low: f64,
    pub high: f64,
    pub rows: usize,
    /// Rows that the candidate declined.
    pub fallback_rows: usize,
    pub processes: usize,
}

/// Everything one run established. `previous` and `hash` are set when a ledger takes the entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub schema: u32,
    /// UTC start time to the millisecond and the first 8 hex digits of the candidate's source hash.
    pub id: String,
    pub task: String,
    pub decision: Decision,
    /// One sentence for a reviewer.
    pub summary: String,
    /// What was expected of the attempt, written before the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// GPU as the driver names it, or `emulated`.
    pub gpu: String,
    pub started: String,
    pub wall_seconds: f64,
    /// By row set; absent when a locked row is missing or a gate failed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headline: BTreeMap<String, Headline>,
    /// Set where the run made an earlier entry again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicates: Option<ReplicatesRecord>,
    pub provenance: Provenance,
    pub device: DeviceRecord,
    pub sampling: SamplingRecord,
    /// Absent emulated, and in entries from before there were controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controls: Option<ControlsRecord>,
    /// The raw device samples, in a file beside the ledger.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<SamplesRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    #[serde(rename = "gate", default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateRecord>,
    #[serde(rename = "bucket", default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<BucketRecord>,
    #[serde(rename = "row", default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowRecord>,
    #[serde(rename = "control", default, skip_serializing_if = "Vec::is_empty")]
    pub control_rows: Vec<ControlRecord>,
    /// What rows launched, as the objects say.
    #[serde(rename = "kernel", default, skip_serializing_if = "Vec::is_empty")]
    pub kernels: Vec<KernelRecord>,
    /// Hash of the entry before this one in its ledger; empty for the first. Stored in `[entry.chain]`, which the
    /// ledger writes and reads itself: the hash has to be the last line of the text it covers.
    #[serde(skip)]
    pub previous: String,
    /// blake3 of this entry's TOML up to the line that holds it.
    #[serde(skip)]
    pub hash: String,
}

/// What was compared, from which sources, built and run how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    pub command: String,
    /// Stored as text, because a TOML integer ends at 2^63 - 1.
    #[serde(with = "decimal_text")]
    pub seed: u64,
    /// Commit of the harness, with `-dirty` when the tree had changes; `unknown` outside a checkout.
    pub harness_commit: String,
    pub harness_version: String,
    pub contract_hash: String,
    pub baseline_source: String,
    pub candidate_source: String,
    pub oracle_source: String,
    pub baseline_object: String,
    pub candidate_object: String,
    pub compiler: String,
    /// The argument vector of either side; source and output stand as `{source}` and `{output}`.
    pub compile: Vec<String>,
    pub link: Vec<String>,
    /// What locked the workers in, such as `landlock 7, seccomp`; empty in entries from before there was a sandbox.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sandbox: String,
}

/// The device and its state around the run. Clocks in MHz, temperature in degrees Celsius, power in watts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceRecord {
    pub name: String,
    pub uuid: String,
    pub driver: String,
    pub compute_capability: String,
    pub multiprocessors: u32,
    pub l2_bytes: u64,
    pub memory_bytes: u64,
    /// Bytes read plus written per second by a device copy of 256 MiB at the start of the run, in TB/s; 0 emulated.
    pub copy_tb_per_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceilings: Option<CeilingsRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ClockRecord>,
    /// While rows were timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub during: Option<DuringRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ClockRecord>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockRecord {
    pub sm_mhz: u32,
    pub memory_mhz: u32,
    pub temperature_c: u32,
    pub power_w: f64,
    pub throttle: Vec<String>,
    /// Other processes that hold a context on this GPU.
    pub other_processes: u32,
}

/// What NVML said a few times a second while rows were timed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DuringRecord {
    pub looks: u32,
    /// Looks that NVML did not answer.
    pub failed_looks: u32,
    /// Least and greatest.
    pub sm_mhz: [u32; 2],
    pub memory_mhz: [u32; 2],
    /// The greatest.
    pub temperature_c: u32,
    pub power_w: f64,
    /// Reasons for which the clocks were held down, and how many looks found any.
    pub throttle: Vec<String>,
    pub throttled_looks: u32,
    /// Most processes on this GPU besides the run's own.
    pub other_processes: u32,
}

/// A file of raw samples, `samples/<id>.json.gz` beside the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SamplesRecord {
    pub file: String,
    /// Of the file as it is stored.
    pub blake3: String,
}

/// How the samples were taken (`MEASURE.md`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SamplingRecord {
    pub processes: usize,
    pub blocks_per_process: usize,
    /// Duration that one sample aims at, in microseconds.
    pub sample_us: f64,
    /// Equivalence margin of the contract, as a ratio: 0.01 is 1 %.
    pub margin: f64,
    pub confidence: f64,
    /// Empty kernels in a graph, time per node in microseconds; 0 emulated.
    pub floor_us: f64,
    /// Blocks taken again because the SM clock moved within them.
    #[serde(default)]
    pub redrawn_blocks: usize,
    /// Least and greatest SM clock that the device's own counters showed around samples, in MHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sm_mhz: Option<[f64; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Passed,
    Failed,
}

/// One gate over everything it looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GateRecord {
    pub name: String,
    pub outcome: Outcome,
    /// Cases looked at: rows and grid cases, times sides.
    pub cases: usize,
    pub failures: usize,
    /// The first failures, each with row, side, element, expected and found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
}

/// The candidate's dispatch, grouped as `kda_route` names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BucketRecord {
    pub name: String,
    pub condition: String,
    pub path: String,
    pub why: String,
    pub declined: bool,
    pub production_rows: usize,
    pub rows: Vec<String>,
    /// Geometric mean device speedup over this bucket's timed rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speedup: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<BucketDecision>,
    /// Why, with the bound that is named and the share reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// Spread of the samples of one side in one lane, per call, in microseconds, pooled over processes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: f64,
    pub mean: f64,
    pub stddev: f64,
    pub min: f64,
    pub p10: f64,
    pub p90: f64,
    pub samples: usize,
}

/// One figure of one row: both sides and the paired estimate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LaneRecord {
    /// Absent with fewer than two processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<SpeedupInterval>,
    /// Mean speedup of each process, in process order.
    pub per_process: Vec<f64>,
    pub baseline_us: Spread,
    pub candidate_us: Spread,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowState {
    Measured,
    /// Gates ran, no timing was asked for or a gate failed.
    NotTimed,
    /// The worker died, hung or reported a device error.
    Lost,
}

/// One production row or rider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowRecord {
    pub id: String,
    pub set: String,
    pub entry: String,
    pub production: bool,
    pub state: RowState,
    /// Why the row was lost, or why it was not timed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub bucket: String,
    pub declined: bool,
    /// Both sides launch the same machine code, so that the row is a control: whatever it reads is not the kernels'.
    #[serde(default, skip_serializing_if = "is_false")]
    pub same_code: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Smallest relative difference that this run would have found four times in five: 0.01 is 1 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_effect: Option<f64>,
    /// The Hodges-Lehmann estimate of the same blocks, device cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_opinion: Option<SpeedupInterval>,
    /// Where a side's samples, device cold, fall into two modes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modes: Option<ModesRecord>,
    /// What in the samples speaks against the verdict that their mean alone would give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
    /// Every input read once and every output written once, in bytes.
    pub bytes: u64,
    /// Operations of the formula, a multiply and an add counted apart; 0 where the contract says none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub flops: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<BoundRecord>,
    /// Set when the row was shrunk to fit the emulated device: the axis and the original and reduced size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<String>,
    /// Launches in one sample and buffer sets they rotate over.
    pub calls_per_sample: u32,
    pub buffer_sets: u32,
    /// Fingerprint of the captured graph of one call, and the kernels in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_graph: Option<GraphRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_graph: Option<GraphRecord>,
    /// Achieved TB/s over `bytes` and share of the measured copy bandwidth, device cold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline_tb_per_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_tb_per_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate_share_of_copy: Option<f64>,
    /// Replays of a graph of calls over rotating buffer sets beyond twice the L2. The headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<LaneRecord>,
    /// The same over one buffer set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_hot: Option<LaneRecord>,
    /// The same after a producer that has just written the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_dirty: Option<LaneRecord>,
    /// Time of the baseline among replays of the candidate over its time among its own: what interleaving does to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<SpeedupInterval>,
    /// Host time per call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submit: Option<LaneRecord>,
    /// One call and a stream synchronise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wall: Option<LaneRecord>,
}

/// Modes of either side that has two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModesRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<Modes>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Modes>,
}

/// What one captured call launches.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GraphRecord {
    /// Of nodes, edges, pointers as (buffer, offset) and small scalars: the same in every process.
    pub fingerprint: String,
    /// `name grid block smem`, in launch order.
    pub nodes: Vec<String>,
}

impl GraphRecord {
    /// Names of the kernels, in launch order.
    pub fn kernels(&self) -> impl Iterator<Item = &str> {
        let words = self.nodes.iter().map(|node| node.split_once(' '));
        words.filter_map(|words| Some(words?.0))
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

pub(crate) mod decimal_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}
