//! What stands between the host code of a side and the machine: entered by a worker before it loads one.

mod calls;
mod files;
mod limits;

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether a worker locks itself in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confinement {
    /// With all that this kernel has.
    BestEffort,
    /// Not at all: the worker runs under a tool that needs what the sandbox takes away.
    Off,
}

/// What is in force in a worker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// ABI of landlock, which restricts files, TCP, signals and abstract sockets.
    pub landlock: Option<u32>,
    /// System calls that start, trace, signal or connect are refused.
    pub seccomp: bool,
    /// What could not be had, and why.
    pub missing: Vec<String>,
}

impl Sandbox {
    /// Locks the process in, as far as the kernel can; what it cannot is named in the result. There is no way back.
    pub(super) fn enter(confinement: Confinement) -> Self {
        if confinement == Confinement::Off {
            return Self {
                missing: vec!["landlock and seccomp: off, as asked".to_owned()],
                ..Self::default()
            };
        }
        let mut sandbox = Self::default();
        if let Err(error) = limits::apply() {
            sandbox.missing.push(format!("limits: {error}"));
        }
        match files::restrict() {
            Ok(abi) => sandbox.landlock = Some(abi),
            Err(why) => sandbox.missing.push(format!("landlock: {why}")),
        }
        match calls::restrict() {
            Ok(()) => sandbox.seccomp = true,
            Err(error) => sandbox.missing.push(format!("seccomp: {error}")),
        }
        sandbox
    }
}

/// As it stands in an entry: `landlock 7, seccomp`.
impl fmt::Display for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.landlock, self.seccomp) {
            (Some(abi), true) => write!(f, "landlock {abi}, seccomp"),
            (Some(abi), false) => write!(f, "landlock {abi}"),
            (None, true) => f.write_str("seccomp"),
            (None, false) => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_reads_as_a_list() {
        let whole = Sandbox {
            landlock: Some(7),
            seccomp: true,
            missing: Vec::new(),
        };
        assert_eq!(whole.to_string(), "landlock 7, seccomp");
        assert_eq!(Sandbox::default().to_string(), "none");
        assert_eq!(
            Sandbox::enter(Confinement::Off).missing,
            ["landlock and seccomp: off, as asked"]
        );
    }
}
