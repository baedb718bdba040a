//! One call of both sides under Nsight Compute.

use std::collections::BTreeMap;
use std::path::Path;

use super::graphs::graphs;
use super::pair::{WorkerFactory, order};
use super::plan::Cases;
use super::run::worker_factory;
use super::screening::{NAN_POISON, tell};
use super::{CallGraph, Machine, RunOptions, SessionError};
use crate::ledger::BoundClass;
use crate::profile::{
    KernelCounters, Lane, Launched, ProfileError, ProfileRecord, ProfiledKernel, Profiler,
    complaints, read_counters, units,
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
        let factory = WorkerFactory {
            // The profiler starts processes and talks to what it injects into the worker.
            confinement: Confinement::Off,
            instrument: Instrument::Program(words),
            ..factory.clone()
        };
        let limit = self.options.limit;
        let mut worker = factory.start(order(side), 2 * case.output_bytes())?;
        worker.send_check(CheckRequest {
            case: case.clone(),
            side,
            seed: self.options.seed,
            poison: [NAN_POISON; 2],
        })?;
        worker.checked(limit)?;
        worker.quit(limit);
        Ok(())
    }
}

/// One count for each kernel of the call, of what the profiler `said`.
fn counted(
    call: &CallGraph,
    launched: &Launched,
    made: Result<(), WorkerError>,
    said: &str,
) -> Result<Vec<KernelCounters>, ProfileError> {
    // What the profiler says comes first: where it may not count, it can take the worker with it.
    let counted = read_counters(said)?;
    if let Err(error) = made {
        let complaints = complaints(said);
        return Err(match complaints.is_empty() {
            true => lost(call, tell(&error)),
            false => ProfileError::GaveUp {
                side: call.side,
                said: complaints,
                cause: tell(&error),
            },
        });
    }
    if counted.len() != launched.0.len() {
        return Err(ProfileError::incomplete(
            call.side, &counted, launched, said,
        ));
    }
    Ok(counted)
}

fn lost(call: &CallGraph, cause: String) -> ProfileError {
    ProfileError::Lost {
        row: call.row.clone(),
        side: call.side,
        cause,
    }
}

/// Kernels of a captured call, in launch order.
fn launched(call: &CallGraph) -> Launched {
    let nodes = call.nodes.iter();
    // Memsets and copies are described by one word, and are no kernels.
    let names = nodes.filter_map(|(node, _)| Some(node.split_once(' ')?.0.to_owned()));
    Launched(names.collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "==PROF== Connected to process 7 (/x)\n\
        \"ID\",\"Kernel Name\",\"gpu__time_duration.sum\"\n\
        \"\",\"\",\"ns\"\n\
        \"0\",\"first\",\"2,048\"\n";

    fn call() -> CallGraph {
        let node = |text: &str| (text.to_owned(), String::new());
        CallGraph {
            row: "row".to_owned(),
            side: Side::Baseline,
            fingerprint: String::new(),
            nodes: vec![
                node("first grid 1x1x1 block 32x1x1 smem 0"),
                node("memset"),
                node("first grid 2x1x1 block 32x1x1 smem 0"),
            ],
            faults: Vec::new(),
            lost: None,
        }
    }

    fn died() -> Result<(), WorkerError> {
        Err(WorkerError::Start(std::io::Error::other("it ended")))
    }

    fn of(made: Result<(), WorkerError>, said: &str) -> Result<Vec<KernelCounters>, ProfileError> {
        counted(&call(), &launched(&call()), made, said)
    }

    #[test]
    fn memsets_are_no_kernels() {
        assert_eq!(launched(&call()).0, ["first", "first"]);
    }

    #[test]
    fn a_call_is_counted_when_each_of_its_kernels_is() {
        let both = format!("{TABLE}\"1\",\"first\",\"1,024\"\n");
        let counted = of(Ok(()), &both).expect("both are there");
        let durations = counted.iter().map(|kernel| &kernel.values);
        let durations: Vec<f64> = durations.map(|of| of["gpu__time_duration.sum"]).collect();
        assert_eq!(durations, [2048.0, 1024.0]);
        let error = of(Ok(()), TABLE).expect_err("one is missing");
        assert_eq!(
            error.to_string(),
            "ncu profiled 1 kernels of the baseline where the call launches 2"
        );
    }

    #[test]
    fn what_the_profiler_says_comes_before_what_became_of_the_worker() {
        let denied = "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission\n";
        assert!(matches!(
            of(died(), denied),
            Err(ProfileError::NoPermission)
        ));
        let unfit = "==ERROR== The driver is too old.\n==ERROR== Nothing was profiled.\n";
        let error = of(died(), unfit).expect_err("nothing was counted");
        assert_eq!(
            error.to_string(),
            "ncu gave up on the call of the baseline: The driver is too old.; Nothing was profiled. (starting a worker \
             process: it ended)"
        );
        let error = of(died(), "").expect_err("nothing was counted");
        assert!(
            error
                .to_string()
                .starts_with("`row` of the baseline was lost: "),
            "{error}"
        );
    }

    #[test]
    fn a_table_that_was_cut_gives_no_record() {
        let cut = &TABLE[..TABLE.len() - 4];
        for made in [Ok(()), died()] {
            assert!(matches!(of(made, cut), Err(ProfileError::CutShort)));
        }
    }
}
