//! The facts of one object, as they stand in its record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::mix::InstructionMix;

/// What gates ask of an object before it is loaded.
///
/// An object for the host (the oracle, a side on the emulated device) has no kernels, device globals or PTX opcodes:
/// those are empty, not unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFacts {
    /// Exported symbols beyond those of `kda/abi.h`, sorted. Linking hides them: nothing can be put in their place.
    pub foreign_exports: Vec<String>,
    /// Writable variables of the host's code, as the linker names them, sorted; the compiler's own are left out.
    pub host_statics: Vec<String>,
    /// What runs when the library is loaded or unloaded, in words; the registration of nvcc's fat binary is left out.
    pub constructors: Vec<String>,
    /// System calls in the host's code and assembler directives that read files, in words.
    pub host_instructions: Vec<String>,
    /// Binaries among the host's data, in words; nvcc's own fat binary is left out.
    pub embedded: Vec<String>,
    /// Approximate and reduced-precision PTX opcodes and how often each stands there, over all architectures.
    pub approximations: BTreeMap<String, usize>,
    /// PTX opcodes that can keep lines in a cache beyond a call.
    pub cache_hints: BTreeMap<String, usize>,
    /// PTX opcodes of programmatic launches.
    pub programmatic: BTreeMap<String, usize>,
    /// Variables of the device's code, over all architectures.
    pub device_globals: Vec<DeviceGlobal>,
    /// Of the first architecture, in the cubin's order.
    pub kernels: Vec<KernelFacts>,
}

/// A variable that outlives a launch on the device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DeviceGlobal {
    pub name: String,
    pub bytes: u64,
    /// `__constant__` memory: no kernel can write it.
    pub constant: bool,
}

/// One kernel of a cubin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelFacts {
    /// Mangled, as the driver names it.
    pub name: String,
    /// blake3 of its machine code, before relocation.
    pub code_hash: String,
    /// Registers a thread.
    pub registers: u32,
    /// Without what the launch adds and what the system reserves.
    pub static_shared_bytes: u64,
    /// Stack a thread: local arrays and spills.
    pub local_bytes: u32,
    pub mix: InstructionMix,
}

impl ObjectFacts {
    /// Takes over what another architecture's code has.
    pub(super) fn add_globals(&mut self, globals: Vec<DeviceGlobal>) {
        for global in globals {
            if !self.device_globals.contains(&global) {
                self.device_globals.push(global);
            }
        }
    }
}
