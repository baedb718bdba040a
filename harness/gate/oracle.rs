//! The task's oracle, loaded in the parent: no candidate shares its process.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use libloading::Library;
use rayon::prelude::*;

use super::memory::HostMemory;
use crate::abi::{AbiVersionFn, KDA_ABI_VERSION, KDA_OK, KdaCall, OracleItemsFn, OracleRunFn};
use crate::task::Case;
use crate::tensor::{Dtype, Role, TensorSpec, dense_strides};
use crate::worker::{CallFrame, OutputCopy, TensorMemory, input_key};

/// Pieces that one parallel task of an oracle takes at most, where there are many: enough to pay.
const PIECES_AT_ONCE: usize = 16;

/// Parallel tasks for each thread, so that uneven pieces balance out.
const TASKS_PER_THREAD: usize = 8;

/// Elements that one parallel task copies.
const COPY_CHUNK: usize = 1 << 14;

#[derive(Debug, thiserror::Error)]
pub enum OracleError {
    #[error("loading the oracle {path}: {reason}")]
    Load { path: String, reason: String },
    #[error("the oracle answers {status} to `{case}`, which the contract accepts")]
    Refused { case: String, status: i32 },
    #[error(
        "getting {bytes} bytes of host memory for the oracle's side of `{case}`; free some, or leave the row out"
    )]
    Memory {
        case: String,
        bytes: u64,
        #[source]
        source: io::Error,
    },
}

/// A loaded oracle, with memory that is reused from case to case.
pub struct Oracle {
    items: OracleItemsFn,
    run: OracleRunFn,
    _library: Library,
    storages: Vec<HostMemory>,
    outputs: Vec<HostMemory>,
    spent: OracleTime,
}

/// Where an oracle's time went.
#[derive(Clone, Copy, Debug, Default)]
pub struct OracleTime {
    /// Drawing inputs.
    pub drawing: Duration,
    /// In the task's own code.
    pub running: Duration,
}

/// What the oracle says an output holds.
#[derive(Clone, Copy)]
pub enum Expected<'a> {
    /// Before the last rounding.
    Doubles(&'a [f64]),
    /// Dense elements of the output's dtype.
    Bits(&'a [u8]),
}

/// Storages as an earlier call left them, of a call that overwrites its inputs.
#[derive(Clone, Copy, Default)]
pub struct Left<'a> {
    pub copies: &'a [OutputCopy],
    pub shared: &'a [u8],
}

impl Left<'_> {
    fn storage(&self, storage: usize, size: usize) -> Option<&[u8]> {
        let copy = self.copies.iter().find(|copy| copy.storage == storage)?;
        let start = copy.copied.offset as usize;
        self.shared.get(start..)?.get(..size)
    }
}

/// A call that is only read while pieces of it run in parallel.
struct SharedCall<'a>(&'a KdaCall);

// SAFETY: the oracle only reads the call, and pieces write disjoint parts of the outputs (abi.h).
unsafe impl Sync for SharedCall<'_> {}

impl SharedCall<'_> {
    fn call(&self) -> &KdaCall {
        self.0
    }
}

impl Oracle {
    pub fn load(path: &Path) -> Result<Self, OracleError> {
        let failed = |reason: String| OracleError::Load {
            path: path.display().to_string(),
            reason,
        };
        // SAFETY: the oracle belongs to the frozen contract; its initialisers are trusted.
        let library = unsafe { Library::new(path) }.map_err(|error| failed(error.to_string()))?;
        // SAFETY: abi.h gives these symbols these types.
        unsafe {
            let version: AbiVersionFn = *library
                .get(b"kda_abi_version")
                .map_err(|error| failed(error.to_string()))?;
            if version() != KDA_ABI_VERSION {
                return Err(failed(format!(
                    "it has ABI version {}, this harness {KDA_ABI_VERSION}",
                    version()
                )));
            }
            Ok(Self {
                items: *library
                    .get(b"kda_oracle_items")
                    .map_err(|error| failed(error.to_string()))?,
                run: *library
                    .get(b"kda_oracle_run")
                    .map_err(|error| failed(error.to_string()))?,
                _library: library,
                storages: Vec::new(),
                outputs: Vec::new(),
                spent: OracleTime::default(),
            })
        }
    }

    /// Draws the inputs of `case` as the worker does, and computes every output.
    pub fn compute(&mut self, case: &Case, seed: u64, set: u32) -> Result<(), OracleError> {
        self.compute_from(case, seed, set, &Left::default())
    }

