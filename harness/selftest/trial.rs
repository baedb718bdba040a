//! One specimen through the gates.

use crate::gate::{GateBook, check_objects};
use crate::ledger::{GateRecord, Outcome};
use crate::session::{self, Machine, RunOptions, SessionError, Silent};
use crate::task::Task;
use crate::toolchain::{Arch, Project, Target, Toolchain};

use super::{Kind, Specimen};

/// What specimens are compiled for where no GPU is.
const INSPECTED: Arch = Arch::Sm90a;

/// Runs specimens on one machine.
pub struct Trial<'a> {
    pub project: &'a Project,
    pub toolchain: &'a Toolchain,
    pub machine: &'a Machine,
}

/// What became of a specimen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Gates that failed, in their order, or why nothing was run.
    pub failed: Vec<String>,
    /// The first failure of the gate that must catch it, else of the first that failed.
    pub reason: String,
    pub verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A cheat, by the gate that must.
    Caught,
    /// An honest candidate.
    Passed,
    /// A cheat, by another gate.
    CaughtElsewhere,
    /// A cheat, by none.
    GotThrough,
    /// An honest candidate that a gate rejected.
    Rejected,
}

impl Verdict {
    pub fn is_good(self) -> bool {
        matches!(self, Self::Caught | Self::Passed)
    }
}

impl Trial<'_> {
    /// Builds the specimen and runs it as any candidate, to the end of a quick bench.
    ///
    /// # Errors
    ///
    /// Where the specimen is not to blame: a task that does not load, no device, an interrupt.
    pub fn run(&self, specimen: &Specimen, options: &RunOptions) -> Result<Finding, SessionError> {
        let project = self.project.with_corpus_candidate(&specimen.path());
        let task = Task::load_of_corpus(project.root(), &specimen.task)?;
        let run = session::run(
            &project,
            self.toolchain,
            &task,
            self.machine,
            options,
            &Silent,
        );
        let failures = match run {
            Ok(finished) => failures(finished.entry.gates),
            Err(SessionError::Build(error)) => vec![("build".to_owned(), error.to_string())],
            Err(SessionError::Load { source, .. }) => {
                vec![("load".to_owned(), session::tell(&source))]
            }
            Err(error) => return Err(error),
        };
        Ok(judge(specimen, failures))
    }

    /// Compiles the specimen for a GPU, and puts what the compiler left through the gates that need no run.
    ///
    /// # Errors
    ///
    /// A task that does not load.
    pub fn inspect(&self, specimen: &Specimen) -> Result<Finding, SessionError> {
        let project = self.project.with_corpus_candidate(&specimen.path());
        let task = Task::load_of_corpus(project.root(), &specimen.task)?;
        let target = match self.machine.is_emulated() {
            true => Target::cuda(INSPECTED),
            false => self.machine.target(),
        };
        let failures = match self.toolchain.build_task(&project, &task.name, &target) {
            Ok(built) => {
                let mut book = GateBook::blind_to(&specimen.past);
                check_objects(project.root(), &task, &target, &built, &mut book);
                failures(book.records())
            }
            Err(error) => vec![("build".to_owned(), error.to_string())],
        };
        Ok(judge(specimen, failures))
    }
}

/// Failed gates with the first reason of each.
fn failures(gates: Vec<GateRecord>) -> Vec<(String, String)> {
    gates
        .into_iter()
        .filter(|gate| gate.outcome == Outcome::Failed)
        .map(|gate| {
            (
                gate.name,
                gate.details.into_iter().next().unwrap_or_default(),
            )
        })
        .collect()
}

/// `failures` are gates with their reasons.
fn judge(specimen: &Specimen, failures: Vec<(String, String)>) -> Finding {
    let is_wanted = |gate: &String| {
        specimen
            .gate
            .iter()
            .chain(&specimen.or)
            .any(|name| name == gate)
    };
    let of_wanted = failures.iter().find(|(gate, _)| is_wanted(gate));
    let verdict = match (specimen.kind, of_wanted.is_some(), failures.is_empty()) {
        (Kind::Cheat, true, _) => Verdict::Caught,
        (Kind::Cheat, false, true) => Verdict::GotThrough,
        (Kind::Cheat, false, false) => Verdict::CaughtElsewhere,
        (Kind::Honest, _, true) => Verdict::Passed,
        (Kind::Honest, _, false) => Verdict::Rejected,
    };
    let reason = of_wanted
        .or(failures.first())
        .map(|(_, reason)| reason.clone());
    Finding {
        reason: reason.unwrap_or_default(),
        failed: failures.into_iter().map(|(gate, _)| gate).collect(),
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specimen(line: &str) -> Specimen {
        let fixed = "name = 'x'\ntask = 't'\nwhere = ['gpu']\ndoes = 'nothing'\n";
        toml::from_str(&format!("{fixed}{line}")).expect("the specimen should be one")
    }

    fn verdict(specimen: &Specimen, failed: &[&str]) -> Verdict {
        let failures = failed
            .iter()
            .map(|gate| ((*gate).to_owned(), String::new()));
        judge(specimen, failures.collect()).verdict
    }

    #[test]
    fn a_cheat_is_caught_by_its_own_gate_alone() {
        let cheat = specimen("kind = 'cheat'\ngate = 'graph'");
        assert_eq!(verdict(&cheat, &["graph", "written"]), Verdict::Caught);
        assert_eq!(verdict(&cheat, &["written"]), Verdict::CaughtElsewhere);
        assert_eq!(verdict(&cheat, &[]), Verdict::GotThrough);
        let either = specimen("kind = 'cheat'\ngate = 'redrawn'\nor = ['tolerance']");
        assert_eq!(verdict(&either, &["tolerance"]), Verdict::Caught);
    }

    #[test]
    fn an_honest_candidate_passes_or_is_rejected() {
        let honest = specimen("kind = 'honest'");
        assert_eq!(verdict(&honest, &[]), Verdict::Passed);
        assert_eq!(verdict(&honest, &["graph"]), Verdict::Rejected);
    }
}
