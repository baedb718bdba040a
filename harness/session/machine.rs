//! Which device a run is on.

use super::SessionError;
use crate::device::{Monitor, VisibleGpu};
use crate::toolchain::{GpuProfile, Target};

/// What `--gpu` asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GpuChoice {
    /// The visible GPU, or else the emulated device.
    Auto,
    Emulated,
    Profile(&'static GpuProfile),
}

/// The device of a run.
pub enum Machine {
    Emulated {
        /// Why no GPU is used.
        why: String,
    },
    Gpu {
        gpu: VisibleGpu,
        profile: &'static GpuProfile,
        monitor: Box<Monitor>,
    },
}

impl Machine {
    /// Finds what `choice` asks for; `can_build` says whether objects for a GPU can be had here.
    pub fn find(choice: GpuChoice, can_build: bool) -> Result<Self, SessionError> {
        let emulated = |why: &str| {
            Ok(Self::Emulated {
                why: why.to_owned(),
            })
        };
        if choice == GpuChoice::Emulated {
            return emulated("as asked");
        }
        let monitor = match (Monitor::open(), choice) {
            (Ok(monitor), _) => Box::new(monitor),
            (Err(_), GpuChoice::Auto) => return emulated("no NVIDIA driver here"),
            (Err(_), _) => return Err(SessionError::NoGpu),
        };
        let Some(gpu) = visible(monitor.gpus()?) else {
            return if choice == GpuChoice::Auto {
                emulated("no NVIDIA GPU here")
            } else {
                Err(SessionError::NoGpu)
            };
        };
        if let GpuChoice::Profile(wanted) = choice
            && !wanted.matches(&gpu.name)
        {
            return Err(SessionError::OtherGpu {
                wanted: wanted.name.to_owned(),
                found: gpu.name,
            });
        }
        if choice == GpuChoice::Auto && !can_build {
            return emulated("no nvcc here, see `kda doctor`");
        }
        let profile = match choice {
            GpuChoice::Profile(profile) => profile,
            _ => GpuProfile::of_device(&gpu.name).ok_or_else(|| SessionError::UnknownGpu {
                found: gpu.name.clone(),
            })?,
        };
        Ok(Self::Gpu {
            gpu,
            profile,
            monitor,
        })
    }

    pub fn target(&self) -> Target {
        match self {
            Self::Emulated { .. } => Target::Emulated,
            Self::Gpu { profile, .. } => Target::cuda(profile.arch),
        }
    }

    /// Name of the ledger folder: the profile's, or `emulated`.
    pub fn name(&self) -> &str {
        match self {
            Self::Emulated { .. } => "emulated",
            Self::Gpu { profile, .. } => profile.name,
        }
    }

    pub fn is_emulated(&self) -> bool {
        matches!(self, Self::Emulated { .. })
    }

    /// One line for a reader.
    pub fn describe(&self) -> String {
        match self {
            Self::Emulated { why } => {
                format!(
                    "emulated on the CPU ({why}): correctness and plumbing only, times are no evidence"
                )
            }
            Self::Gpu { gpu, .. } => format!("on {} (driver {})", gpu.name, gpu.driver),
        }
    }
}

/// The first GPU that CUDA_VISIBLE_DEVICES leaves, by its number in bus order or by its UUID.
fn visible(gpus: Vec<VisibleGpu>) -> Option<VisibleGpu> {
    let Ok(list) = std::env::var("CUDA_VISIBLE_DEVICES") else {
        return gpus.into_iter().next();
    };
    let first = list.split(',').next().unwrap_or_default().trim();
    match first.parse::<usize>() {
        Ok(number) => gpus.into_iter().nth(number),
        Err(_) => gpus
            .into_iter()
            .find(|gpu| !first.is_empty() && gpu.uuid.starts_with(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_not_looked_for() {
        let machine = Machine::find(GpuChoice::Emulated, true).unwrap();
        assert!(machine.is_emulated());
        assert_eq!(machine.target(), Target::Emulated);
        assert!(machine.describe().contains("as asked"));
    }
}
