//! The run itself, from sources to the finished entry.

use std::collections::BTreeMap;
use std::thread;
use std::time::Instant;

use jiff::Timestamp;
use tracing::info;

use super::ceilings::Ceilings;
use super::controls::{self, TwinRows};
use super::gpu_watch::GpuWatch;
use super::losses::Losses;
use super::pair::{WorkerFactory, WorkerHost};
use super::plan::{Cases, Depth, Sampling};
use super::record::{Findings, Finished, assemble, entry_id};
use super::sampling::{RowSamples, Timing, timed_bytes};
use super::screening::{Screened, Screening, gated_bytes, load_oracles};
use super::stock::{Stock, Stocked};
use super::{Machine, Progress, RunOptions, SessionError};
use crate::crash::{CrashFolder, CrashedRun, Sources};
use crate::gate::{GateBook, check_objects, check_trivial, floor_ns, gates};
use crate::ledger::ClockRecord;
use crate::task::{Case, Task};
use crate::toolchain::{Project, Side, TaskLibraries, Toolchain};
use crate::worker::{DeviceChoice, Instrument};

/// Runs `task` on `machine` and returns the record and its samples; no ledger is touched.
///
/// # Errors
///
/// Where there is nothing to record: sources that do not compile, a baseline that cannot be loaded, no device. A failed
/// gate, a dead worker or a lost row is a finding, not an error.
pub fn run(
    project: &Project,
    toolchain: &Toolchain,
    task: &Task,
    machine: &Machine,
    options: &RunOptions,
    progress: &dyn Progress,
) -> Result<Finished, SessionError> {
    let (started, clock) = (Timestamp::now(), Instant::now());
    let emulated = machine.is_emulated();
    let mut cases = Cases::select(task, &options.selection, emulated)?;
    if options.depth == Depth::Quick && !emulated {
        cases = cases.thinned(&options.selection, options.seed);
    }
    progress.begin("build", 1);
    let before = clocks(machine)?;
    let all: Vec<&Case> = cases.rows.iter().chain(&cases.grid).collect();
    let stocked = Stocked {
        // One a side for the gates, and the first that times.
        workers: match options.depth {
            Depth::Check => 2,
            Depth::Quick | Depth::Full => 3,
        },
        shared_bytes: gated_bytes(&all).max(timed_bytes(&cases.rows)),
    };
    let (built, factory, ceilings) =
        build_and_measure(project, toolchain, task, machine, options, stocked)?;
    let mut oracles = load_oracles(&built.oracle.library)?;
    progress.end();

    info!(
        seconds = clock.elapsed().as_secs_f64(),
        "built, and device measured"
    );
    let mut book = GateBook::blind_to(&options.blind);
    check_objects(project.root(), task, &machine.target(), &built, &mut book);
    let may_load = book.all_passed();
    for row in cases.short_rows(task) {
        check_trivial(&row, &mut oracles[0][0], options.seed, &mut book)?;
    }
    info!(
        seconds = clock.elapsed().as_secs_f64(),
        "objects and contract judged"
    );
    let sampling = Sampling::new(options.depth, emulated, task.contract.margin);
    let run = crashed_run(project, task, machine, &built, &ceilings, started);
    let crashes = CrashFolder(project.scratch_dir().join("crashes"));
    let losses = Losses::new(crashes, run, progress);
    let waiting = Stocked {
        workers: sampling.processes.saturating_sub(1),
        shared_bytes: timed_bytes(&cases.rows),
    };
    let mut screening = Screening {
        factory: &factory,
        book: &mut book,
        budget: task.contract.error_budget.as_ref(),
        options,
        built: &built,
        losses: &losses,
    };
    // What an object alone gives away is not loaded: its constructors would run, whatever else they are.
    let screened = match may_load {
        // Meanwhile the workers behind the first that times are opened: the gates' own times are nobody's figures.
        true => rayon::in_place_scope(|scope| {
            scope.spawn(|_| factory.stock.add(&factory.host, waiting));
            screening.run(&all, &mut oracles, progress)
        })?,
        false => all
            .iter()
            .map(|case| (case.id.clone(), Screened::NotRun))
            .collect(),
    };

    info!(
        seconds = clock.elapsed().as_secs_f64(),
        cases = all.len(),
        "gates done"
    );
    // Nothing is timed unless everything is right: a fast wrong kernel has no speed.
    let rows: Vec<&Case> = cases.rows.iter().collect();
    let attested: BTreeMap<String, [String; 2]> = screened
        .iter()
        .filter_map(|(id, fate)| match fate {
            Screened::Passed { graphs, .. } => Some((id.clone(), graphs.clone())),
            Screened::Failed(_) | Screened::Lost(_) | Screened::NotRun => None,
        })
        .collect();
    let sound = book.all_passed() && rows.iter().all(|row| attested.contains_key(&row.id));
    let controls = match options.depth {
        Depth::Full => controls::controls(&cases.rows, TwinRows::Few, &factory.host.device),
        // One process has no interval to judge controls by.
        Depth::Check | Depth::Quick => Vec::new(),
    };
    let timed = match options.depth {
        Depth::Check => None,
        Depth::Quick | Depth::Full if !sound => None,
        Depth::Quick | Depth::Full => {
            let (libraries, _copy) =
                controls::libraries(&built.baseline.library, &factory.host.device)?;
            let mut timing = Timing {
                factory: &factory,
                oracle: &mut oracles[0][0],
                book: &mut book,
                options,
                sampling: &sampling,
                attested: &attested,
                losses: &losses,
                controls: &controls,
                control_libraries: (!controls.is_empty()).then_some(&libraries),
                watch: GpuWatch::of(machine),
            };
            let taken = timing.run(&rows, progress)?;
            check_floors(&rows, &taken.rows, &ceilings, &mut book);
            Some(taken)
        }
    };
    factory.stock.clear();
    let findings = Findings {
        task,
        cases: &cases,
        built: &built,
        machine,
        options,
        sampling: &sampling,
        ceilings: &ceilings,
        screened: &screened,
        timed: timed.as_ref(),
        book: &book,
        losses: &losses,
        before,
        after: clocks(machine)?,
        started,
        wall_seconds: clock.elapsed().as_secs_f64(),
        harness_commit: project.harness_commit(),
    };
    Ok(assemble(&findings))
}

