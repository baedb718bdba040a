//! `kda doctor`.

use super::Outcome;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::toolchain::{self, Check, Finding};
use crate::worker::{
    Confinement, DeviceChoice, Instrument, Sandbox, Worker, WorkerSpec, default_memory_limit,
};

pub(super) fn doctor(terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let mut report = toolchain::doctor(&context.project, &context.toolchain);
    report.checks.extend(isolation()?);
    terminal.result(&report.text())?;
    Ok(exit_codes::PASSED)
}

/// What a worker is locked in by, asked of one that holds no side.
fn isolation() -> Result<[Check; 3], Failure> {
    let spec = WorkerSpec {
        executable: std::env::current_exe()?,
        device: DeviceChoice::Emulated,
        shared_bytes: 1,
        memory_bytes: default_memory_limit(),
        confinement: Confinement::BestEffort,
        instrument: Instrument::Nothing,
    };
    let worker = Worker::open(&spec).map_err(crate::session::SessionError::Worker)?;
    Ok([
        landlock(worker.sandbox()),
        seccomp(worker.sandbox()),
        limits(),
    ])
}

fn landlock(sandbox: &Sandbox) -> Check {
    let finding = match sandbox.landlock {
        Some(abi) => Finding::Found {
            what: vec![format!("ABI {abi}: {}", refused_by(abi))],
        },
        None => Finding::Missing {
            costs: "a side's host code may write the files of this user",
            remedy: "Linux 5.13 or later with landlock among its security modules (lsm= at boot)",
        },
    };
    Check {
        name: "landlock",
        finding,
    }
}

/// What an ABI can refuse (Documentation/userspace-api/landlock.rst).
fn refused_by(abi: u32) -> &'static str {
    match abi {
        ..4 => "a worker writes no files; TCP, signals and abstract sockets need a later kernel",
        4 | 5 => {
            "a worker writes no files and has no TCP; its signals and abstract sockets need a later kernel"
        }
        6.. => "a worker writes no files, has no TCP, and signals or meets no process outside",
    }
}

fn seccomp(sandbox: &Sandbox) -> Check {
    let finding = match sandbox.seccomp {
        true => Finding::Found {
            what: vec![
                "a worker starts no process, opens no socket, and reaches no other process"
                    .to_owned(),
            ],
        },
        false => Finding::Missing {
            costs: "a side's host code may start processes, open sockets and send signals",
            remedy: "a kernel with CONFIG_SECCOMP_FILTER; in a container, a profile that permits seccomp",
        },
    };
    Check {
        name: "seccomp",
        finding,
    }
}

fn limits() -> Check {
    let memory = default_memory_limit() >> 20;
    Check {
        name: "worker limits",
        finding: Finding::Found {
            what: vec![format!(
                "{memory} MiB of memory besides outputs (--memory-limit), no core dump, no file may grow"
            )],
        },
    }
}
