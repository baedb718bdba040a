//! NVIDIA's driver, GPUs and programs on this machine, each as the lines that describe it; `None` where it is not there.

use std::path::{Path, PathBuf};

use nvml_wrapper::Nvml;

use crate::device::NVML_LIBRARY;

use super::compiler::{on_path, output_of};
use super::profile::GpuProfile;
use super::target::Arch;

pub(super) fn nvml() -> Option<Nvml> {
    Nvml::builder().lib_path(NVML_LIBRARY.as_ref()).init().ok()
}

pub(super) fn nvml_version(nvml: &Nvml) -> Option<Vec<String>> {
    nvml.sys_nvml_version().ok().map(|version| vec![version])
}

pub(super) fn driver(nvml: Option<&Nvml>) -> Option<Vec<String>> {
    let version = nvml.and_then(|nvml| nvml.sys_driver_version().ok());
    // SAFETY: NVIDIA's driver library initialises nothing until cuInit, and runs no other code of ours.
    let loads = unsafe { libloading::Library::new("libcuda.so.1") }.is_ok();
    loads.then(|| vec![version.unwrap_or_else(|| "libcuda.so.1, version unknown".to_owned())])
}

/// One line a GPU; `None` when there is none.
pub(super) fn gpus(nvml: &Nvml) -> Option<Vec<String>> {
    let count = nvml.device_count().ok()?;
    let lines: Vec<_> = (0..count).filter_map(|index| gpu(nvml, index)).collect();
    (!lines.is_empty()).then_some(lines)
}

fn gpu(nvml: &Nvml, index: u32) -> Option<String> {
    let device = nvml.device_by_index(index).ok()?;
    let name = device.name().ok()?;
    let capability = device.cuda_compute_capability().ok()?;
    let (major, minor) = (capability.major as u32, capability.minor as u32);
    let arch = match Arch::of_compute_capability(major, minor) {
        Some(arch) => arch.to_string(),
        None => format!("compute capability {major}.{minor}, which kda does not compile for"),
    };
    let profile = match GpuProfile::of_device(&name) {
        Some(profile) => format!("--gpu {}", profile.name),
        None => "no profile: no vendor peaks".to_owned(),
    };
    Some(format!("{index}: {name}, {arch}, {profile}"))
}

/// A program of the toolkit, with the last line of what it says of its version.
pub(super) fn tool(name: &str, folders: &[&str]) -> Option<Vec<String>> {
    let path = find_tool(name, folders)?;
    let said = output_of(&path, "--version").unwrap_or_default();
    let version = said
        .lines()
        .rfind(|line| !line.trim().is_empty())
        .unwrap_or("version unknown");
    Some(vec![format!("{} ({})", version.trim(), path.display())])
}

/// A program of the toolkit: on PATH, in CUDA_HOME, in `/usr/local/cuda`, or in a version's folder below `folders`.
pub(super) fn find_tool(name: &str, folders: &[&str]) -> Option<PathBuf> {
    let cuda_home =
        std::env::var_os("CUDA_HOME").map(|home| Path::new(&home).join("bin").join(name));
    on_path(name)
        .into_iter()
        .chain(cuda_home)
        .chain([Path::new("/usr/local/cuda/bin").join(name)])
        .chain(
            folders
                .iter()
                .flat_map(|folder| versions_in(Path::new(folder), name)),
        )
        .find(|path| path.is_file())
}

/// `<folder>/<version>/<name>` for every version installed, the newest first.
fn versions_in(folder: &Path, name: &str) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join(name)))
        .collect();
    paths.sort();
    paths.reverse();
    paths
}