/// No side may take less time than the device needs for the call's inputs.
fn check_floors(
    rows: &[&Case],
    samples: &BTreeMap<String, RowSamples>,
    ceilings: &Ceilings,
    book: &mut GateBook,
) {
    for row in rows {
        let Some(floor) = floor_ns(row, ceilings.copy_bytes_per_second(), ceilings.floor_ns())
        else {
            continue;
        };
        let Ok(replies) = &samples[&row.id] else {
            continue;
        };
        for side in Side::BOTH {
            let least = replies
                .iter()
                .flat_map(|reply| &reply.device)
                .flat_map(|block| match side {
                    Side::Baseline => block.baseline_ns(),
                    Side::Candidate => block.candidate_ns(),
                })
                .fold(f64::INFINITY, f64::min);
            let failure = (least < floor).then(|| {
                format!(
                    "`{}`, {side}: {:.3} us a call, below the {:.3} us that this device needs for its inputs",
                    row.id,
                    least / 1e3,
                    floor / 1e3
                )
            });
            book.note(gates::FLOOR, failure);
        }
    }
}

/// What the run's crash dumps say of it.
pub(super) fn crashed_run(
    project: &Project,
    task: &Task,
    machine: &Machine,
    built: &TaskLibraries,
    ceilings: &Ceilings,
    started: Timestamp,
) -> CrashedRun {
    CrashedRun {
        id: entry_id(started, built),
        task: task.name.clone(),
        device: machine.name().to_owned(),
        gpu: ceilings.facts.name.clone(),
        sources: Sources {
            harness_version: env!("CARGO_PKG_VERSION").to_owned(),
            harness_commit: project.harness_commit(),
            contract_hash: task.contract_hash.clone(),
            baseline_source: built.baseline.source_hash.clone(),
            candidate_source: built.candidate.source_hash.clone(),
        },
    }
}

pub(super) fn worker_factory(
    project: &Project,
    toolchain: &Toolchain,
    machine: &Machine,
    built: &TaskLibraries,
    options: &RunOptions,
) -> Result<WorkerFactory, SessionError> {
    Ok(WorkerFactory {
        host: worker_host(project, toolchain, machine, options)?,
        stock: Stock::default(),
        baseline: built.baseline.library.clone(),
        candidate: built.candidate.library.clone(),
    })
}

fn worker_host(
    project: &Project,
    toolchain: &Toolchain,
    machine: &Machine,
    options: &RunOptions,
) -> Result<WorkerHost, SessionError> {
    Ok(WorkerHost {
        executable: own_executable()?,
        device: device_choice(project, toolchain, machine)?,
        memory_bytes: options.memory_bytes,
        confinement: options.confinement,
        instrument: Instrument::Nothing,
    })
}

/// Builds the task while the device is opened and measured and `stocked` workers are opened: after an edit, one takes as
/// long as the other.
pub(super) fn build_and_measure(
    project: &Project,
    toolchain: &Toolchain,
    task: &Task,
    machine: &Machine,
    options: &RunOptions,
    stocked: Stocked,
) -> Result<(TaskLibraries, WorkerFactory, Ceilings), SessionError> {
    let host = worker_host(project, toolchain, machine, options)?;
    let (built, opened) = thread::scope(|scope| {
        let opening = scope.spawn(|| {
            // Alone: contexts that come up would be in the figures.
            let ceilings = Ceilings::measure(&host, options.limit)?;
            let stock = Stock::of(&host, stocked).map_err(SessionError::Worker)?;
            Ok::<_, SessionError>((ceilings, stock))
        });
        let built = toolchain.build_task(project, &task.name, &machine.target());
        let opened = opening.join();
        (built, opened.expect("opening the device should not panic"))
    });
    let built = built?;
    let (ceilings, stock) = opened?;
    let factory = WorkerFactory {
        host,
        stock,
        baseline: built.baseline.library.clone(),
        candidate: built.candidate.library.clone(),
    };
    Ok((built, factory, ceilings))
}

/// The device that a worker opens, with what it needs built.
pub(super) fn device_choice(
    project: &Project,
    toolchain: &Toolchain,
    machine: &Machine,
) -> Result<DeviceChoice, SessionError> {
    Ok(match machine {
        Machine::Emulated { .. } => DeviceChoice::Emulated,
        Machine::Gpu { gpu, .. } => {
            let support = toolchain.build_support(project, &machine.target())?;
            DeviceChoice::Cuda {
                uuid: gpu.uuid.clone(),
                support: support.library,
            }
        }
    })
}

/// Workers are this very executable.
pub(super) fn own_executable() -> Result<std::path::PathBuf, SessionError> {
    std::env::current_exe()
        .map_err(|error| SessionError::Worker(crate::worker::WorkerError::Start(error)))
}

fn clocks(machine: &Machine) -> Result<Option<ClockRecord>, SessionError> {
    match machine {
        Machine::Emulated { .. } => Ok(None),
        Machine::Gpu { gpu, monitor, .. } => Ok(Some(monitor.clocks(&gpu.uuid)?)),
    }
}
