//! Ends a worker that takes more memory than it may.
//!
//! A limit on the address space would do it earlier, but the CUDA driver and AddressSanitizer reserve terabytes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two looks. A process fills a few hundred MiB meanwhile.
const INTERVAL: Duration = Duration::from_millis(50);

/// What a worker may take where nothing else is asked for. An emulated one took 13 MiB at most in the tasks with the
/// largest buffers here; on a GPU the driver maps gigabytes of its own, and outputs of gigabytes are pinned.
const DEFAULT_LIMIT: u64 = 16 << 30;

/// 16 GiB, or three quarters of the machine's memory where that is less, in bytes.
pub fn default_memory_limit() -> u64 {
    // SAFETY: asks for constants.
    let [pages, page_bytes] = [libc::_SC_PHYS_PAGES, libc::_SC_PAGESIZE]
        .map(|what| unsafe { libc::sysconf(what) } as u64);
    DEFAULT_LIMIT.min(pages * page_bytes / 4 * 3)
}

/// A thread that looks at one child process; it ends when this is dropped.
pub(super) struct MemoryWatch {
    /// Bytes that were in use when the process was ended for it, else 0.
    found: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MemoryWatch {
    /// Watches the child `process`, which nobody may wait for until the watch has ended.
    pub(super) fn start(process: u32, limit_bytes: u64) -> io::Result<Self> {
        // Opened now: once the process is not dumpable, another user's view of it may be hidden.
        let statm = File::open(format!("/proc/{process}/statm"))?;
        let found = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = mpsc::channel();
        let noted = Arc::clone(&found);
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let Some(used) = resident_bytes(&statm) else {
                    return;
                };
                if used > limit_bytes {
                    noted.store(used, Ordering::Relaxed);
                    // SAFETY: the process is a child that was not waited for, so the number is still its own.
                    unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) };
                    return;
                }
            }
        });
        Ok(Self {
            found,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Ends the watch; returns the bytes for which it ended the process, if it did.
    pub(super) fn end(&mut self) -> Option<u64> {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the watch should not panic");
        }
        Some(self.found.load(Ordering::Relaxed)).filter(|used| *used > 0)
    }
}

impl Drop for MemoryWatch {
    fn drop(&mut self) {
        self.end();
    }
}

/// The second field of proc(5)'s `statm`; `None` once the process is gone.
fn resident_bytes(statm: &File) -> Option<u64> {
    let mut text = [0; 128];
    let length = statm.read_at(&mut text, 0).ok()?;
    let text = str::from_utf8(&text[..length]).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    // SAFETY: asks for a constant.
    let page_bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as u64;
    Some(pages * page_bytes)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_above_its_limit_is_killed_and_one_below_is_not() {
        for (limit, killed) in [(1, true), (1 << 40, false)] {
            let mut child = Command::new("sleep").arg("0.3").spawn().unwrap();
            let mut watch = MemoryWatch::start(child.id(), limit).unwrap();
            thread::sleep(4 * INTERVAL);
            assert_eq!(watch.end().is_some(), killed);
            assert_eq!(child.wait().unwrap().success(), !killed);
        }
    }
}
