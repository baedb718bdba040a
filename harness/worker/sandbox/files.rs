//! Landlock: files are read-only, but for the devices that a GPU's driver writes to.

use std::fs;
use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, LandlockStatus, RestrictSelfAttr, RestrictionStatus, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

/// The newest ABI whose rights are handled; an older kernel handles those it knows.
const ABI_AT_MOST: ABI = ABI::V9;

/// Devices that anyone may write to.
const PLAIN_DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

/// How the names of a GPU's devices begin: NVIDIA's on servers and desktops, on Tegra, and under WSL.
const GPU_DEVICES: [&str; 4] = ["nvidia", "nvhost", "nvmap", "dxg"];

/// Restricts this thread, those that it starts, and where the ABI has it all others; returns the kernel's ABI.
pub(super) fn restrict() -> Result<u32, String> {
    let status = enforce().map_err(|error| error.to_string())?;
    match (status.ruleset, status.landlock) {
        (
            RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced,
            LandlockStatus::Available { effective_abi, .. },
        ) => Ok(effective_abi as u32),
        (_, LandlockStatus::NotImplemented) => Err("this kernel has none".to_owned()),
        (_, LandlockStatus::NotEnabled) => Err("this kernel was started without it".to_owned()),
        (_, LandlockStatus::Available { .. }) => Err("this kernel enforces none of it".to_owned()),
    }
}

/// Reading stays free, since the driver looks in many places; creating, writing, executing and connecting do not.
fn enforce() -> Result<RestrictionStatus, RulesetError> {
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    let device = AccessFs::WriteFile | AccessFs::IoctlDev | AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .handle_access(AccessFs::from_all(ABI_AT_MOST))?
        .handle_access(AccessNet::from_all(ABI::V4))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(["/"], reading))?
        .add_rules(path_beneath_rules(devices(), device))?
        .all_threads(true)?
        .restrict_self()
}

/// Whatever of a GPU's lies in `/dev`. Not the whole folder: it holds disks, and files in `/dev/shm` outlive the worker.
fn devices() -> Vec<PathBuf> {
    let is_gpus = |name: &str| GPU_DEVICES.iter().any(|start| name.starts_with(start));
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let gpus = entries
        .filter(|entry| is_gpus(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path());
    gpus.chain(PLAIN_DEVICES.map(PathBuf::from)).collect()
}
