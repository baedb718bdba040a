//! What is built: the two sides of a task for a target, and its oracle.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// One of the two implementations that a run compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Baseline,
    Candidate,
}

impl Side {
    pub const BOTH: [Side; 2] = [Side::Baseline, Side::Candidate];
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Side::Baseline => "baseline",
            Side::Candidate => "candidate",
        })
    }
}

/// A GPU architecture that nvcc compiles for; the `a` variants carry their architecture's own instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arch {
    Sm80,
    Sm89,
    Sm90a,
    Sm100a,
    Sm103a,
    Sm120a,
}

impl Arch {
    pub const ALL: [Arch; 6] = [
        Arch::Sm80,
        Arch::Sm89,
        Arch::Sm90a,
        Arch::Sm100a,
        Arch::Sm103a,
        Arch::Sm120a,
    ];

    /// What `kda build` compiles for when no GPU is named.
    pub const CONFIGURED: [Arch; 2] = [Arch::Sm90a, Arch::Sm100a];

    /// As it stands after `compute_` and `sm_`.
    pub fn number(self) -> &'static str {
        match self {
            Arch::Sm80 => "80",
            Arch::Sm89 => "89",
            Arch::Sm90a => "90a",
            Arch::Sm100a => "100a",
            Arch::Sm103a => "103a",
            Arch::Sm120a => "120a",
        }
    }

    /// The architecture of a GPU with this compute capability; `None` for one that no profile covers.
    pub fn of_compute_capability(major: u32, minor: u32) -> Option<Arch> {
        match (major, minor) {
            (8, 0) => Some(Arch::Sm80),
            (8, 9) => Some(Arch::Sm89),
            (9, 0) => Some(Arch::Sm90a),
            (10, 0) => Some(Arch::Sm100a),
            (10, 3) => Some(Arch::Sm103a),
            (12, 0) => Some(Arch::Sm120a),
            _ => None,
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sm_{}", self.number())
    }
}

/// Where a side runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// On the host, against `kernels/include/kda/emulated/`.
    Emulated,
    /// There too, with AddressSanitizer and UBSan in it.
    Sanitized,
    /// On NVIDIA GPUs of these architectures, in one fat object.
    Cuda { arches: Vec<Arch> },
}

impl Target {
    /// Every configured architecture in one object: what CI compiles.
    pub fn configured() -> Target {
        Target::Cuda {
            arches: Arch::CONFIGURED.to_vec(),
        }
    }

    /// One architecture alone: what a run on a GPU compiles.
    pub fn cuda(arch: Arch) -> Target {
        Target::Cuda { arches: vec![arch] }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Emulated => f.write_str("emulated"),
            Target::Sanitized => f.write_str("sanitized"),
            Target::Cuda { arches } => {
                for (i, arch) in arches.iter().enumerate() {
                    let separator = if i == 0 { "" } else { "+" };
                    write!(f, "{separator}{arch}")?;
                }
                Ok(())
            }
        }
    }
}

/// One source of a task, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    Side {
        side: Side,
        target: Target,
    },
    /// Always for the host.
    Oracle,
    /// The harness's own device code; belongs to no task.
    Support {
        target: Target,
    },
}

impl Unit {
    /// Where the source lies below the project's root; `tasks` is where the tasks do.
    pub fn source(&self, tasks: &Path, task: &str) -> PathBuf {
        let name = match self {
            Unit::Side { side, .. } => match side {
                Side::Baseline => "baseline.cu",
                Side::Candidate => "candidate.cu",
            },
            Unit::Oracle => "oracle.cpp",
            Unit::Support { .. } => return PathBuf::from("kernels/device/support.cu"),
        };
        tasks.join(task).join(name)
    }

    /// Baseline, candidate and oracle for one target.
    pub fn of_target(target: &Target) -> [Unit; 3] {
        let side = |side| Unit::Side {
            side,
            target: target.clone(),
        };
        [side(Side::Baseline), side(Side::Candidate), Unit::Oracle]
    }

    pub(crate) fn needs_nvcc(&self) -> bool {
        matches!(
            self,
            Unit::Side {
                target: Target::Cuda { .. },
                ..
            } | Unit::Support {
                target: Target::Cuda { .. },
            }
        )
    }
}

/// Also the name of the unit's folder in the cache.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unit::Side { side, target } => write!(f, "{side}-{target}"),
            Unit::Oracle => f.write_str("oracle"),
            Unit::Support { target } => write!(f, "support-{target}"),
        }
    }
}
