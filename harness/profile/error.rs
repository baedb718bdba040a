//! Why a call was not profiled.

use std::io;
use std::path::PathBuf;

use super::counters::remarks;
use super::{KernelCounters, Launched};
use crate::toolchain::Side;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ProfileError {
    #[error("the device here is emulated, and a profile counts what a GPU does")]
    #[diagnostic(help(
        "run it on a machine with an NVIDIA GPU; `kda doctor` says what is missing"
    ))]
    Emulated,
    #[error("no ncu (Nsight Compute) is on PATH, in CUDA_HOME or in /usr/local/cuda/bin")]
    #[diagnostic(help("install Nsight Compute, which is part of the CUDA toolkit"))]
    NoProfiler,
    #[error("this user may not read the GPU's performance counters (ERR_NVGPUCTRPERM)")]
    #[diagnostic(help(
        "run as root, or have an administrator load the driver's module with \
         NVreg_RestrictProfilingToAdminUsers=0 (https://developer.nvidia.com/ERR_NVGPUCTRPERM)"
    ))]
    NoPermission,
    #[error("`{row}` launches no kernel on the {side}: nothing can be profiled")]
    NoKernel { row: String, side: Side },
    #[error("`{row}` of the {side} was lost: {cause}")]
    #[diagnostic(help(
        "`kda check TASK --rows ROW` says more, and leaves a dump for `kda replay`"
    ))]
    Lost {
        row: String,
        side: Side,
        cause: String,
    },
    #[error("ncu profiled {found} kernels of the {side} where the call launches {wanted}")]
    #[diagnostic(help("what it said: {said}"))]
    Incomplete {
        side: Side,
        found: usize,
        wanted: usize,
        said: String,
    },
    #[error("ncu gave up on the call of the {side}: {said} ({cause})")]
    #[diagnostic(help(
        "`kda doctor` names the ncu that was run: it has to be of a toolkit that the driver supports; `kda check` says \
         whether the call runs without it"
    ))]
    GaveUp {
        side: Side,
        said: String,
        /// What became of the worker.
        cause: String,
    },
    #[error("ncu's table ends within a line: it was stopped while it wrote")]
    #[diagnostic(help(
        "look for room in the folder of temporary files (TMPDIR), and run it again; --limit gives a side more time"
    ))]
    CutShort,
    #[error("ncu's table cannot be read")]
    #[diagnostic(help(
        "`kda doctor` names the ncu that was run; this version reads that of CUDA 13"
    ))]
    Unreadable(#[from] csv::Error),
    #[error("cannot write the profile {}", path.display())]
    #[diagnostic(help("check that the folder is yours to write, and has room"))]
    Write { path: PathBuf, source: io::Error },
    #[error("what ncu says cannot be kept in a temporary file")]
    Log(#[source] io::Error),
}

impl ProfileError {
    pub(crate) fn incomplete(
        side: Side,
        found: &[KernelCounters],
        wanted: &Launched,
        said: &str,
    ) -> Self {
        Self::Incomplete {
            side,
            found: found.len(),
            wanted: wanted.0.len(),
            said: remarks(said).collect::<Vec<_>>().join("\n"),
        }
    }
}
