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
use crate::session::{GpuChoice, Machine};
use crate::task::Task;
use crate::toolchain::Target;

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
    for name in &names {
        // Says which task is meant where a name is mistyped.
        Task::load(context.project.root(), name)?;
    }
    let jobs: Vec<(&String, &Target)> = names
        .iter()
        .flat_map(|name| targets.iter().map(move |target| (name, target)))
        .collect();
    // A side takes one core at a time, so that tasks are built beside each other; lines come in order all the same.
    let (done, finished) = mpsc::channel();
    let first = thread::scope(|scope| {
        scope.spawn(|| {
            jobs.par_iter()
                .enumerate()
                .for_each_with(done, |done, (at, (name, target))| {
                    let built = context.toolchain.build_task(&context.project, name, target);
                    // Nobody listens any more where a line could not be written.
                    let _ = done.send((at, built));
                });
        });
        let mut waiting = BTreeMap::new();
        let mut first = None;
        for (at, (name, target)) in jobs.iter().enumerate() {
            let built = loop {
                if let Some(built) = waiting.remove(&at) {
                    break built;
                }
                let (other, built) = finished.recv().expect("every job should send its result");
                waiting.insert(other, built);
            };
            match built {
                Ok(_) => terminal.result(&format!("{name}: built for {target}"))?,
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
        None => Ok(exit_codes::PASSED),
        Some(error) => Err(Failure::Build(error)),
    }
}
