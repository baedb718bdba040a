//! `kda selftest`.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::Outcome;
use super::arguments::SelftestArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::setup::{command_line, interrupt_flag, leave_cores_to_workers};
use super::terminal::Terminal;
use crate::report;
use crate::selftest::{Corpus, Finding, Specimen, Trial, Whereabouts};
use crate::session::{Depth, Machine, RunOptions, Selection, SessionError};
use crate::worker::Confinement;

/// Most that a worker may take: tasks of the corpus are small, and one of its candidates takes all it gets.
const MEMORY_BYTES: u64 = 3 << 30;

/// Specimens on a GPU at a time.
const GPU_LANES: usize = 4;

pub(super) fn selftest(arguments: &SelftestArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let corpus = Corpus::load(context.project.root())?;
    let machine = Machine::find(
        arguments.gpu,
        context.toolchain.can_build_cuda(&context.project),
    )?;
    terminal.remark(&format!("selftest: {}", machine.describe()))?;
    let interrupted = interrupt_flag();
    leave_cores_to_workers();
    let trial = Trial {
        project: &context.project,
        toolchain: &context.toolchain,
        machine: &machine,
    };
    let is_meant = |specimen: &&Specimen| {
        let only = arguments.only.as_ref();
        only.is_none_or(|glob| glob.matches(&specimen.name))
    };
    let meant: Vec<&Specimen> = corpus.specimens.iter().filter(is_meant).collect();
    if meant.is_empty() {
        let glob = arguments.only.as_ref().map_or("", glob::Pattern::as_str);
        return Err(Failure::Usage(format!(
            "no candidate of the corpus is called `{glob}`; tests/cheats/corpus.toml lists them"
        )));
    }
    let has_nvcc = context.toolchain.nvcc.is_some() && !arguments.no_build;
    let shown: Vec<(&Specimen, Trying)> = meant
        .iter()
        .filter_map(|specimen| Some((*specimen, how(specimen, &machine, has_nvcc)?)))
        .collect();
    let one = |(specimen, trying): &(&'_ Specimen, Trying)| {
        let options = RunOptions {
            depth: Depth::Quick,
            selection: Selection::default(),
            seed: rand::random(),
            limit: Duration::from_secs(arguments.limit),
            memory_bytes: MEMORY_BYTES,
            confinement: Confinement::BestEffort,
            blind: specimen.past.clone(),
            command: command_line(),
            interrupted: Arc::clone(&interrupted),
        };
        let finding = match trying {
            Trying::Run => trial.run(specimen, &options),
            Trying::Inspect => trial.inspect(specimen),
        }?;
        tracing::info!(
            verdict = ?finding.verdict,
            failed = finding.failed.join(", "),
            reason = finding.reason,
            "{}",
            specimen.name
        );
        Ok::<_, SessionError>(finding)
    };
    // Side by side, since each waits for its workers most of the time: no time that is measured here is a result.
    let lanes = match machine.is_emulated() {
        true => thread::available_parallelism().map_or(1, NonZero::get),
        false => GPU_LANES,
    };
    let findings = in_lanes(lanes, &shown, one)?;
    let specimens = shown.iter().map(|(specimen, _)| *specimen);
    let found: Vec<(&Specimen, Finding)> = specimens.zip(findings).collect();
    terminal.result(&report::selftest(
        &found,
        meant.len() - found.len(),
        terminal.color(),
    ))?;
    let is_good = found.iter().all(|(_, finding)| finding.verdict.is_good());
    Ok(match is_good {
        true => exit_codes::PASSED,
        false => exit_codes::GATE_FAILED,
    })
}

/// `one` of each, in order, on threads of their own: a run waits, and the pool that compiles may not.
fn in_lanes<T: Sync, R: Send, E: Send>(
    lanes: usize,
    all: &[T],
    one: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = all.get(at) else {
                return Ok(done);
            };
            done.push((at, one(item)?));
        }
    };
    let done = thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        let ended = lanes
            .into_iter()
            .map(|lane| lane.join().expect("a trial should not panic"));
        ended.collect::<Result<Vec<_>, E>>()
    })?;
    let mut done: Vec<(usize, R)> = done.into_iter().flatten().collect();
    done.sort_by_key(|(at, _)| *at);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

/// How a specimen shows what it is.
#[derive(Clone, Copy)]
enum Trying {
    Run,
    /// Compiled, and not run.
    Inspect,
}

/// How it does on this machine, if at all.
fn how(specimen: &Specimen, machine: &Machine, has_nvcc: bool) -> Option<Trying> {
    let is_at = |place| specimen.whereabouts.contains(&place);
    match machine.is_emulated() {
        false if is_at(Whereabouts::Gpu) => Some(Trying::Run),
        false => is_at(Whereabouts::Build).then_some(Trying::Inspect),
        true if is_at(Whereabouts::Emulated) => Some(Trying::Run),
        true => (has_nvcc && is_at(Whereabouts::Build)).then_some(Trying::Inspect),
    }
}
