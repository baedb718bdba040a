//! `kda worker`: the child process of a run.

use std::panic;

use super::Outcome;
use super::arguments::WorkerArguments;
use super::exit::exit_codes;
use crate::worker::{inherited, serve};

pub(super) fn worker(arguments: &WorkerArguments) -> Outcome {
    // SAFETY: the parent passes two descriptors that it opened for this process alone.
    let (socket, memory) = unsafe { inherited(arguments.socket, arguments.memory) };
    let served = panic::catch_unwind(|| serve(socket, memory));
    // No destructor of a side or of the driver runs: after a fault they may hang, and nothing here needs them.
    let code = match served {
        Ok(Ok(())) => exit_codes::PASSED,
        Ok(Err(_)) | Err(_) => exit_codes::UNEXPECTED,
    };
    // SAFETY: ends the process at once; all that matters has been sent.
    unsafe { libc::_exit(i32::from(code)) }
}
