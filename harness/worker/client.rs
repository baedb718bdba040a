//! The parent's handle on a worker.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use super::deadline::Deadline;
use super::process::{Instrument, WorkerProcess};
use super::protocol::{
    CheckReply, CheckRequest, DeviceChoice, Fault, FetchedOutputs, Reply, Request, SideLibrary,
    TimeReply, TimeRequest, receive, send,
};
use super::sandbox::{Confinement, Sandbox};
use super::shared::SharedMemory;
use crate::device::{Facts, Peaks};
use crate::toolchain::Side;

/// Time to open a device and to load both sides.
const OPEN_LIMIT: Duration = Duration::from_secs(120);

/// End of a dead worker's standard error that goes into the message, in bytes.
const STDERR_TAIL: usize = 2000;

/// What a worker is to be.
#[derive(Clone, Debug)]
pub struct WorkerSpec {
    pub executable: PathBuf,
    pub device: DeviceChoice,
    pub shared_bytes: u64,
    /// What it may take besides the shared memory.
    pub memory_bytes: u64,
    pub confinement: Confinement,
    pub instrument: Instrument,
}

/// A running worker; killed when dropped.
pub struct Worker {
    process: WorkerProcess,
    socket: UnixStream,
    shared: Arc<SharedMemory>,
    memory_bytes: u64,
    opened: Option<(Facts, Sandbox)>,
}

/// Why a request has no reply.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("starting a worker process")]
    Start(#[source] io::Error),
    #[error("the worker died ({cause}){}", told(stderr))]
    Died { cause: String, stderr: String },
    #[error("the worker gave no answer within {} s and was stopped; a kernel may hang", limit.as_secs())]
    TimedOut { limit: Duration },
    #[error(
        "the worker took {} MiB of memory where it may take {} MiB, and was stopped; --memory-limit sets the limit",
        used >> 20,
        limit >> 20
    )]
    OutOfMemory { used: u64, limit: u64 },
    #[error("the worker sent what is no reply to its request")]
    Confused,
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl WorkerError {
    /// Whether the worker can still take requests.
    pub fn worker_is_usable(&self) -> bool {
        match self {
            Self::Fault(Fault::Device(error)) => !error.is_fatal(),
            Self::Fault(Fault::Contract(_)) => true,
            Self::Fault(Fault::Load { .. })
            | Self::Start(_)
            | Self::Died { .. }
            | Self::TimedOut { .. }
            | Self::OutOfMemory { .. }
            | Self::Confused => false,
        }
    }

    /// What happened, on one line, without what the worker said.
    pub fn cause(&self) -> String {
        let mut text = match self {
            Self::Died { cause, .. } => format!("the worker died ({cause})"),
            error => error.to_string(),
        };
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        text
    }
}

fn told(stderr: &str) -> String {
    let text = stderr.trim();
    if text.is_empty() {
        return String::new();
    }
    let start = text.ceil_char_boundary(text.len().saturating_sub(STDERR_TAIL));
    format!("; its last words: {}", &text[start..])
}

impl Worker {
    /// Starts a worker and opens its device.
    pub fn open(spec: &WorkerSpec) -> Result<Self, WorkerError> {
        let mut worker = Self::spawn(spec).map_err(WorkerError::Start)?;
        let open = Request::Open {
            device: spec.device.clone(),
            confinement: spec.confinement,
        };
        match worker.ask(&open, OPEN_LIMIT)? {
            Reply::Opened {
                facts,
                sandbox,
                spent,
            } => {
                debug!(pid = worker.id(), spent_ms = ?spent, "worker opened");
                worker.opened = Some((facts, sandbox));
                Ok(worker)
            }
            _ => Err(WorkerError::Confused),
        }
    }

    /// Loads sides, in this order, once.
    pub fn load(&mut self, sides: Vec<SideLibrary>) -> Result<(), WorkerError> {
        match self.ask(&Request::Load { sides }, OPEN_LIMIT)? {
            Reply::Loaded => Ok(()),
            _ => Err(WorkerError::Confused),
        }
    }

