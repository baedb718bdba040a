//! `kda build`.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::thread;

use rayon::prelude::*;

use super::Outcome;
use super::arguments::BuildArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::gate::{GateBook, check_objects};
use crate::ledger::Outcome as GateOutcome;
use crate::session::{GpuChoice, Machine};
use crate::task::Task;
use crate::toolchain::{Target, TaskLibraries};

pub(super) fn build(arguments: &BuildArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let targets = match arguments.gpu {
        None if context.toolchain.nvcc.is_some() => vec![Target::Emulated, Target::configured()],
        None => {
            terminal.remark("no nvcc here: building for the emulated device alone (`kda doctor` says how to get it)")?;
            vec![Target::Emulated]
        }
        Some(GpuChoice::Emulated) => vec![Target::Emulated],
        Some(GpuChoice::Profile(profile)) => vec![Target::cuda(profile.arch)],
        Some(GpuChoice::Auto) => vec![
            Machine::find(
                GpuChoice::Auto,
                context.toolchain.can_build_cuda(&context.project),
            )?
            .target(),
        ],
    };
    let names = context.task_names(&arguments.tasks)?;
    let tasks = names
        .iter()
        .map(|name| Task::load(context.project.root(), name))
        .collect::<Result<Vec<_>, _>>()?;
    let jobs: Vec<(&Task, &Target)> = tasks
        .iter()
        .flat_map(|task| targets.iter().map(move |target| (task, target)))
        .collect();
    // A side takes one core at a time, so that tasks are built beside each other; lines come in order all the same.
    let (done, finished) = mpsc::channel();
    let mut passed = true;
    let first = thread::scope(|scope| {
        scope.spawn(|| {
            jobs.par_iter()
                .enumerate()
                .for_each_with(done, |done, (at, (task, target))| {
                    let built = context
                        .toolchain
                        .build_task(&context.project, &task.name, target);
                    // Nobody listens any more where a line could not be written.
                    let _ = done.send((at, built));
                });
        });
        let mut waiting = BTreeMap::new();
        let mut first = None;
        for (at, (task, target)) in jobs.iter().enumerate() {
            let built = loop {
                if let Some(built) = waiting.remove(&at) {
                    break built;
                }
                let (other, built) = finished.recv().expect("every job should send its result");
                waiting.insert(other, built);
            };
            match built {
                Ok(built) => {
                    terminal.result(&summary(task, target, &built))?;
                    let failures = static_failures(&context, task, target, &built);
                    passed &= failures.is_empty();
                    for failure in failures {
                        terminal.remark(&failure)?;
                    }
                }
                Err(error) => {
                    terminal.remark(&error.to_string())?;
                    first.get_or_insert(error);
                }
            }
        }
        Ok::<_, Failure>(first)
    })?;
    for target in &targets {
        context.toolchain.build_support(&context.project, target)?;
    }
    match first {
        None if passed => Ok(exit_codes::PASSED),
        None => Ok(exit_codes::GATE_FAILED),
        Some(error) => Err(Failure::Build(error)),
    }
}

/// What was built, and how much a thread of it needs at most.
fn summary(task: &Task, target: &Target, built: &TaskLibraries) -> String {
    let name = &task.name;
    let kernels = &built.candidate.facts.kernels;
    let Some(registers) = kernels.iter().map(|kernel| kernel.registers).max() else {
        return format!("{name}: built for {target}");
    };
    let stack = kernels.iter().map(|kernel| kernel.local_bytes).max();
    format!(
        "{name}: built for {target}; candidate: {}, up to {registers} registers and {} B of stack a thread",
        match kernels.len() {
            1 => "1 kernel".to_owned(),
            number => format!("{number} kernels"),
        },
        stack.unwrap_or(0)
    )
}

/// What the gates say that need no run.
fn static_failures(
    context: &Context,
    task: &Task,
    target: &Target,
    built: &TaskLibraries,
) -> Vec<String> {
    let mut book = GateBook::default();
    check_objects(context.project.root(), task, target, built, &mut book);
    let records = book.records().into_iter();
    records
        .filter(|gate| gate.outcome == GateOutcome::Failed)
        .flat_map(|gate| {
            let of = format!("{} for {target}: gate `{}` failed: ", task.name, gate.name);
            gate.details
                .into_iter()
                .map(move |detail| format!("{of}{detail}"))
        })
        .collect()
}
