//! `kda bench` and `kda check`.

use std::io::{Write, stderr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::Outcome;
use super::arguments::{BenchArguments, CheckArguments, RunArguments};
use super::context::Context;
use super::exit::{Failure, entry_code, exit_codes};
use super::terminal::Terminal;
use crate::ledger::{
    CalibrationRecord, Entry, Ledger, LedgerError, PendingNote, SamplesRecord, rounded,
};
use crate::report::{self, Recorded, json};
use crate::session::{self, Depth, Finished, Machine, RunOptions, Selection};
use crate::task::Task;

/// Where a finished run goes.
enum Destination {
    Nowhere,
    /// Ledgers lie in this folder, one below it for each GPU.
    Folder(PathBuf),
}

pub(super) fn bench(arguments: &BenchArguments, terminal: &Terminal) -> Outcome {
    let depth = if arguments.quick {
        Depth::Quick
    } else {
        Depth::Full
    };
    let destination = |context: &Context, machine: &Machine| {
        if arguments.no_ledger {
            return Destination::Nowhere;
        }
        Destination::Folder(
            arguments
                .ledger
                .clone()
                .unwrap_or_else(|| default_ledger(context, machine)),
        )
    };
    run_all(&arguments.run, depth, destination, terminal)
}

pub(super) fn check(arguments: &CheckArguments, terminal: &Terminal) -> Outcome {
    run_all(
        &arguments.run,
        Depth::Check,
        |_, _| Destination::Nowhere,
        terminal,
    )
}

/// Emulated runs are never evidence: they stay in the target folder.
fn default_ledger(context: &Context, machine: &Machine) -> PathBuf {
    match machine.is_emulated() {
        true => context.project.scratch_dir().join("ledger"),
        false => context.project.root().join("ledger"),
    }
}

fn run_all(
    arguments: &RunArguments,
    depth: Depth,
    destination: impl Fn(&Context, &Machine) -> Destination,
    terminal: &Terminal,
) -> Outcome {
    let context = Context::find()?;
    let names = context.task_names(&arguments.tasks)?;
    let machine = Machine::find(
        arguments.gpu,
        context.toolchain.can_build_cuda(&context.project),
    )?;
    let destination = destination(&context, &machine);
    let interrupted = interrupt_flag();
    leave_cores_to_workers();
    let mut worst = exit_codes::PASSED;
    for name in &names {
        let task = Task::load(context.project.root(), name)?;
        terminal.remark(&format!("{name}: {}", machine.describe()))?;
        let options = RunOptions {
            depth,
            selection: Selection {
                rows: arguments.rows.clone(),
                set: arguments.set.clone(),
            },
            seed: arguments.seed.unwrap_or_else(rand::random),
            limit: Duration::from_secs(arguments.limit),
            blind: Vec::new(),
            memory_bytes: arguments.worker.memory_bytes(),
            confinement: arguments.worker.confinement(),
            command: command_line(),
            interrupted: Arc::clone(&interrupted),
        };
        let progress = terminal.progress();
        // Before the run: what is written during it was not expected of it.
        let pending = PendingNote::of(&context.project.scratch_dir(), name);
        let note = pending.read()?;
        let mut finished = session::run(
            &context.project,
            &context.toolchain,
            &task,
            &machine,
            &options,
            &progress,
        )?;
        if let Destination::Folder(_) = destination {
            finished.entry.note.clone_from(&note);
        }
        let (entry, kept) = record(finished, &destination, &machine, &context)?;
        let recorded = match &kept {
            Kept::Nowhere => Recorded::Nowhere,
            Kept::In(path) => Recorded::In(path),
            Kept::Unsaved { saved, .. } => Recorded::Unsaved(saved),
        };
        match arguments.json {
            true => terminal.json(|out| json::run(&entry, recorded, out))?,
            false => terminal.result(&report::run(&entry, recorded, terminal.color()))?,
        }
        for replay in progress.replays() {
            terminal.remark(&replay)?;
        }
        if let Kept::Unsaved { saved, cause } = kept {
            return Err(Failure::NotRecorded { saved, cause });
        }
        if let (Kept::In(_), Some(note)) = (&kept, note) {
            pending.taken(&note)?;
        }
        worst = worse(worst, entry_code(&entry));
    }
    Ok(worst)
}

/// Folder of the raw samples, beside the ledgers of a GPU.
const SAMPLES: &str = "samples";

/// Where an entry is.
enum Kept {
    Nowhere,
    In(PathBuf),
    /// In a file of its own, because its ledger did not take it.
    Unsaved {
        saved: PathBuf,
        cause: LedgerError,
    },
}

/// Writes the samples, then appends the entry that names them; one that its ledger does not take is saved beside the
/// build, so that the run is not lost.
fn record(
    finished: Finished,
    destination: &Destination,
    machine: &Machine,
    context: &Context,
) -> Result<(Entry, Kept), Failure> {
    // What is printed is what would have been stored.
    let as_stored = |entry: &Entry| rounded(entry).map_err(LedgerError::from);
    let Finished { mut entry, samples } = finished;
    let Destination::Folder(folder) = destination else {
        return Ok((as_stored(&entry)?, Kept::Nowhere));
    };
    let folder = folder.join(machine.name());
    if let Some(samples) = samples {
        let file = format!("{SAMPLES}/{}.json.gz", entry.id);
        match samples.write(&folder.join(&file)) {
            Ok(blake3) => entry.samples = Some(SamplesRecord { file, blake3 }),
            // An entry without its samples is worth more than none.
            Err(error) => entry
                .warnings
                .push(format!("the raw samples were not kept: {error}")),
        }
    }
    if let Some(controls) = &mut entry.controls {
        let newest = CalibrationRecord::read(&CalibrationRecord::path(&folder, &entry.task))?;
        controls.calibration = newest.and_then(|calibration| calibration.quote());
    }
    let path = folder.join(format!("{}.toml", entry.task));
    match Ledger::at(&path).append(&entry) {
        Ok(stored) => Ok((stored, Kept::In(path))),
        Err(refused) => {
            let saved = refused.save_in(&context.project.scratch_dir())?;
            let cause = refused.cause;
            Ok((as_stored(&entry)?, Kept::Unsaved { saved, cause }))
        }
    }
}

/// Of several tasks, the first outcome in this order is the exit code.
fn worse(left: u8, right: u8) -> u8 {
    let severity = [
        exit_codes::ROW_LOST,
        exit_codes::GATE_FAILED,
        exit_codes::SLOWER,
        exit_codes::INCONCLUSIVE,
        exit_codes::PASSED,
    ];
    let rank = |code: u8| {
        severity
            .iter()
            .position(|known| *known == code)
            .unwrap_or(severity.len())
    };
    if rank(left) <= rank(right) {
        left
    } else {
        right
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_row_outweighs_a_slow_one_and_anything_outweighs_a_pass() {
        assert_eq!(
            worse(exit_codes::SLOWER, exit_codes::ROW_LOST),
            exit_codes::ROW_LOST
        );
        assert_eq!(
            worse(exit_codes::PASSED, exit_codes::INCONCLUSIVE),
            exit_codes::INCONCLUSIVE
        );
        assert_eq!(
            worse(exit_codes::PASSED, exit_codes::PASSED),
            exit_codes::PASSED
        );
    }
}
