//! What the compiled objects say of the kernels that rows launched.

use serde::{Deserialize, Serialize};

use crate::toolchain::{ByWidth, Side};

/// One kernel of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelRecord {
    pub side: Side,
    /// Mangled, as the driver names it.
    pub name: String,
    /// Rows that launch it.
    pub rows: usize,
    /// Registers a thread.
    pub registers: u32,
    /// Stack a thread, local arrays and spills, in bytes.
    pub local_bytes: u32,
    /// Without what a launch adds, in bytes.
    pub static_shared_bytes: u64,
    /// Instructions in its machine code, each once.
    pub instructions: u32,
    /// Of global memory, by bits a thread.
    #[serde(default, skip_serializing_if = "ByWidth::is_empty")]
    pub loads: ByWidth,
    #[serde(default, skip_serializing_if = "ByWidth::is_empty")]
    pub stores: ByWidth,
    /// Copies into shared memory (`cp.async`), and those of the copy engine (`cp.async.bulk`), which are no loads.
    pub async_copies: u32,
    pub bulk_copies: u32,
    /// Of spilled registers and local arrays.
    pub local_loads: u32,
    pub local_stores: u32,
    /// Matrix multiply-adds.
    pub mma: u32,
}