    /// The same, but storages in `left` hold what an earlier call left there.
    pub fn compute_from(
        &mut self,
        case: &Case,
        seed: u64,
        set: u32,
        left: &Left,
    ) -> Result<(), OracleError> {
        let start = Instant::now();
        let reserve = |memory: &mut HostMemory, bytes: u64| {
            let reserved = memory.reserve(bytes as usize);
            reserved.map_err(|source| OracleError::Memory {
                case: case.id.clone(),
                bytes,
                source,
            })
        };
        let storages = self.storages.len().max(case.storage_bytes.len());
        self.storages.resize_with(storages, HostMemory::default);
        for (storage, &bytes) in self.storages.iter_mut().zip(&case.storage_bytes) {
            reserve(storage, bytes)?;
        }
        for spec in case.inputs() {
            let bytes = self.storages[spec.storage].bytes_mut();
            let size = case.storage_bytes[spec.storage] as usize;
            match left.storage(spec.storage, size) {
                Some(left) => bytes[..size].copy_from_slice(left),
                None => spec.draw_into(bytes, &spec.fill, input_key(case, seed, set, spec)),
            }
        }
        let outputs: Vec<&TensorSpec> = case.outputs().collect();
        self.outputs
            .resize_with(self.outputs.len().max(outputs.len()), HostMemory::default);
        for (memory, spec) in self.outputs.iter_mut().zip(&outputs) {
            reserve(memory, spec.elements() * oracle_dtype(spec).bytes() as u64)?;
            if spec.role == Role::Inout {
                start_from_input(
                    memory.bytes_mut(),
                    self.storages[spec.storage].bytes(),
                    spec,
                );
            }
        }
        let drawn = Instant::now();
        self.spent.drawing += drawn - start;
        let result = self.run(&oracle_case(case), case);
        self.spent.running += drawn.elapsed();
        result
    }

    pub fn spent(&self) -> OracleTime {
        self.spent
    }

    fn run(&self, call: &Case, case: &Case) -> Result<(), OracleError> {
        let mut output = 0;
        let frame = CallFrame::new(call, |spec| {
            let storage = if spec.role == Role::In {
                self.storages[spec.storage].bytes().as_ptr()
            } else {
                output += 1;
                self.outputs[output - 1].bytes().as_ptr()
            };
            TensorMemory {
                storage: storage as u64,
                on_host: true,
            }
        });
        // SAFETY: the call is complete; all its memory is live and large enough.
        let items = unsafe { (self.items)(frame.call()) }.max(0);
        let shared = SharedCall(frame.call());
        let tasks = TASKS_PER_THREAD * rayon::current_num_threads();
        let pieces = (items as usize / tasks).clamp(1, PIECES_AT_ONCE);
        let status = (0..items as usize)
            .into_par_iter()
            .step_by(pieces)
            .map(|begin| {
                let end = (begin + pieces).min(items as usize);
                // SAFETY: as above; pieces are disjoint.
                unsafe { (self.run)(shared.call(), begin as i64, end as i64) }
            })
            .find_any(|status| *status != KDA_OK);
        match status {
            None => Ok(()),
            Some(status) => Err(OracleError::Refused {
                case: case.id.clone(),
                status,
            }),
        }
    }

    /// Storage of an input of the last computed case, as it was drawn.
    pub(super) fn input(&self, spec: &TensorSpec) -> &[u8] {
        self.storages[spec.storage].bytes()
    }

    /// What the last computed case expects of its output number `output`.
    pub fn expected(&self, spec: &TensorSpec, output: usize) -> Expected<'_> {
        let memory = &self.outputs[output];
        let elements = spec.elements() as usize;
        if spec.bitwise {
            return Expected::Bits(&memory.bytes()[..elements * spec.dtype.bytes()]);
        }
        Expected::Doubles(memory.doubles(elements))
    }
}

fn oracle_dtype(spec: &TensorSpec) -> Dtype {
    if spec.bitwise { spec.dtype } else { Dtype::F64 }
}

/// The call as the oracle sees it: inputs as they are, outputs dense and in the oracle's dtype.
fn oracle_case(case: &Case) -> Case {
    let mut call = case.clone();
    for spec in call
        .tensors
        .iter_mut()
        .flatten()
        .filter(|spec| spec.role != Role::In)
    {
        spec.dtype = oracle_dtype(spec);
        spec.strides = dense_strides(&spec.shape);
        spec.offset = 0;
    }
    call
}

/// Gives an output that is also an input its input values.
fn start_from_input(memory: &mut [u8], storage: &[u8], spec: &TensorSpec) {
    let dtype = oracle_dtype(spec);
    let (size, width) = (dtype.bytes(), spec.dtype.bytes());
    let is_dense = spec.is_dense();
    let target = &mut memory[..spec.elements() as usize * size];
    target
        .par_chunks_mut(COPY_CHUNK * size)
        .enumerate()
        .for_each(|(chunk, elements)| {
            for (index, element) in (chunk * COPY_CHUNK..).zip(elements.chunks_exact_mut(size)) {
                let place = match is_dense {
                    true => spec.offset as usize + index,
                    false => spec.position(index as u64) as usize,
                };
                let source = &storage[place * width..][..width];
                match dtype {
                    Dtype::F64 => element.copy_from_slice(&spec.dtype.read(source).to_le_bytes()),
                    _ => element.copy_from_slice(source),
                }
            }
        });
}
