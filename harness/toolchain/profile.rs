//! The GPUs that `--gpu` names: how the driver calls them, and what to compile for.

use super::target::Arch;

/// One kind of GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GpuProfile {
    /// As `--gpu` takes it and as the ledger's folder is named.
    pub name: &'static str,
    /// Words that the driver's name for the GPU has, each of them whole.
    pub words: &'static [&'static str],
    pub arch: Arch,
}

/// A variant stands before the GPU it is a variant of: the first match names a GPU.
pub const GPU_PROFILES: [GpuProfile; 10] = [
    gpu("a100", &["A100"], Arch::Sm80),
    gpu("l40s", &["L40S"], Arch::Sm89),
    gpu("rtx4090", &["RTX", "4090"], Arch::Sm89),
    gpu("h100-pcie", &["H100", "PCIe"], Arch::Sm90a),
    gpu("h100-nvl", &["H100", "NVL"], Arch::Sm90a),
    gpu("h100", &["H100"], Arch::Sm90a),
    gpu("h200", &["H200"], Arch::Sm90a),
    gpu("b200", &["B200"], Arch::Sm100a),
    gpu("b300", &["B300"], Arch::Sm103a),
    gpu("rtx5090", &["RTX", "5090"], Arch::Sm120a),
];

const fn gpu(name: &'static str, words: &'static [&'static str], arch: Arch) -> GpuProfile {
    GpuProfile { name, words, arch }
}

impl GpuProfile {
    /// The profile that `--gpu` names, in any case.
    pub fn named(name: &str) -> Option<&'static GpuProfile> {
        GPU_PROFILES
            .iter()
            .find(|profile| profile.name.eq_ignore_ascii_case(name))
    }

    /// The profile of a GPU by the driver's name for it, `NVIDIA H100 80GB HBM3` say.
    pub fn of_device(device_name: &str) -> Option<&'static GpuProfile> {
        GPU_PROFILES
            .iter()
            .find(|profile| profile.matches(device_name))
    }

    /// Whether the driver's name for a GPU has this profile's words. `h100` matches every H100.
    pub fn matches(&self, device_name: &str) -> bool {
        self.words.iter().all(|word| {
            device_name
                .split_whitespace()
                .any(|part| part.eq_ignore_ascii_case(word))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_driver_find_their_profile() {
        let name = |device| GpuProfile::of_device(device).map(|profile| profile.name);
        assert_eq!(name("NVIDIA H100 80GB HBM3"), Some("h100"));
        assert_eq!(name("NVIDIA H100 PCIe"), Some("h100-pcie"));
        assert_eq!(name("NVIDIA GeForce RTX 5090"), Some("rtx5090"));
        assert_eq!(name("NVIDIA GH200 480GB"), None);
    }

    #[test]
    fn a_name_that_the_user_gives_finds_its_profile_in_any_case() {
        assert_eq!(
            GpuProfile::named("B200").map(|p| p.arch),
            Some(Arch::Sm100a)
        );
        assert_eq!(GpuProfile::named("b2000"), None);
    }
}
