//! Building units side by side.

use rayon::prelude::*;

use super::built::Built;
use super::compiler::Toolchain;
use super::error::BuildError;
use super::job::Job;
use super::project::Project;
use super::target::{Target, Unit};

/// Stands for a task where the harness's own device code is built.
pub(super) const DEVICE: &str = "device";

/// The three libraries of one task for one target.
#[derive(Clone, Debug)]
pub struct TaskLibraries {
    pub baseline: Built,
    pub candidate: Built,
    pub oracle: Built,
}

/// One unit of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub task: String,
    pub unit: Unit,
}

impl Toolchain {
    /// Builds one unit, or finds it built: milliseconds when no source changed.
    pub fn build(&self, project: &Project, task: &str, unit: &Unit) -> Result<Built, BuildError> {
        Job {
            toolchain: self,
            project,
            task,
            unit,
        }
        .run()
    }

    /// Builds the harness's own device code.
    pub fn build_support(&self, project: &Project, target: &Target) -> Result<Built, BuildError> {
        let target = target.clone();
        self.build(project, DEVICE, &Unit::Support { target })
    }

    /// Builds each request, in parallel; one that fails stops no other. Results come in the requests' order.
    pub fn build_all(
        &self,
        project: &Project,
        requests: &[Request],
    ) -> Vec<Result<Built, BuildError>> {
        requests
            .par_iter()
            .map(|request| self.build(project, &request.task, &request.unit))
            .collect()
    }

    /// Both sides and the oracle of one task, in parallel. Of several failures, the baseline's comes first, then the
    /// candidate's.
    pub fn build_task(
        &self,
        project: &Project,
        task: &str,
        target: &Target,
    ) -> Result<TaskLibraries, BuildError> {
        let [baseline, candidate, oracle] = Unit::of_target(target);
        let (sides, oracle) = rayon::join(
            || {
                rayon::join(
                    || self.build(project, task, &baseline),
                    || self.build(project, task, &candidate),
                )
            },
            || self.build(project, task, &oracle),
        );
        Ok(TaskLibraries {
            baseline: sides.0?,
            candidate: sides.1?,
            oracle: oracle?,
        })
    }
}
