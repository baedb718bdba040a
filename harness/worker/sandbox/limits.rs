//! Limits of the worker's own: no file grows, no core is dumped, and it goes first where the machine's memory runs out.

use std::{fs, io};

/// A badness that no other process reaches (proc(5), `oom_score_adj`).
const FIRST_TO_GO: &str = "1000";

/// Applies all of them; the first that fails is the error, and the others hold all the same.
pub(super) fn apply() -> io::Result<()> {
    // SAFETY: a plain call. A write that the limit refuses is an error then, not a death.
    unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    let applied = [
        forbid(libc::RLIMIT_CORE),
        forbid(libc::RLIMIT_FSIZE),
        fs::write("/proc/self/oom_score_adj", FIRST_TO_GO),
        hide_memory(),
    ];
    applied.into_iter().collect()
}

/// No process of the same user reads this one's memory.
fn hide_memory() -> io::Result<()> {
    // SAFETY: a plain call without pointers.
    match unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) } {
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
