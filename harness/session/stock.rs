//! Workers that were opened before there is anything to load into them: a context takes as long as a quick row.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use tracing::debug;

use super::pair::WorkerHost;
use crate::worker::{Worker, WorkerError};

/// How many workers are opened beforehand, each with how much memory for outputs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stocked {
    pub(super) workers: usize,
    pub(super) shared_bytes: u64,
}

/// Workers with an open device that have loaded nothing.
#[derive(Clone, Default)]
pub(super) struct Stock(Arc<Mutex<Vec<Worker>>>);

impl Stock {
    /// Workers of `host`, opened beside each other.
    pub(super) fn of(host: &WorkerHost, stocked: Stocked) -> Result<Self, WorkerError> {
        // In the pool, whose threads live as long as the run: a worker dies with the thread that started it.
        let opening = (0..stocked.workers).into_par_iter();
        let opened: Result<Vec<Worker>, WorkerError> =
            opening.map(|_| host.open(stocked.shared_bytes)).collect();
        Ok(Self(Arc::new(Mutex::new(opened?))))
    }

    /// Opens more, one after the other. What cannot be opened now is opened when it is needed, and then says why.
    pub(super) fn add(&self, host: &WorkerHost, stocked: Stocked) {
        for _ in 0..stocked.workers {
            match host.open(stocked.shared_bytes) {
                Ok(worker) => self.workers().push(worker),
                Err(error) => debug!(%error, "no worker in advance"),
            }
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.workers().len()
    }

    /// A worker with at least so much memory for outputs.
    pub(super) fn take(&self, shared_bytes: u64) -> Option<Worker> {
        let mut workers = self.workers();
        let fits = |worker: &Worker| worker.shared().len() as u64 >= shared_bytes;
        let place = workers.iter().position(fits)?;
        Some(workers.swap_remove(place))
    }

    /// Ends those that nobody needed: they hold a context on the GPU.
    pub(super) fn clear(&self) {
        self.workers().clear();
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Worker>> {
        // A list of workers is whole whenever it is not locked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
