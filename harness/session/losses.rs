//! The crash dumps of a run.

use std::cell::RefCell;

use super::Progress;
use crate::crash::{CrashFolder, CrashedRun, LostCall};
use crate::task::Case;
use crate::worker::WorkerError;

/// Keeps a dump of every lost call.
pub(super) struct Losses<'a> {
    folder: CrashFolder,
    run: CrashedRun,
    progress: &'a dyn Progress,
    unkept: RefCell<Vec<String>>,
}

impl<'a> Losses<'a> {
    pub(super) fn new(folder: CrashFolder, run: CrashedRun, progress: &'a dyn Progress) -> Self {
        Self {
            folder,
            run,
            progress,
            unkept: RefCell::default(),
        }
    }

    /// Writes the dump of a call that came to `error`. A folder that takes none costs a warning, not the run.
    pub(super) fn keep(&self, case: &Case, call: LostCall, error: &WorkerError, said: &str) {
        let dump = self.run.lost(case, call, error, said);
        match self.folder.keep(&dump) {
            Ok(path) => self.progress.lost(&case.id, &path),
            Err(error) => self.unkept.borrow_mut().push(format!(
                "no crash dump of `{}`: {error}: {}",
                case.id,
                std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)
            )),
        }
    }

    /// A warning for each dump that could not be written.
    pub(super) fn unkept(&self) -> Vec<String> {
        self.unkept.borrow().clone()
    }
}
