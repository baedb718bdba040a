//! A worker as a process: how it is started, what it may take, and how it ended.

use std::io;
use std::os::fd::RawFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::client::WorkerSpec;
use super::last_words::LastWords;
use super::memory_watch::MemoryWatch;
use super::protocol::DeviceChoice;

/// Environment that reaches a worker: what the CUDA driver reads, and no more.
const KEPT_VARIABLES: [&str; 5] = [
    "LD_LIBRARY_PATH",
    "NVIDIA_VISIBLE_DEVICES",
    "CUDA_CACHE_PATH",
    "HOME",
    "TMPDIR",
];

/// AddressSanitizer in a worker: no leak check, which traces its process; no stack frames on the heap, which fibers would
/// leave there; what cannot be allocated fails as it does elsewhere; an abort is reported.
const ADDRESS_SANITIZER: &str =
    "detect_leaks=0:detect_stack_use_after_return=0:allocator_may_return_null=1:handle_abort=1";
/// UBSan ends it by an abort, of which AddressSanitizer reports the thread.
const UNDEFINED_SANITIZER: &str = "abort_on_error=1";

/// Between two looks at whether a process has ended.
const WAIT_STEP: Duration = Duration::from_millis(20);

/// What a worker runs under.
#[derive(Clone, Debug, Default)]
pub enum Instrument {
    #[default]
    Nothing,
    /// The runtime of sides built with AddressSanitizer, which has to be there before anything else.
    AddressSanitizer { runtime: PathBuf },
    /// A program with its arguments, which starts the worker. The memory limit is the program's own, not the worker's.
    Program(Vec<String>),
}

/// The process behind a [`super::Worker`]; killed when dropped.
pub(super) struct WorkerProcess {
    child: Child,
    /// `None` until it was waited for.
    status: Option<io::Result<ExitStatus>>,
    words: LastWords,
    memory: MemoryWatch,
}

/// How a worker ended.
pub(super) struct End {
    pub(super) cause: String,
    pub(super) stderr: String,
    /// Bytes that it had taken when it was stopped for them.
    pub(super) memory: Option<u64>,
}

impl WorkerProcess {
    /// Starts the process, which inherits the two descriptors: its socket and the memory for outputs.
    pub(super) fn spawn(spec: &WorkerSpec, descriptors: [RawFd; 2]) -> io::Result<Self> {
        let mut command = match &spec.instrument {
            Instrument::Program(words) => {
                let mut command = Command::new(&words[0]);
                command.args(&words[1..]).arg(&spec.executable);
                command
            }
            Instrument::Nothing | Instrument::AddressSanitizer { .. } => {
                Command::new(&spec.executable)
            }
        };
        let [socket, memory] = descriptors.map(|descriptor| descriptor.to_string());
        command.args(["worker", "--socket", &socket, "--memory", &memory]);
        // Ctrl-C at the terminal is for the parent, which then ends its workers.
        command
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        environment(&mut command, spec);
        let fixed = matches!(spec.instrument, Instrument::AddressSanitizer { .. });
        // SAFETY: between fork and exec only async-signal-safe calls run.
        unsafe { command.pre_exec(move || prepare_child(descriptors, fixed)) };
        let mut child = command.spawn()?;
        let stderr = child.stderr.take();
        let words = LastWords::of(stderr.expect("the standard error should be a pipe"));
        // Outputs are the parent's to ask for: they count beside the limit.
        let limit = spec.memory_bytes.saturating_add(spec.shared_bytes);
        let memory = MemoryWatch::start(child.id(), limit).inspect_err(|_| {
            // Fails only when the process is gone already.
            let _ = child.kill();
            let _ = child.wait();
        })?;
        Ok(Self {
            child,
            status: None,
            words,
            memory,
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The end of what it said on its standard error so far.
    pub(super) fn said(&self) -> String {
        self.words.so_far()
    }

    /// Ends it and all that it started, if it has not ended by itself.
    pub(super) fn end(&mut self) -> End {
        if self.status.is_none() {
            // SAFETY: the process leads its group and was not waited for, so the number is still its own.
            unsafe { libc::kill(-(self.child.id() as libc::pid_t), libc::SIGKILL) };
        }
        let memory = self.memory.end();
        let child = &mut self.child;
        let status = self.status.get_or_insert_with(|| child.wait());
        End {
            cause: match status {
                Ok(status) => cause(*status),
                Err(error) => error.to_string(),
            },
            stderr: self.words.all(),
            memory,
        }
    }

    /// Waits for its end, for so long at most.
    pub(super) fn wait(&mut self, limit: Duration) {
        // Before the wait: the watch refers to the process by its number.
        self.memory.end();
        let start = Instant::now();
        while self.status.is_none() && start.elapsed() < limit {
            match self.child.try_wait() {
                Ok(Some(status)) => self.status = Some(Ok(status)),
                Ok(None) => thread::sleep(WAIT_STEP),
                Err(error) => self.status = Some(Err(error)),
            }
        }
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.end();
    }
}

fn environment(command: &mut Command, spec: &WorkerSpec) {
    command.env_clear();
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
    if let Instrument::AddressSanitizer { runtime } = &spec.instrument {
        command
            .env("LD_PRELOAD", runtime)
            .env("ASAN_OPTIONS", ADDRESS_SANITIZER)
            .env("UBSAN_OPTIONS", UNDEFINED_SANITIZER);
    }
}

/// Lets the child keep the two descriptors, and ends it with its parent. `fixed` addresses are what AddressSanitizer's
/// shadow memory needs on kernels that scatter mappings further than it expects.
fn prepare_child(descriptors: [RawFd; 2], fixed: bool) -> io::Result<()> {
    for descriptor in descriptors {
        // SAFETY: fcntl on a descriptor of this process.
        if unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    // SAFETY: plain calls without pointers but for the limit; a dumped core of gigabytes helps nobody.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::setrlimit(
            libc::RLIMIT_CORE,
            &libc::rlimit {
                rlim_cur: 0,
                rlim_max: 0,
            },
        );
        if fixed {
            libc::personality(libc::ADDR_NO_RANDOMIZE as libc::c_ulong);
        }
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
