//! How many instructions of which kind a kernel has.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What one thread moves by one instruction, in bits; the widest is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Width {
    #[serde(rename = "256")]
    Bits256,
    #[serde(rename = "128")]
    Bits128,
    #[serde(rename = "64")]
    Bits64,
    #[serde(rename = "32")]
    Bits32,
    #[serde(rename = "16")]
    Bits16,
    #[serde(rename = "8")]
    Bits8,
}

/// Instructions by their width.
pub type ByWidth = BTreeMap<Width, u32>;

/// Instructions as they stand in the machine code, each once: how often one runs is not known here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstructionMix {
    /// All but NOP, which pads.
    pub instructions: u32,
    /// Of global memory.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub loads: ByWidth,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stores: ByWidth,
    /// Through a pointer whose memory the compiler does not know.
    pub generic_loads: u32,
    pub generic_stores: u32,
    /// Matrix fragments included.
    pub shared_loads: u32,
    pub shared_stores: u32,
    /// Spilled registers, and arrays that are no registers.
    pub local_loads: u32,
    pub local_stores: u32,
    /// From global to shared memory, a thread's own few bytes (`cp.async`).
    pub async_copies: u32,
    /// Of blocks and tiles, by the copy engine (`cp.async.bulk`), prefetches and reductions included.
    pub bulk_copies: u32,
    /// Atomic operations and reductions on any memory.
    pub atomics: u32,
    /// Matrix multiply-adds of any type.
    pub mma: u32,
    /// Adds, multiplies and multiply-adds of f32; one of a pair of f32 counts once.
    pub fma_f32: u32,
    /// Reciprocals, roots, exponentials, logarithms and the like.
    pub special: u32,
    /// Of a block or a cluster.
    pub barriers: u32,
}

impl Width {
    pub fn bits(self) -> u32 {
        match self {
            Self::Bits256 => 256,
            Self::Bits128 => 128,
            Self::Bits64 => 64,
            Self::Bits32 => 32,
            Self::Bits16 => 16,
            Self::Bits8 => 8,
        }
    }
}

impl fmt::Display for Width {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.bits().fmt(f)
    }
}
