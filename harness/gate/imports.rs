//! What the candidate's object asks of the system.

use super::mention::with_place;
use super::objects::{Objects, joined};

/// Plain functions over the caller's memory, and what compilers call in their place.
const OF_MEMORY: [&str; 13] = [
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "strlen",
    "snprintf",
    "__memcpy_chk",
    "__memmove_chk",
    "__memset_chk",
    "__snprintf_chk",
    "__stack_chk_fail",
    "_GLOBAL_OFFSET_TABLE_",
    "__gxx_personality_v0",
];

/// What nvcc's own code asks for: registration of the fat binary, and the stubs that `<<<>>>` and a kernel's address
/// stand for.
const OF_NVCC: [&str; 17] = [
    "__cudaRegisterFatBinary",
    "__cudaRegisterFatBinaryEnd",
    "__cudaUnregisterFatBinary",
    "__cudaRegisterFunction",
    "__cudaRegisterVar",
    "__cudaInitModule",
    "__cudaGetKernel",
    "__cudaLaunchKernel",
    "__cudaPushCallConfiguration",
    "__cudaPopCallConfiguration",
    "__cxa_guard_acquire",
    "__cxa_guard_release",
    "__cxa_guard_abort",
    "_Unwind_Resume",
    "atexit",
    // The host's body of a `__device__` function; a candidate that calls it loses its row.
    "exit",
    "__dso_handle",
];

/// Launches and the attributes of kernels, memset and memcpy on a stream, and queries that change nothing.
const OF_THE_RUNTIME: [&str; 20] = [
    "cudaLaunchKernel",
    "cudaLaunchKernelExC",
    "cudaLaunchCooperativeKernel",
    "cudaFuncSetAttribute",
    "cudaFuncGetAttributes",
    "cudaMemsetAsync",
    "cudaMemset2DAsync",
    "cudaMemcpyAsync",
    "cudaMemcpy2DAsync",
    "cudaGetLastError",
    "cudaPeekAtLastError",
    "cudaGetErrorString",
    "cudaGetErrorName",
    "cudaGetDevice",
    "cudaDeviceGetAttribute",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessor",
    "cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags",
    "cudaOccupancyMaxActiveClusters",
    "cudaOccupancyMaxPotentialClusterSize",
    "cudaOccupancyAvailableDynamicSMemPerBlock",
];

/// What the emulated device asks for where blocks wait for each other, as the baseline's may not.
const OF_EMULATION: [&str; 1] = ["sched_yield"];

/// Arithmetic that emulated kernels take from the host's library; `f` and `l` may follow.
const OF_ARITHMETIC: [&str; 37] = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cbrt",
    "ceil",
    "copysign",
    "cos",
    "cosh",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "floor",
    "fma",
    "fmax",
    "fmin",
    "fmod",
    "ldexp",
    "log",
    "log10",
    "log1p",
    "log2",
    "lrint",
    "nearbyint",
    "pow",
    "rint",
    "round",
    "sin",
    "sinh",
    "sqrt",
    "tanh",
];

/// What the candidate imports and may not, each with the line that brings it.
pub(super) fn check_imports(objects: &Objects<'_>) -> Option<String> {
    let (baseline, candidate) = (&objects.built.baseline, &objects.built.candidate);
    let is_allowed = |name: &String| match objects.is_emulated() {
        true => baseline.imports.contains(name) || is_of_the_emulation(name),
        false => is_of_a_launch(name),
    };
    let foreign: Vec<String> = candidate
        .imports
        .iter()
        .filter(|name| !is_allowed(name))
        .map(|name| with_place(objects.root, candidate, name))
        .collect();
    (!foreign.is_empty()).then(|| {
        format!(
            "the candidate imports {}, which a side may not; see docs/contract.md, \"Imports\"",
            joined(foreign)
        )
    })
}

fn is_of_a_launch(name: &str) -> bool {
    let lists: [&[&str]; 3] = [&OF_MEMORY, &OF_NVCC, &OF_THE_RUNTIME];
    lists.iter().any(|list| list.contains(&name))
}

/// Other kernels of the candidate may need what the baseline's do not.
fn is_of_the_emulation(name: &str) -> bool {
    let plain = name.strip_suffix(['f', 'l']).unwrap_or(name);
    OF_MEMORY.contains(&name)
        || OF_EMULATION.contains(&name)
        || OF_ARITHMETIC.contains(&name)
        || OF_ARITHMETIC.contains(&plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_launch_needs_is_allowed_and_nothing_else_of_the_runtime() {
        assert!(is_of_a_launch("cudaLaunchKernelExC") && is_of_a_launch("memcpy"));
        for refused in [
            "cudaMalloc",
            "cudaStreamCreate",
            "cudaEventRecord",
            "cudaGraphLaunch",
            "cudaStreamSynchronize",
            "cudaStreamIsCapturing",
            "cudaModuleLoadData",
            "cudaLibraryLoadData",
            "cudaGetDriverEntryPoint",
            "cudaFuncSetCacheConfig",
            "cudaDeviceSetLimit",
            "cuLaunchKernel",
            "dlopen",
            "getenv",
            "clock_gettime",
            "pthread_create",
            "open",
            "socket",
            "sigaction",
            "syscall",
            "malloc",
            "_Znwm",
            "__cxa_atexit",
            "__cudaRegisterManagedVar",
        ] {
            assert!(!is_of_a_launch(refused), "{refused}");
        }
    }

    #[test]
    fn emulated_kernels_may_call_arithmetic() {
        assert!(is_of_the_emulation("tanhf") && is_of_the_emulation("erf"));
        assert!(!is_of_the_emulation("getenv") && !is_of_the_emulation("sleepf"));
    }
}
