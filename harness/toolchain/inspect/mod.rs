//! What a compiled object says of itself, read from what the compiler left before anything is linked or loaded.
//!
//! One file a source of facts: the host object's symbols and code, the cubin, the PTX, and the text that the host's
//! compiler was given.

mod assembly;
mod code;
mod cubin;
mod embedded;
mod facts;
mod host;
mod kept;
mod mix;
mod ptx;
mod sass;
mod startup;
mod statics;

pub use facts::{DeviceGlobal, KernelFacts, ObjectFacts};
pub(super) use kept::inspect;
pub use mix::{ByWidth, InstructionMix, Width};
pub(crate) use statics::identifiers;
