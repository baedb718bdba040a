//! The parent's handle on a worker.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::protocol::{
    CheckReply, CheckRequest, DeviceChoice, Fault, OutputCopy, Reply, Request, TimeReply,
    TimeRequest, receive, send,
};
use super::shared::SharedMemory;
use crate::device::Facts;
use crate::toolchain::Side;

/// Environment that reaches a worker: what the CUDA driver reads, and no more.
const KEPT_VARIABLES: [&str; 5] = [
    "LD_LIBRARY_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "CUDA_CACHE_PATH",
    "HOME",
    "TMPDIR",
];

/// Time to open a device and to load both sides.
const OPEN_LIMIT: Duration = Duration::from_secs(120);

/// End of a dead worker's standard error that goes into the message, in bytes.
const STDERR_TAIL: u64 = 2000;

/// What a worker is to be.
#[derive(Clone, Debug)]
pub struct WorkerSpec {
    pub executable: PathBuf,
    pub device: DeviceChoice,
    /// In load order.
    pub sides: Vec<(Side, PathBuf)>,
    pub shared_bytes: u64,
}

/// A running worker; killed when dropped.
pub struct Worker {
    child: Child,
    socket: UnixStream,
    stderr: File,
    shared: SharedMemory,
    facts: Option<Facts>,
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
            | Self::Confused => false,
        }
    }
}

fn told(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => format!("; its last words: {text}"),
    }
}

impl Worker {
    /// Starts a worker, opens its device and loads its sides.
    pub fn start(spec: &WorkerSpec) -> Result<Self, WorkerError> {
        let mut worker = Self::spawn(spec).map_err(WorkerError::Start)?;
        let open = Request::Open {
            device: spec.device.clone(),
            sides: spec.sides.clone(),
        };
        match worker.ask(&open, OPEN_LIMIT)? {
            Reply::Opened(facts) => {
                worker.facts = Some(facts);
                Ok(worker)
            }
            _ => Err(WorkerError::Confused),
        }
    }

    fn spawn(spec: &WorkerSpec) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let shared = SharedMemory::create(spec.shared_bytes)?;
        let stderr = tempfile::tempfile()?;
        let descriptors = [theirs.as_raw_fd(), shared.file().as_raw_fd()];
        let mut command = Command::new(&spec.executable);
        command.args([
            "worker",
            "--socket",
            &descriptors[0].to_string(),
            "--memory",
            &descriptors[1].to_string(),
        ]);
        // Ctrl-C at the terminal is for the parent, which then ends its workers.
        command.process_group(0);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(stderr.try_clone()?);
        for name in KEPT_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let DeviceChoice::Cuda { uuid, .. } = &spec.device {
            // The parent's GPU, whatever order the driver would number them in.
            command.env("CUDA_VISIBLE_DEVICES", uuid);
        }
        // Kernels load with their library, not inside the first capture or while a stream is held.
        command.env("CUDA_MODULE_LOADING", "EAGER");
        // SAFETY: between fork and exec only async-signal-safe calls run.
        unsafe { command.pre_exec(move || prepare_child(descriptors)) };
        Ok(Self {
            child: command.spawn()?,
            socket,
            stderr,
            shared,
            facts: None,
        })
    }

    pub fn facts(&self) -> &Facts {
        self.facts
            .as_ref()
            .expect("a started worker should have opened its device")
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What the worker copied out. It may change at any time.
    pub fn shared(&self) -> &[u8] {
        self.shared.bytes()
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
    ) -> Result<Vec<OutputCopy>, WorkerError> {
        match self.ask(&Request::Fetch { side, sets, area }, limit)? {
            Reply::Fetched(copies) => Ok(copies),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Has the timed row's inputs drawn afresh and its graphs replayed.
    pub fn redraw(&mut self, seed: u64, limit: Duration) -> Result<(), WorkerError> {
        match self.ask(&Request::Redraw { seed }, limit)? {
            Reply::Redrawn => Ok(()),
            _ => Err(WorkerError::Confused),
        }
    }

    /// Copy bandwidth in bytes per second and launch floor in nanoseconds.
    pub fn ceilings(&mut self, limit: Duration) -> Result<(Option<f64>, Option<f64>), WorkerError> {
        match self.ask(&Request::Ceilings, limit)? {
            Reply::Ceilings {
                copy_bytes_per_second,
                floor_ns,
            } => Ok((copy_bytes_per_second, floor_ns)),
            _ => Err(WorkerError::Confused),
        }
    }

    fn ask(&mut self, request: &Request, limit: Duration) -> Result<Reply, WorkerError> {
        self.send(request)?;
        self.receive(limit)
    }

    fn send(&mut self, request: &Request) -> Result<(), WorkerError> {
        send(&mut self.socket, request).map_err(|_| self.death())
    }

    fn receive(&mut self, limit: Duration) -> Result<Reply, WorkerError> {
        self.socket
            .set_read_timeout(Some(limit))
            .map_err(WorkerError::Start)?;
        match receive(&mut self.socket) {
            Ok(Some(Reply::Failed(fault))) => Err(WorkerError::Fault(fault)),
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(self.death()),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                self.stop();
                Err(WorkerError::TimedOut { limit })
            }
            Err(_) => Err(self.death()),
        }
    }

    fn death(&mut self) -> WorkerError {
        // A worker whose socket broke is of no use, dead or not.
        let _ = self.child.kill();
        let cause = self
            .child
            .wait()
            .map_or_else(|error| error.to_string(), cause);
        WorkerError::Died {
            cause,
            stderr: self.last_words(),
        }
    }

    fn last_words(&mut self) -> String {
        let mut text = Vec::new();
        let length = self.stderr.metadata().map_or(0, |metadata| metadata.len());
        let read = self
            .stderr
            .seek(SeekFrom::Start(length.saturating_sub(STDERR_TAIL)));
        if read
            .and_then(|_| self.stderr.read_to_end(&mut text))
            .is_err()
        {
            return String::new();
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    fn stop(&mut self) {
        // Both fail only when the process is gone already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Lets the child keep the two descriptors, and ends it with its parent.
fn prepare_child(descriptors: [RawFd; 2]) -> io::Result<()> {
    for descriptor in descriptors {
        // SAFETY: fcntl on a descriptor of this process.
        if unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: plain prctl calls without pointers; a dumped core of gigabytes helps nobody.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::setrlimit(
            libc::RLIMIT_CORE,
            &libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            },
        );
    }
    Ok(())
}

fn cause(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(libc::SIGSEGV), _) => "SIGSEGV, an invalid memory access".to_owned(),
        (Some(libc::SIGABRT), _) => "SIGABRT, it aborted".to_owned(),
        (Some(libc::SIGKILL), _) => "SIGKILL, stopped from outside".to_owned(),
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(code)) => format!("exit code {code}"),
        (None, None) => status.to_string(),
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
