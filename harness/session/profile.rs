//! One call of both sides under Nsight Compute.

mod counted;

use std::collections::BTreeMap;
use std::path::Path;

use counted::{counted, launched, lost};

use super::graphs::graphs;
use super::judging::NAN_POISON;
use super::pair::{WorkerFactory, WorkerHost, order};
use super::plan::Cases;
use super::run::worker_factory;
use super::{CallGraph, Machine, RunOptions, SessionError};
use crate::ledger::BoundClass;
use crate::profile::{
    KernelCounters, Lane, Launched, ProfileError, ProfileRecord, ProfiledKernel, Profiler, units,
};
use crate::task::{Case, Task};
use crate::toolchain::{Project, Side, TaskLibraries, Toolchain};
use crate::worker::{CheckRequest, Confinement, Instrument, WorkerError};

/// One row to be profiled; the options select it alone.
pub struct Profile<'a> {
    pub project: &'a Project,
    pub toolchain: &'a Toolchain,
    pub task: &'a Task,
    pub machine: &'a Machine,
    pub options: &'a RunOptions,
    pub profiler: &'a Profiler,
    pub class: BoundClass,
    pub lane: Lane,
}

impl Profile<'_> {
    /// # Errors
    ///
    /// Where a call cannot be made, or the profiler cannot count in it.
    pub fn run(&self) -> Result<ProfileRecord, SessionError> {
        let Machine::Gpu { gpu, .. } = self.machine else {
            return Err(ProfileError::Emulated.into());
        };
        let (project, toolchain, options) = (self.project, self.toolchain, self.options);
        let cases = Cases::select(self.task, &options.selection, false)?;
        let case = cases.rows.into_iter().next();
        let case = case.ok_or_else(|| SessionError::NothingSelected {
            what: "--row".to_owned(),
        })?;
        let built = toolchain.build_task(project, &self.task.name, &self.machine.target())?;
        // What a call launches is found out first: only that is profiled.
        let calls = graphs(project, toolchain, self.task, self.machine, options)?;
        let factory = worker_factory(project, toolchain, self.machine, &built, options)?;
        let units = units(self.class);
        let mut kernels = Vec::new();
        for call in &calls {
            let counted = self.count(&factory, &case, call)?;
            let kernel = |counters| profiled(call.side, counters, &units, &built);
            kernels.extend(counted.into_iter().map(kernel));
        }
        Ok(ProfileRecord {
            format: crate::profile::FORMAT,
            task: self.task.name.clone(),
            row: case.id.clone(),
            entry: None,
            baseline_source: built.baseline.source_hash.clone(),
            candidate_source: built.candidate.source_hash.clone(),
            gpu: gpu.name.clone(),
            driver: gpu.driver.clone(),
            ncu: self.profiler.version.clone(),
            command: options.command.clone(),
            class: self.class,
            lane: self.lane,
            clocks: "not controlled".to_owned(),
            contract_bytes: case.moved_bytes(),
            units,
            kernels,
        })
    }

    /// The counters of one side's call.
    fn count(
        &self,
        factory: &WorkerFactory,
        case: &Case,
        call: &CallGraph,
    ) -> Result<Vec<KernelCounters>, SessionError> {
        let side = call.side;
        if let Some(why) = &call.lost {
            return Err(lost(call, why.clone()).into());
        }
        let launched = launched(call);
        if launched.0.is_empty() {
            let row = case.id.clone();
            return Err(ProfileError::NoKernel { row, side }.into());
        }
        let log = tempfile::NamedTempFile::new().map_err(ProfileError::Log)?;
        let made = self.call(factory, case, side, &launched, log.path());
        let said = std::fs::read_to_string(log.path()).map_err(ProfileError::Log)?;
        Ok(counted(call, &launched, made, &said)?)
    }

    fn call(
        &self,
        factory: &WorkerFactory,
        case: &Case,
        side: Side,
        launched: &Launched,
        log: &Path,
    ) -> Result<(), WorkerError> {
        let words = self.profiler.words(launched, self.class, self.lane, log);
        let host = WorkerHost {
            // The profiler starts processes and talks to what it injects into the worker.
            confinement: Confinement::Off,
            instrument: Instrument::Program(words),
            ..factory.host.clone()
        };
        let factory = WorkerFactory {
            host,
            ..factory.clone()
        };
        let limit = self.options.limit;
        let mut worker = factory.start(order(side), 2 * case.output_bytes())?;
        worker.send_check(CheckRequest {
            case: case.clone(),
            side,
            seed: self.options.seed,
            poison: [NAN_POISON; 2],
            area: 0,
        })?;
        worker.checked(limit)?;
        worker.quit(limit);
        Ok(())
    }
}

/// What was counted, with what the object says of the kernel; a declined call's kernels are the baseline's.
fn profiled(
    side: Side,
    mut counters: KernelCounters,
    asked: &BTreeMap<String, String>,
    built: &TaskLibraries,
) -> ProfiledKernel {
    // The profiler adds what it knows of the device.
    counters.values.retain(|name, _| asked.contains_key(name));
    let objects = match side {
        Side::Baseline => [&built.baseline, &built.candidate],
        Side::Candidate => [&built.candidate, &built.baseline],
    };
    let mut kernels = objects.into_iter().flat_map(|object| &object.facts.kernels);
    let facts = kernels.find(|kernel| kernel.name == counters.name);
    ProfiledKernel {
        side,
        local_bytes: facts.map(|facts| facts.local_bytes),
        metrics: counters.values,
        name: counters.name,
    }
}
