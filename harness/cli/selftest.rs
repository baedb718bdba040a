//! `kda selftest`.

use std::sync::Arc;
use std::time::Duration;

use super::Outcome;
use super::arguments::SelftestArguments;
use super::bench::{command_line, interrupt_flag, leave_cores_to_workers};
use super::context::Context;
use super::exit::exit_codes;
use super::terminal::Terminal;
use crate::report;
use crate::selftest::{Corpus, Specimen, Trial, Whereabouts};
use crate::session::{Depth, Machine, RunOptions, Selection};
use crate::worker::Confinement;

/// Most that a worker may take: tasks of the corpus are small, and one of its candidates takes all it gets.
const MEMORY_BYTES: u64 = 3 << 30;

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
        arguments
            .only
            .as_ref()
            .is_none_or(|glob| glob.matches(&specimen.name))
    };
    let meant: Vec<&Specimen> = corpus.specimens.iter().filter(is_meant).collect();
    let shows_here = |specimen: &&&Specimen| {
        let here = match machine.is_emulated() {
            true => [Whereabouts::Emulated].as_slice(),
            false => &[Whereabouts::Gpu, Whereabouts::Build],
        };
        specimen
            .whereabouts
            .iter()
            .any(|place| here.contains(place))
    };
    let mut found = Vec::new();
    for specimen in meant.iter().filter(shows_here) {
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
        let finding = trial.run(specimen, &options)?;
        found.push((*specimen, finding));
    }
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
