//! What a device can do at most, as measured.

use serde::{Deserialize, Serialize};

/// Measured peaks; rates are per second, times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peaks {
    /// Bytes read plus written by the driver's copy of a buffer far beyond the L2.
    pub copy_bytes: f64,
    /// Bytes read plus written by a copy between buffers inside the L2.
    pub hot_copy_bytes: f64,
    /// Bytes read from memory.
    pub read_bytes: f64,
    /// Operations of f32 fused multiply-adds in registers, two each.
    pub fma_operations: f64,
    /// Operations of bf16 `mma.sync` that accumulate in f32, two for each multiply-add.
    pub tensor_operations: f64,
    /// One more empty kernel in a graph of many.
    pub floor_ns: f64,
    /// A graph of one empty kernel.
    pub empty_graph_ns: f64,
}
