//! Building units side by side.

use rayon::prelude::*;

use super::built::Built;
use super::compiler::Toolchain;
use super::error::BuildError;
use super::job::{Job, Packed};
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
        self.build_unit(project, task, unit, Packed::Accepted)
    }

    fn build_unit(
        &self,
        project: &Project,
        task: &str,
        unit: &Unit,
        packed: Packed,
    ) -> Result<Built, BuildError> {
        Job {
            toolchain: self,
            project,
            task,
            unit,
            packed,
        }
        .run()
    }

    /// Builds the harness's own device code.
    pub fn build_support(&self, project: &Project, target: &Target) -> Result<Built, BuildError> {
        let target = target.clone();
        self.build(&project.of_harness(), DEVICE, &Unit::Support { target })
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
        let [baseline_unit, candidate_unit, oracle] = Unit::of_target(target);
        let both = |packed| {
            rayon::join(
                || self.build_unit(project, task, &baseline_unit, packed),
                || self.build_unit(project, task, &candidate_unit, packed),
            )
        };
        let (sides, oracle) = rayon::join(
            || both(Packed::Accepted),
            || self.build(project, task, &oracle),
        );
        let (mut baseline, mut candidate) = (sides.0?, sides.1?);
        if baseline.compiler != candidate.compiler {
            // In a bundle: one side was edited and compiled here, the other packed by another compiler.
            let again = both(Packed::Refused);
            (baseline, candidate) = (again.0?, again.1?);
        }
        Ok(TaskLibraries {
            baseline,
            candidate,
            oracle: oracle?,
        })
    }
}
