//! Why a run ended without a record.

use crate::device::{DeviceError, MonitorError};
use crate::gate::OracleError;
use crate::profile::ProfileError;
use crate::task::TaskError;
use crate::toolchain::{BuildError, Side};
use crate::worker::{Fault, WorkerError};

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SessionError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Task(#[from] TaskError),
    #[error(transparent)]
    Build(#[from] BuildError),
    #[error(transparent)]
    Oracle(#[from] OracleError),
    #[error("the {side} cannot be loaded")]
    #[diagnostic(help(
        "nothing was run or recorded; a side exports the functions of kda/abi.h and starts nothing when it is loaded"
    ))]
    Load {
        side: Side,
        #[source]
        source: WorkerError,
    },
    #[error("no worker can be run on this machine")]
    Worker(#[source] WorkerError),
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error(transparent)]
    Monitor(#[from] MonitorError),
    #[error("no GPU is visible here")]
    #[diagnostic(help(
        "run with --gpu emulated, or on a machine with an NVIDIA GPU; `kda doctor` says what is missing"
    ))]
    NoGpu,
    #[error("--gpu {wanted} asks for another GPU than the one here, {found}")]
    #[diagnostic(help(
        "run with --gpu auto, or build for it with `kda build --gpu {wanted}` and run a bundle there"
    ))]
    OtherGpu { wanted: String, found: String },
    #[error("no profile covers the GPU here, {found}")]
    #[diagnostic(help("add one to harness/toolchain/profile.rs"))]
    UnknownGpu { found: String },
    #[error(transparent)]
    #[diagnostic(transparent)]
    Profile(#[from] ProfileError),
    #[error("no compute-sanitizer is here")]
    #[diagnostic(help(
        "install the CUDA toolkit (package cuda-sanitizer) and put it on PATH; --sanitize needs none, and no GPU"
    ))]
    NoComputeSanitizer,
    #[error("no row or grid case matches {what}")]
    #[diagnostic(help(
        "`kda show TASK` lists the rows; globs match whole ids, such as \"h200_*\""
    ))]
    NothingSelected { what: String },
    #[error("task `{task}` has no row set `{set}`; it has {known}")]
    UnknownSet {
        task: String,
        set: String,
        known: String,
    },
    #[error("the baseline against its copy was lost on `{row}`: {why}")]
    #[diagnostic(help("`kda check TASK --rows ROW` says what is wrong with the baseline there"))]
    LostControl { row: String, why: String },
    #[error("interrupted: nothing was recorded")]
    Interrupted,
}

impl SessionError {
    /// Why a worker for `side` did not start: a device that cannot be opened says nothing about the side.
    pub(super) fn of_start(side: Side, error: WorkerError) -> Self {
        match error {
            WorkerError::Start(_) | WorkerError::Fault(Fault::Device(_)) => Self::Worker(error),
            WorkerError::Fault(Fault::Load { side, .. }) => Self::Load {
                side,
                source: error,
            },
            source => Self::Load { side, source },
        }
    }
}
