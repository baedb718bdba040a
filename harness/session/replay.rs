//! One lost call, made again.

use std::path::Path;
use std::time::Duration;

use glob::Pattern;

use super::pair::{WorkerFactory, order};
use super::plan::{Cases, Selection};
use super::run::{device_choice, own_executable};
use super::{GpuChoice, Machine, SessionError};
use crate::crash::{CrashDump, Finding, LostCall};
use crate::task::{Case, Task};
use crate::toolchain::{
    Built, GpuProfile, Project, Side, Target, Toolchain, Unit, compute_sanitizer,
};
use crate::worker::{CheckRequest, Confinement, Instrument, TimeRequest, Worker, WorkerError};

/// What a call is made again under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Nothing,
    /// AddressSanitizer and UBSan in the sides themselves, on the emulated device.
    HostSanitizers,
    /// NVIDIA's compute-sanitizer, on a GPU.
    ComputeSanitizer(SanitizerTool),
}

/// What compute-sanitizer looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanitizerTool {
    Memcheck,
    Racecheck,
    Initcheck,
    Synccheck,
}

impl SanitizerTool {
    /// As compute-sanitizer names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memcheck => "memcheck",
            Self::Racecheck => "racecheck",
            Self::Initcheck => "initcheck",
            Self::Synccheck => "synccheck",
        }
    }
}

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
        let target = match self.options.tool {
            Tool::HostSanitizers => Target::Sanitized,
            Tool::Nothing | Tool::ComputeSanitizer(_) => machine.target(),
        };
        let build = |side| {
            let unit = Unit::Side {
                side,
                target: target.clone(),
            };
            self.toolchain.build(self.project, &task.name, &unit)
        };
        let built = [build(Side::Baseline)?, build(Side::Candidate)?];
        let log = tempfile::NamedTempFile::new()
            .map_err(|error| SessionError::Worker(WorkerError::Start(error)))?;
        let (instrument, confinement) = self.instrument(log.path())?;
        let [baseline, candidate] = built.each_ref().map(|built| built.library.clone());
        let factory = WorkerFactory {
            executable: own_executable()?,
            device: device_choice(self.project, self.toolchain, &machine)?,
            baseline,
            candidate,
            memory_bytes: self.options.memory_bytes,
            confinement,
            instrument,
        };
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

    fn instrument(&self, log: &Path) -> Result<(Instrument, Confinement), SessionError> {
        Ok(match self.options.tool {
            Tool::Nothing => (Instrument::Nothing, self.options.confinement),
            Tool::HostSanitizers => {
                let runtime = self.toolchain.sanitizer_runtime()?;
                let instrument = Instrument::AddressSanitizer { runtime };
                (instrument, self.options.confinement)
            }
            // It starts processes and talks to what it injects into the worker.
            Tool::ComputeSanitizer(tool) => {
                let program = compute_sanitizer().ok_or(SessionError::NoComputeSanitizer)?;
                let words = words(&program, tool, log);
                (Instrument::Program(words), Confinement::Off)
            }
        })
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

fn words(program: &Path, tool: SanitizerTool, log: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    vec![
        text(program),
        "--tool".to_owned(),
        tool.name().to_owned(),
        "--log-file".to_owned(),
        text(log),
        "--print-limit".to_owned(),
        "20".to_owned(),
    ]
}

/// The start of a hash; a name as it is.
fn short(text: &str) -> &str {
    match text.len() {
        64 => &text[..8],
        _ => text,
    }
}
