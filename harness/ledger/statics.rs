//! What the compiled objects say of the kernels that rows launched.

use serde::{Deserialize, Serialize};

use crate::toolchain::Side;

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
}
