//! `kda build`.

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
    let mut first = None;
    for name in context.task_names(&arguments.tasks)? {
        // Says which task is meant where a name is mistyped.
        Task::load(context.project.root(), &name)?;
        for target in &targets {
            let built = context
                .toolchain
                .build_task(&context.project, &name, target);
            match built {
                Ok(_) => terminal.result(&format!("{name}: built for {target}"))?,
                Err(error) => {
                    terminal.remark(&error.to_string())?;
                    first.get_or_insert(error);
                }
            }
        }
    }
    for target in &targets {
        context.toolchain.build_support(&context.project, target)?;
    }
    match first {
        None => Ok(exit_codes::PASSED),
        Some(error) => Err(Failure::Build(error)),
    }
}
