//! `kda bench` and `kda check`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Outcome;
use super::arguments::{BenchArguments, CheckArguments, RunArguments};
use super::context::Context;
use super::exit::{Failure, entry_code, exit_codes};
use super::setup::Setup;
use super::terminal::Terminal;
use crate::ledger::{
    CalibrationRecord, Entry, Ledger, LedgerError, PendingNote, RawSamples, SamplesError,
    SamplesRecord, rounded,
};
use crate::report::{self, Recorded, json};
use crate::session::{self, Depth, Finished, Machine, RunOptions, Selection};
use crate::task::Task;

/// Where a finished run goes.
pub(super) enum Destination {
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
    let destination = |setup: &Setup| {
        if arguments.no_ledger {
            return Destination::Nowhere;
        }
        Destination::Folder(arguments.ledger.clone().unwrap_or_else(|| setup.ledgers()))
    };
    run_all(&arguments.run, depth, destination, terminal)
}

pub(super) fn check(arguments: &CheckArguments, terminal: &Terminal) -> Outcome {
    run_all(
        &arguments.run,
        Depth::Check,
        |_| Destination::Nowhere,
        terminal,
    )
}

fn run_all(
    arguments: &RunArguments,
    depth: Depth,
    destination: impl Fn(&Setup) -> Destination,
    terminal: &Terminal,
) -> Outcome {
    let setup = Setup::find(arguments.gpu)?;
    let Setup {
        context, machine, ..
    } = &setup;
    let names = context.task_names(&arguments.tasks)?;
    let destination = destination(&setup);
    let mut worst = exit_codes::PASSED;
    for name in &names {
        let task = Task::load(context.project.root(), name)?;
        terminal.remark(&format!("{name}: {}", machine.describe()))?;
        let selection = Selection {
            rows: arguments.rows.clone(),
            set: arguments.set.clone(),
        };
        let seed = arguments.seed.unwrap_or_else(rand::random);
        let options = RunOptions {
            limit: Duration::from_secs(arguments.limit),
            memory_bytes: arguments.worker.memory_bytes(),
            confinement: arguments.worker.confinement(),
            ..setup.options(depth, selection, seed)
        };
        let progress = terminal.progress();
        // Before the run: what is written during it was not expected of it.
        let pending = PendingNote::of(&context.project.scratch_dir(), name);
        let note = pending.read()?;
        let mut finished = session::run(
            &context.project,
            &context.toolchain,
            &task,
            machine,
            &options,
            &progress,
        )?;
        if let Destination::Folder(_) = destination {
            finished.entry.note.clone_from(&note);
        }
        let (entry, kept) = record(finished, &destination, machine, context)?;
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
pub(super) enum Kept {
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
pub(super) fn record(
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
        match keep(samples, &mut entry, &folder) {
            Ok(record) => entry.samples = Some(record),
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

/// Writes the samples of `entry`, whose id becomes another one where a run of that id has left some.
fn keep(
    mut samples: RawSamples,
    entry: &mut Entry,
    ledgers: &Path,
) -> Result<SamplesRecord, SamplesError> {
    samples.entry = RawSamples::claim(&ledgers.join(SAMPLES), &entry.id)?;
    entry.id.clone_from(&samples.entry);
    let file = format!("{SAMPLES}/{}", samples.file_name());
    let blake3 = samples.write(&ledgers.join(&file))?;
    Ok(SamplesRecord { file, blake3 })
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
