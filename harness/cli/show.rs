//! `kda show`.

use std::time::Duration;

use super::Outcome;
use super::arguments::ShowArguments;
use super::context::Context;
use super::exit::exit_codes;
use super::setup::{command_line, interrupt_flag};
use super::terminal::Terminal;
use crate::report::{self, json};
use crate::session::{self, Depth, Machine, RunOptions, Selection};
use crate::task::{Case, Task};
use crate::worker::{Confinement, default_memory_limit};

pub(super) fn show(arguments: &ShowArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let task = Task::load(context.project.root(), &arguments.task)?;
    if arguments.graph {
        return graph(arguments, &context, &task, terminal);
    }
    let taken = |row: &&Case| {
        arguments
            .rows
            .as_ref()
            .is_none_or(|glob| glob.matches(&row.id))
    };
    let rows: Vec<&Case> = task.rows.iter().filter(taken).collect();
    match arguments.json {
        true => terminal.json(|out| json::contract(&task, &rows, out))?,
        false => terminal.result(&report::contract(&task, &rows, terminal.color()))?,
    }
    Ok(exit_codes::PASSED)
}

fn graph(
    arguments: &ShowArguments,
    context: &Context,
    task: &Task,
    terminal: &Terminal,
) -> Outcome {
    let can_build = context.toolchain.can_build_cuda(&context.project);
    let machine = Machine::find(arguments.gpu, can_build)?;
    terminal.remark(&format!("{}: {}", task.name, machine.describe()))?;
    let options = RunOptions {
        depth: Depth::Check,
        selection: Selection {
            rows: arguments.rows.clone(),
            set: None,
        },
        seed: rand::random(),
        limit: Duration::from_secs(60),
        memory_bytes: default_memory_limit(),
        confinement: Confinement::BestEffort,
        blind: Vec::new(),
        command: command_line(),
        interrupted: interrupt_flag(),
    };
    let (project, toolchain) = (&context.project, &context.toolchain);
    let captured = session::graphs(project, toolchain, task, &machine, &options)?;
    terminal.result(&report::graphs(&captured, terminal.color()))?;
    let is_lost = captured.iter().any(|graph| graph.lost.is_some());
    let is_faulty = captured.iter().any(|graph| !graph.faults.is_empty());
    Ok(match (is_lost, is_faulty) {
        (true, _) => exit_codes::ROW_LOST,
        (false, true) => exit_codes::GATE_FAILED,
        (false, false) => exit_codes::PASSED,
    })
}
