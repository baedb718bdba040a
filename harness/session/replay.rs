//! One lost call, made again.

use std::path::Path;
use std::time::Duration;

use glob::Pattern;

use super::pair::{WorkerFactory, WorkerHost, order};
use super::plan::{Cases, Selection};
use super::run::{device_choice, own_executable};
use super::stock::Stock;
use super::{GpuChoice, Machine, SessionError, Tool};
use crate::crash::{CrashDump, Finding, LostCall};
use crate::task::{Case, Task};
use crate::toolchain::{Built, GpuProfile, Project, Request, Side, Target, Toolchain, Unit};
use crate::worker::{CheckRequest, Confinement, Pairing, TimeRequest, Worker, WorkerError};

/// How a call is made again.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    pub tool: Tool,
    pub limit: Duration,
    pub memory_bytes: u64,
    pub confinement: Confinement,
}

/// What became of it.
pub struct Replayed {
    /// What is not as it was, each in words.
    pub differences: Vec<String>,
    /// What the call did, or why it was lost again.
    pub outcome: Result<String, WorkerError>,
    /// Faults that the tool found.
    pub findings: Vec<Finding>,
}

impl Replayed {
    /// Whether anything is wrong with the call still.
    pub fn is_faulty(&self) -> bool {
        self.outcome.is_err() || !self.findings.is_empty()
    }
}

/// A call to be made again, from the sources as they are now.
pub struct Replay<'a> {
    pub project: &'a Project,
    pub toolchain: &'a Toolchain,
    pub dump: &'a CrashDump,
    pub options: &'a ReplayOptions,
}