    fn spawn(spec: &WorkerSpec) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        // A worker that reads nothing must not hold its parent either.
        socket.set_write_timeout(Some(OPEN_LIMIT))?;
        let shared = Arc::new(SharedMemory::create(spec.shared_bytes)?);
        let descriptors = [theirs.as_raw_fd(), shared.file().as_raw_fd()];
        Ok(Self {
            process: WorkerProcess::spawn(spec, descriptors)?,
            socket,
            shared,
            memory_bytes: spec.memory_bytes,
            opened: None,
        })
    }

    pub fn facts(&self) -> &Facts {
        &self.opened().0
    }

    /// What its sides are locked in by.
    pub fn sandbox(&self) -> &Sandbox {
        &self.opened().1
    }

    fn opened(&self) -> &(Facts, Sandbox) {
        self.opened
            .as_ref()
            .expect("a started worker should have opened its device")
    }

    /// The end of what it said on its standard error so far.
    pub fn said(&self) -> String {
        self.process.said()
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// What the worker copied out. It may change at any time.
    pub fn shared(&self) -> &[u8] {
        self.shared.bytes()
    }

    /// The same, for whoever reads it when the worker is gone.
    pub fn shared_memory(&self) -> Arc<SharedMemory> {
        Arc::clone(&self.shared)
    }

    /// Sends a check without waiting; [`Worker::checked`] takes its reply, in order.
    pub fn send_check(&mut self, request: CheckRequest) -> Result<(), WorkerError> {
        self.send(&Request::Check(Box::new(request)))
    }

    pub fn checked(&mut self, limit: Duration) -> Result<CheckReply, WorkerError> {
        match self.receive(limit)? {
            Reply::Checked(reply) => Ok(*reply),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Sends a row to be timed without waiting; [`Worker::timed`] takes the reply.
    pub fn send_time(&mut self, request: TimeRequest) -> Result<(), WorkerError> {
        self.send(&Request::Time(Box::new(request)))
    }

    pub fn timed(&mut self, limit: Duration) -> Result<TimeReply, WorkerError> {
        match self.receive(limit)? {
            Reply::Timed(reply) if reply.is_possible() => Ok(*reply),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Copies outputs of the last timed row to shared memory from byte `area` on.
    pub fn fetch(
        &mut self,
        side: Side,
        sets: Vec<u32>,
        area: u64,
        limit: Duration,
    ) -> Result<FetchedOutputs, WorkerError> {
        match self.ask(&Request::Fetch { side, sets, area }, limit)? {
            Reply::Fetched(fetched) => Ok(fetched),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Has the inputs of a buffer set of the timed row drawn afresh and its graphs replayed.
    pub fn redraw(&mut self, seed: u64, set: u32, limit: Duration) -> Result<(), WorkerError> {
        match self.ask(&Request::Redraw { seed, set }, limit)? {
            Reply::Redrawn => Ok(()),
            _ => Err(WorkerError::Confused),
        }
    }

    /// What its device can do at most.
    pub fn peaks(&mut self, limit: Duration) -> Result<Option<Peaks>, WorkerError> {
        match self.ask(&Request::Peaks, limit)? {
            Reply::Peaks(peaks) => Ok(peaks),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Lets the worker, and a program that it runs under, end by itself; after `limit` it is ended.
    pub fn quit(&mut self, limit: Duration) {
        // A worker that takes no request is ending already.
        let _ = send(&mut self.socket, &Request::Quit);
        self.process.wait(limit);
    }

    fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, WorkerError> {
        self.send(request)?;
        self.receive(limit)
    }

    fn send(&mut self, request: &Request) -> Result<(), WorkerError> {
        send(&mut self.socket, request).map_err(|_| self.death())
    }

    fn receive(&mut self, limit: Duration) -> Result<Reply, WorkerError> {
        match receive(&mut Deadline::after(limit, &self.socket)) {
            Ok(Some(Reply::Failed(fault))) => Err(WorkerError::Fault(fault)),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(self.death()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                match self.process.end().memory {
                    Some(used) => Err(self.out_of_memory(used)),
                    None => Err(WorkerError::TimedOut { limit }),
                }
            }
            Err(_) => Err(self.death()),
        }
    }

    fn death(&mut self) -> WorkerError {
        // A worker whose socket broke is of no use, dead or not.
        let end = self.process.end();
        match end.memory {
            Some(used) => self.out_of_memory(used),
            None => WorkerError::Died {
                cause: end.cause,
                stderr: end.stderr,
            },
        }
    }

    fn out_of_memory(&self, used: u64) -> WorkerError {
        WorkerError::OutOfMemory {
            used: used.saturating_sub(self.shared.bytes().len() as u64),
            limit: self.memory_bytes,
        }
    }
}

/// The worker's ends of what its parent passed on.
///
/// # Safety
/// Both numbers must be open descriptors that nothing else in this process owns.
pub unsafe fn inherited(socket: RawFd, memory: RawFd) -> (UnixStream, File) {
    // SAFETY: promised by the caller.
    unsafe { (UnixStream::from_raw_fd(socket), File::from_raw_fd(memory)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceError;

    #[test]
    fn running_out_of_memory_costs_the_row_and_not_the_worker() {
        let error = WorkerError::Fault(Fault::Device(DeviceError::OutOfMemory {
            wanted: 90 << 30,
            free: 70 << 30,
            total: 80 << 30,
        }));
        assert!(error.worker_is_usable());
        let text = error.to_string();
        assert!(text.contains("96636764160 bytes asked for"), "{text}");
        assert!(text.contains("close other programs"), "{text}");
    }

    #[test]
    fn a_sticky_device_error_costs_the_worker() {
        let error = WorkerError::Fault(Fault::Device(DeviceError::Cuda {
            call: "cuStreamSynchronize".to_owned(),
            name: "CUDA_ERROR_ILLEGAL_ADDRESS".to_owned(),
            text: "an illegal memory access was encountered".to_owned(),
        }));
        assert!(!error.worker_is_usable());
    }
}
