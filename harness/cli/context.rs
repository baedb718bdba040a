//! What most commands need.

use super::arguments::Tasks;
use super::exit::Failure;
use crate::task;
use crate::toolchain::{Project, Toolchain};

/// The project and the compilers found for it.
pub(super) struct Context {
    pub(super) project: Project,
    pub(super) toolchain: Toolchain,
}

impl Context {
    pub(super) fn find() -> Result<Self, Failure> {
        let project = Project::discover()?;
        let toolchain = Toolchain::find(&project);
        Ok(Self { project, toolchain })
    }

    /// The named tasks, or all of them.
    pub(super) fn task_names(&self, tasks: &Tasks) -> Result<Vec<String>, Failure> {
        if tasks.all {
            Ok(task::names(self.project.root())?)
        } else {
            Ok(tasks.tasks.clone())
        }
    }
}