impl Replay<'_> {
    /// # Errors
    ///
    /// Where the call cannot be made: its task, row or device is not here, or its sources do not compile.
    pub fn run(&self) -> Result<Replayed, SessionError> {
        let task = Task::load(self.project.root(), &self.dump.task)?;
        let machine = Machine::find(self.device()?, self.toolchain.can_build_cuda(self.project))?;
        let case = self.case(&task, &machine)?;
        let built = self.build(&machine)?;
        let log = tempfile::NamedTempFile::new()
            .map_err(|error| SessionError::Worker(WorkerError::Start(error)))?;
        let factory = self.factory(&machine, &built, log.path())?;
        let order = match &self.dump.call {
            LostCall::Check { side, .. } => order(*side),
            LostCall::Time { order, .. } => order,
        };
        let mut worker = factory
            .start(order, 2 * case.output_bytes())
            .map_err(|error| SessionError::of_start(order[0], error))?;
        let outcome = self.call(&mut worker, &case);
        let mut said = match &outcome {
            Err(WorkerError::Died { stderr, .. }) => stderr.clone(),
            _ => String::new(),
        };
        if let Tool::ComputeSanitizer(_) = self.options.tool {
            worker.quit(self.options.limit);
            said = std::fs::read_to_string(log.path())
                .map_err(|error| SessionError::Worker(WorkerError::Start(error)))?;
        }
        Ok(Replayed {
            differences: self.differences(&task, &machine, &built),
            outcome,
            findings: Finding::all_of(&said),
        })
    }

    /// The device that the call was lost on, but that host sanitizers have one of their own.
    fn device(&self) -> Result<GpuChoice, SessionError> {
        if self.options.tool == Tool::HostSanitizers || self.dump.device == "emulated" {
            return Ok(GpuChoice::Emulated);
        }
        let profile = GpuProfile::named(&self.dump.device);
        profile
            .map(GpuChoice::Profile)
            .ok_or_else(|| SessionError::UnknownGpu {
                found: self.dump.device.clone(),
            })
    }

    /// Baseline and candidate, as their sources are now.
    fn build(&self, machine: &Machine) -> Result<[Built; 2], SessionError> {
        let target = match self.options.tool {
            Tool::HostSanitizers => Target::Sanitized,
            Tool::Nothing | Tool::ComputeSanitizer(_) => machine.target(),
        };
        let requests = Side::BOTH.map(|side| Request {
            task: self.dump.task.clone(),
            unit: Unit::Side {
                side,
                target: target.clone(),
            },
        });
        let mut built = self
            .toolchain
            .build_all(self.project, &requests)
            .into_iter();
        let mut next = || built.next().expect("every request should have its result");
        Ok([next()?, next()?])
    }

    fn factory(
        &self,
        machine: &Machine,
        built: &[Built; 2],
        log: &Path,
    ) -> Result<WorkerFactory, SessionError> {
        let confinement = self.options.confinement;
        let (instrument, confinement) =
            self.options
                .tool
                .instrument(self.toolchain, confinement, log)?;
        let [baseline, candidate] = built.each_ref().map(|built| built.library.clone());
        Ok(WorkerFactory {
            host: WorkerHost {
                executable: own_executable()?,
                device: device_choice(self.project, self.toolchain, machine)?,
                memory_bytes: self.options.memory_bytes,
                confinement,
                instrument,
            },
            stock: Stock::default(),
            baseline,
            candidate,
        })
    }

    fn case(&self, task: &Task, machine: &Machine) -> Result<Case, SessionError> {
        let exactly = Pattern::new(&Pattern::escape(&self.dump.row))
            .expect("an escaped id should be a pattern");
        let selection = Selection {
            rows: Some(exactly),
            set: None,
        };
        let cases = Cases::select(task, &selection, machine.is_emulated())?;
        Ok(cases
            .rows
            .into_iter()
            .chain(cases.grid)
            .next()
            .expect("a selection should not be empty"))
    }

    fn call(&self, worker: &mut Worker, case: &Case) -> Result<String, WorkerError> {
        let (case, limit) = (case.clone(), self.options.limit);
        match &self.dump.call {
            LostCall::Check { side, seed, poison } => {
                worker.send_check(CheckRequest {
                    case,
                    side: *side,
                    seed: *seed,
                    poison: *poison,
                    area: 0,
                })?;
                let reply = worker.checked(limit)?;
                Ok(format!(
                    "the {side} answered {} and launched {} nodes; its outputs are for `kda check` to judge",
                    reply.status,
                    reply.graph.nodes.len()
                ))
            }
            LostCall::Time { seed, plan, .. } => {
                worker.send_time(TimeRequest {
                    pairing: Pairing::Task,
                    case,
                    seed: *seed,
                    plan: *plan,
                })?;
                let reply = worker.timed(limit)?;
                for side in Side::BOTH {
                    worker.fetch(side, vec![0], 0, limit)?;
                }
                Ok(format!(
                    "both sides were sampled in {} blocks of {} calls",
                    reply.device.len(),
                    reply.calls_per_sample
                ))
            }
        }
    }

    /// What is not as it was when the call was lost.
    fn differences(&self, task: &Task, machine: &Machine, built: &[Built; 2]) -> Vec<String> {
        let then = &self.dump.sources;
        let commit = self.project.harness_commit();
        let [baseline, candidate] = built.each_ref().map(|built| built.source_hash.as_str());
        let mut pairs = vec![
            (
                "contract",
                then.contract_hash.as_str(),
                task.contract_hash.as_str(),
            ),
            ("harness", &then.harness_commit, &commit),
            ("device", &self.dump.device, machine.name()),
        ];
        // Headers of the emulated device are part of a source's hash there, and not on a GPU.
        if self.dump.device == machine.name() {
            pairs.push(("baseline's source", &then.baseline_source, baseline));
            pairs.push(("candidate's source", &then.candidate_source, candidate));
        }
        pairs
            .into_iter()
            .filter(|(_, then, now)| then != now)
            .map(|(what, then, now)| {
                format!("the {what} was {} and is {}", short(then), short(now))
            })
            .collect()
    }
}

/// The start of a hash; a name as it is.
fn short(text: &str) -> &str {
    match text.len() {
        64 => &text[..8],
        _ => text,
    }
}
