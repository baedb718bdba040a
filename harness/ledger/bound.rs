//! What limits a row on the device that ran it, and how far its sides are from that.

use serde::{Deserialize, Serialize};

/// The slowest resource of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BoundClass {
    /// Bytes over the measured copy bandwidth.
    Memory,
    /// Operations over the measured FMA peak.
    Compute,
    /// One empty kernel: launching takes longer than the work.
    Latency,
}

/// The least that a call can take here, and what its sides take. Above a share of 1 is a finding, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundRecord {
    pub class: BoundClass,
    /// The least time of a call, in microseconds.
    pub us: f64,
    /// Least time over the median of each side, device cold.
    pub baseline_share: f64,
    pub candidate_share: f64,
    /// The candidate's median over the least time: the most that any candidate could still win.
    pub still_to_win: f64,
}

/// Peaks that this run measured on its device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CeilingsRecord {
    /// Bytes read plus written per second by a copy inside the L2, in TB/s.
    pub hot_copy_tb_per_s: f64,
    /// Bytes read per second from memory, in TB/s.
    pub read_tb_per_s: f64,
    /// Fused multiply-adds of f32 in registers, in 10^12 operations (two each) per second.
    pub fma_tflops: f64,
    /// The same of bf16 matrix fragments (`mma.sync`) that accumulate in f32.
    pub tensor_tflops: f64,
    /// A graph of one empty kernel, launch to end, in microseconds.
    pub empty_graph_us: f64,
}

/// What a reviewer does with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BucketDecision {
    /// Faster, and no row clearly slower.
    Promote,
    /// The baseline is so close to its bound that no candidate can win much.
    KeepBaseline,
    /// Room is left, and this candidate does not take it.
    Open,
}
