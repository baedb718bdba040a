//! What the candidate's object asks of the system.

use super::{GateBook, gates};
use crate::toolchain::Built;

/// Symbols that a CUDA candidate may import though the baseline does not: launches, their attributes, work on the
/// given stream, queries without effect, and plain memory functions. Prefixes end in `*`.
const ALLOWED: [&str; 24] = [
    "__cuda*",
    "cudaLaunchKernel",
    "cudaLaunchKernelExC",
    "cudaFuncSetAttribute",
    "cudaFuncGetAttributes",
    "cudaMemsetAsync",
    "cudaMemcpyAsync",
    "cudaGetLastError",
    "cudaPeekAtLastError",
    "cudaGetErrorString",
    "cudaGetErrorName",
    "cudaGetDevice",
    "cudaDeviceGetAttribute",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor*",
    "cudaOccupancyMaxActiveClusters",
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "strlen",
    "__stack_chk_fail",
    "_GLOBAL_OFFSET_TABLE_",
    "atexit",
    "snprintf",
];

/// Fails on every symbol that neither the baseline nor the list has.
pub fn check_imports(baseline: &Built, candidate: &Built, book: &mut GateBook) {
    let foreign: Vec<&str> = candidate
        .imports
        .iter()
        .filter(|name| !baseline.imports.contains(name) && !is_allowed(name))
        .map(String::as_str)
        .collect();
    let failure = (!foreign.is_empty()).then(|| {
        format!(
            "the candidate imports {}, which a side may not; see docs/contract.md, \"Imports\"",
            foreign.join(", ")
        )
    });
    book.note(gates::IMPORTS, failure);
}

fn is_allowed(name: &str) -> bool {
    ALLOWED
        .iter()
        .any(|allowed| match allowed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *allowed,
        })
}
