//! Workers that are replaced when they die.

use std::path::PathBuf;

use super::SessionError;
use super::stock::Stock;
use crate::toolchain::Side;
use crate::worker::{
    Confinement, DeviceChoice, Instrument, Pairing, SideLibrary, Worker, WorkerError, WorkerSpec,
};

/// Deaths after which a side's remaining cases are given up: each costs a process and a context.
const MAX_DEATHS: usize = 20;

/// What all workers of a run have in common, whatever they load.
#[derive(Clone, Debug)]
pub(super) struct WorkerHost {
    pub(super) executable: PathBuf,
    pub(super) device: DeviceChoice,
    pub(super) memory_bytes: u64,
    pub(super) confinement: Confinement,
    pub(super) instrument: Instrument,
}

impl WorkerHost {
    pub(super) fn open(&self, shared_bytes: u64) -> Result<Worker, WorkerError> {
        Worker::open(&WorkerSpec {
            executable: self.executable.clone(),
            device: self.device.clone(),
            shared_bytes,
            memory_bytes: self.memory_bytes,
            confinement: self.confinement,
            instrument: self.instrument.clone(),
        })
    }
}

/// How workers of a run are started.
#[derive(Clone)]
pub(super) struct WorkerFactory {
    pub(super) host: WorkerHost,
    /// Workers that need not be opened any more.
    pub(super) stock: Stock,
    pub(super) baseline: PathBuf,
    pub(super) candidate: PathBuf,
}

/// What a timed worker loads besides the task's sides.
#[derive(Clone, Debug)]
pub(super) struct ControlLibraries {
    /// A second copy of the baseline's library.
    pub(super) twin: PathBuf,
    /// The library that holds both sides of the planted pair.
    pub(super) planted: Option<PathBuf>,
}

/// Which of the two copies stands as the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Roles {
    AsBuilt,
    Swapped,
}

impl WorkerFactory {
    pub(super) fn start(&self, order: &[Side], shared_bytes: u64) -> Result<Worker, WorkerError> {
        self.start_with(self.sides(order), shared_bytes)
    }

    /// A worker that times: with the sides of the controls.
    pub(super) fn start_timed(
        &self,
        order: &[Side],
        controls: Option<&ControlLibraries>,
        roles: Roles,
        shared_bytes: u64,
    ) -> Result<Worker, WorkerError> {
        let mut sides = self.sides(order);
        if let Some(controls) = controls {
            let [first, second] = match roles {
                Roles::AsBuilt => [&self.baseline, &controls.twin],
                Roles::Swapped => [&controls.twin, &self.baseline],
            };
            let mut add = |pairing, side, path: &PathBuf| {
                sides.push(SideLibrary {
                    pairing,
                    side,
                    path: path.clone(),
                });
            };
            add(Pairing::Twins, Side::Baseline, first);
            add(Pairing::Twins, Side::Candidate, second);
            if let Some(planted) = &controls.planted {
                add(Pairing::Planted, Side::Baseline, planted);
                add(Pairing::Planted, Side::Candidate, planted);
            }
        }
        self.start_with(sides, shared_bytes)
    }

    fn start_with(
        &self,
        sides: Vec<SideLibrary>,
        shared_bytes: u64,
    ) -> Result<Worker, WorkerError> {
        let mut worker = match self.stock.take(shared_bytes) {
            Some(worker) => worker,
            None => self.host.open(shared_bytes)?,
        };
        worker.load(sides)?;
        Ok(worker)
    }

    fn sides(&self, order: &[Side]) -> Vec<SideLibrary> {
        let library = |side: &Side| SideLibrary {
            pairing: Pairing::Task,
            side: *side,
            path: match side {
                Side::Baseline => self.baseline.clone(),
                Side::Candidate => self.candidate.clone(),
            },
        };
        order.iter().map(library).collect()
    }
}

/// One side's worker, started anew after each death.
pub(super) struct Replaceable<'a> {
    factory: &'a WorkerFactory,
    side: Side,
    shared_bytes: u64,
    worker: Option<Worker>,
    deaths: usize,
}

impl<'a> Replaceable<'a> {
    pub(super) fn start(
        factory: &'a WorkerFactory,
        side: Side,
        shared_bytes: u64,
    ) -> Result<Self, SessionError> {
        let worker = factory.start(order(side), shared_bytes);
        let worker = worker.map_err(|error| SessionError::of_start(side, error))?;
        Ok(Self {
            factory,
            side,
            shared_bytes,
            worker: Some(worker),
            deaths: 0,
        })
    }

    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// The worker; one that died is replaced first. `None` once too many have died.
    pub(super) fn worker(&mut self) -> Result<Option<&mut Worker>, SessionError> {
        if self.worker.is_none() && self.deaths < MAX_DEATHS {
            let started = self.factory.start(order(self.side), self.shared_bytes);
            self.worker = Some(started.map_err(|error| SessionError::of_start(self.side, error))?);
        }
        Ok(self.worker.as_mut())
    }

    /// The running worker, as it is.
    pub(super) fn running(&mut self) -> Option<&mut Worker> {
        self.worker.as_mut()
    }

    /// Takes note of an error: a worker that is not usable any more is dropped.
    pub(super) fn failed(&mut self, error: &WorkerError) {
        if !error.worker_is_usable() {
            self.worker = None;
            self.deaths += 1;
        }
    }
}

/// The candidate's worker holds the baseline too, for what the candidate declines.
pub(super) fn order(side: Side) -> &'static [Side] {
    match side {
        Side::Baseline => &[Side::Baseline],
        Side::Candidate => &[Side::Candidate, Side::Baseline],
    }
}
