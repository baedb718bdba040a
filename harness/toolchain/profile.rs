//! The GPUs that `--gpu` names: how the driver calls them, what to compile for, and their vendor's peaks.

use super::target::Arch;

/// One kind of GPU. Peaks are the vendor's, at boost clocks and without sparsity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GpuProfile {
    /// As `--gpu` takes it and as the ledger's folder is named.
    pub name: &'static str,
    /// Words that the driver's name for the GPU has, each of them whole.
    pub words: &'static [&'static str],
    pub arch: Arch,
    pub memory_tb_per_s: f64,
    /// Tensor cores, bf16 in and fp32 accumulated, dense.
    pub bf16_tflops: f64,
    /// Outside the tensor cores.
    pub fp32_tflops: f64,
}

/// A variant stands before the GPU it is a variant of: the first match names a GPU.
pub const GPU_PROFILES: [GpuProfile; 10] = [
    // NVIDIA A100 data sheet, 80 GB SXM.
    gpu("a100", &["A100"], Arch::Sm80, [2.039, 312.0, 19.5]),
    // NVIDIA L40S data sheet.
    gpu("l40s", &["L40S"], Arch::Sm89, [0.864, 362.0, 91.6]),
    // NVIDIA Ada GPU architecture white paper, appendix A.
    gpu(
        "rtx4090",
        &["RTX", "4090"],
        Arch::Sm89,
        [1.008, 165.2, 82.6],
    ),
    // NVIDIA H100 data sheet, PCIe column of its first edition.
    gpu(
        "h100-pcie",
        &["H100", "PCIe"],
        Arch::Sm90a,
        [2.0, 756.0, 51.0],
    ),
    // NVIDIA H100 data sheet, NVL column.
    gpu(
        "h100-nvl",
        &["H100", "NVL"],
        Arch::Sm90a,
        [3.9, 835.0, 60.0],
    ),
    // NVIDIA H100 data sheet, SXM column.
    gpu("h100", &["H100"], Arch::Sm90a, [3.35, 989.0, 67.0]),
    // NVIDIA H200 data sheet, SXM column.
    gpu("h200", &["H200"], Arch::Sm90a, [4.8, 989.0, 67.0]),
    // NVIDIA DGX B200 data sheet (64 TB/s over eight); HGX B200 specifications, an eighth of each.
    gpu("b200", &["B200"], Arch::Sm100a, [8.0, 2250.0, 75.0]),
    // NVIDIA HGX B300 specifications, an eighth of each.
    gpu("b300", &["B300"], Arch::Sm103a, [8.0, 2250.0, 75.0]),
    // NVIDIA RTX Blackwell GPU architecture white paper, appendix A.
    gpu(
        "rtx5090",
        &["RTX", "5090"],
        Arch::Sm120a,
        [1.792, 209.5, 104.8],
    ),
];

const fn gpu(
    name: &'static str,
    words: &'static [&'static str],
    arch: Arch,
    [memory_tb_per_s, bf16_tflops, fp32_tflops]: [f64; 3],
) -> GpuProfile {
    GpuProfile {
        name,
        words,
        arch,
        memory_tb_per_s,
        bf16_tflops,
        fp32_tflops,
    }
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
