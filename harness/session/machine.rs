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

/// What a choice comes to on a machine with certain GPUs.
#[derive(Debug, PartialEq)]
enum Pick {
    Emulated(&'static str),
    Gpu(VisibleGpu, &'static GpuProfile),
}

impl Machine {
    /// Finds what `choice` asks for; `can_build` says whether objects for a GPU can be had here.
    pub fn find(choice: GpuChoice, can_build: bool) -> Result<Self, SessionError> {
        if choice == GpuChoice::Emulated {
            return Ok(Self::Emulated {
                why: "as asked".to_owned(),
            });
        }
        let monitor = Monitor::open().ok();
        let gpus = monitor.as_ref().map(Monitor::gpus).transpose()?;
        let gpu =
            gpus.map(|gpus| visible(gpus, std::env::var("CUDA_VISIBLE_DEVICES").ok().as_deref()));
        match (pick(choice, gpu, can_build)?, monitor) {
            (Pick::Emulated(why), _) => Ok(Self::Emulated {
                why: why.to_owned(),
            }),
            (Pick::Gpu(gpu, profile), Some(monitor)) => Ok(Self::Gpu {
                gpu,
                profile,
                monitor: Box::new(monitor),
            }),
            (Pick::Gpu(..), None) => Err(SessionError::NoGpu),
        }
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

/// Decides between the visible GPU and the emulated device. `gpu` is `None` without a driver, `Some(None)` without a GPU.
fn pick(
    choice: GpuChoice,
    gpu: Option<Option<VisibleGpu>>,
    can_build: bool,
) -> Result<Pick, SessionError> {
    let gpu = match (gpu, choice) {
        (_, GpuChoice::Emulated) => return Ok(Pick::Emulated("as asked")),
        (Some(Some(gpu)), _) => gpu,
        (None, GpuChoice::Auto) => return Ok(Pick::Emulated("no NVIDIA driver here")),
        (Some(None), GpuChoice::Auto) => return Ok(Pick::Emulated("no NVIDIA GPU here")),
        (_, GpuChoice::Profile(_)) => return Err(SessionError::NoGpu),
    };
    match choice {
        GpuChoice::Profile(wanted) if !wanted.matches(&gpu.name) => Err(SessionError::OtherGpu {
            wanted: wanted.name.to_owned(),
            found: gpu.name,
        }),
        GpuChoice::Profile(profile) => Ok(Pick::Gpu(gpu, profile)),
        _ if !can_build => Ok(Pick::Emulated("no nvcc here, see `kda doctor`")),
        _ => match GpuProfile::of_device(&gpu.name) {
            Some(profile) => Ok(Pick::Gpu(gpu, profile)),
            None => Err(SessionError::UnknownGpu { found: gpu.name }),
        },
    }
}

/// The first GPU that CUDA_VISIBLE_DEVICES leaves, by its number in bus order or by its UUID.
fn visible(gpus: Vec<VisibleGpu>, list: Option<&str>) -> Option<VisibleGpu> {
    let mut gpus = gpus.into_iter();
    let Some(list) = list else {
        return gpus.next();
    };
    let first = list.split(',').next().unwrap_or_default().trim();
    match first.parse::<usize>() {
        Ok(number) => gpus.nth(number),
        Err(_) => gpus.find(|gpu| !first.is_empty() && gpu.uuid.starts_with(first)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(name: &str, uuid: &str) -> VisibleGpu {
        VisibleGpu {
            name: name.to_owned(),
            uuid: uuid.to_owned(),
            driver: "580.159.04".to_owned(),
        }
    }

    fn profile(name: &str) -> GpuChoice {
        GpuChoice::Profile(GpuProfile::named(name).unwrap())
    }

    fn picked(choice: GpuChoice, can_build: bool) -> Result<Pick, SessionError> {
        pick(
            choice,
            Some(Some(gpu("NVIDIA H100 80GB HBM3", "GPU-1"))),
            can_build,
        )
    }

    #[test]
    fn a_profile_of_another_gpu_is_an_error_that_names_the_one_here() {
        let error = picked(profile("b200"), true).unwrap_err().to_string();
        assert_eq!(
            error,
            "--gpu b200 asks for another GPU than the one here, NVIDIA H100 80GB HBM3"
        );
        assert!(
            matches!(picked(profile("h100"), true), Ok(Pick::Gpu(_, found)) if found.name == "h100")
        );
    }

    #[test]
    fn auto_takes_the_gpu_and_says_why_where_it_cannot() {
        assert!(matches!(picked(GpuChoice::Auto, true), Ok(Pick::Gpu(..))));
        assert!(
            matches!(picked(GpuChoice::Auto, false), Ok(Pick::Emulated(why)) if why.contains("nvcc"))
        );
        assert!(
            matches!(pick(GpuChoice::Auto, None, true), Ok(Pick::Emulated(why)) if why.contains("driver"))
        );
        assert!(
            matches!(pick(GpuChoice::Auto, Some(None), true), Ok(Pick::Emulated(why)) if why.contains("GPU"))
        );
        assert!(matches!(
            picked(GpuChoice::Emulated, true),
            Ok(Pick::Emulated("as asked"))
        ));
    }

    #[test]
    fn a_named_gpu_that_is_not_here_and_one_without_a_profile_are_errors() {
        assert!(matches!(
            pick(profile("h100"), None, true),
            Err(SessionError::NoGpu)
        ));
        let unknown = pick(GpuChoice::Auto, Some(Some(gpu("NVIDIA T4", "GPU-1"))), true);
        assert!(matches!(unknown, Err(SessionError::UnknownGpu { found }) if found == "NVIDIA T4"));
    }

    #[test]
    fn the_environment_chooses_by_number_or_by_uuid() {
        let gpus = || vec![gpu("a", "GPU-1"), gpu("b", "GPU-2")];
        let name = |list| visible(gpus(), list).map(|gpu| gpu.name);
        assert_eq!(name(None).as_deref(), Some("a"));
        assert_eq!(name(Some("1,0")).as_deref(), Some("b"));
        assert_eq!(name(Some("GPU-2")).as_deref(), Some("b"));
        assert_eq!(name(Some("")), None);
        assert_eq!(name(Some("7")), None);
    }
}
