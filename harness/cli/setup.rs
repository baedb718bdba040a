//! What every run of a task is set up with: project, compilers, device, and a way to stop it.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::arguments::RunArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use crate::session::{Depth, GpuChoice, Machine, RunOptions, Selection};
use crate::worker::{Confinement, default_memory_limit};

/// Ready to run tasks on one device.
pub(super) struct Setup {
    pub(super) context: Context,
    pub(super) machine: Machine,
    interrupted: Arc<AtomicBool>,
}

impl Setup {
    pub(super) fn find(gpu: GpuChoice) -> Result<Self, Failure> {
        let context = Context::find()?;
        let can_build = context.toolchain.can_build_cuda(&context.project);
        let machine = Machine::find(gpu, can_build)?;
        let interrupted = interrupt_flag();
        leave_cores_to_workers();
        Ok(Self {
            context,
            machine,
            interrupted,
        })
    }

    /// With the usual limits.
    pub(super) fn options(&self, depth: Depth, selection: Selection, seed: u64) -> RunOptions {
        RunOptions {
            depth,
            selection,
            seed,
            limit: Duration::from_secs(RunArguments::LIMIT_SECONDS),
            blind: Vec::new(),
            memory_bytes: default_memory_limit(),
            confinement: Confinement::BestEffort,
            command: command_line(),
            interrupted: Arc::clone(&self.interrupted),
        }
    }

    /// Emulated runs are never evidence: they stay in the target folder.
    pub(super) fn ledgers(&self) -> PathBuf {
        let project = &self.context.project;
        match self.machine.is_emulated() {
            true => project.scratch_dir().join("ledger"),
            false => project.root().join("ledger"),
        }
    }
}

/// The parent's oracle and comparisons take most cores, never all: a worker beside them is being timed.
pub(super) fn leave_cores_to_workers() {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if cores > 4 { cores - 3 } else { cores };
    // Fails only where the pool exists already, as in a test: then it has all cores.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global();
}

/// Set by the first Ctrl-C; the run ends between two steps and records nothing. A second one ends the process.
pub(super) fn interrupt_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let set = Arc::clone(&flag);
    // Fails only if a handler is installed already, which this process does once.
    let _ = ctrlc::set_handler(move || {
        if set.swap(true, Ordering::Relaxed) {
            std::process::exit(i32::from(exit_codes::INTERRUPTED));
        }
        // Nobody has to be there to read it.
        let _ = writeln!(
            stderr(),
            "interrupted: the run ends after this step; press Ctrl-C again to end it at once"
        );
    });
    flag
}

/// The command as typed, with the bare name of the program.
pub(super) fn command_line() -> String {
    let words =
        std::env::args()
            .skip(1)
            .map(|word| match word.contains([' ', '*', '?', '[', '\'']) {
                true => format!("'{}'", word.replace('\'', r"'\''")),
                false => word,
            });
    ["kda".to_owned()]
        .into_iter()
        .chain(words)
        .collect::<Vec<_>>()
        .join(" ")
}
