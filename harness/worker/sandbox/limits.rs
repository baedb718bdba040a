//! Limits of the worker's own: no file grows, no core is dumped, and the kernel takes it first where memory runs out.

use std::{fs, io};

/// A badness that no other process reaches (proc(5), `oom_score_adj`).
const FIRST_TO_GO: &str = "1000";

pub(super) fn apply() -> io::Result<()> {
    fs::write("/proc/self/oom_score_adj", FIRST_TO_GO)?;
    forbid(libc::RLIMIT_CORE)?;
    forbid(libc::RLIMIT_FSIZE)?;
    // SAFETY: plain calls without pointers. A write that the limit refuses is an error, not a death; nobody of the same
    // user reads this process's memory.
    let status = unsafe {
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0)
    };
    match status {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn forbid(resource: libc::__rlimit_resource_t) -> io::Result<()> {
    let nothing = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the limit is read during the call.
    match unsafe { libc::setrlimit(resource, &raw const nothing) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
