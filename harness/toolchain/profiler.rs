//! NVIDIA Nsight Compute on this machine.

use std::path::PathBuf;

use super::compiler::output_of;
use super::installed::find_tool;

/// Where NVIDIA's own packages put it, a folder a version.
pub(super) const NSIGHT_COMPUTE: &str = "/opt/nvidia/nsight-compute";

/// The program and its version; `None` where there is none.
pub fn nsight_compute() -> Option<(PathBuf, String)> {
    let program = find_tool("ncu", &[NSIGHT_COMPUTE])?;
    let said = output_of(&program, "--version").unwrap_or_default();
    Some((program, version(&said)))
}

/// `2025.3.1.0` of "Version 2025.3.1.0 (build 36398880) (public-release)".
fn version(said: &str) -> String {
    let found = said.lines().find_map(|line| line.strip_prefix("Version "));
    let word = found.and_then(|rest| rest.split_whitespace().next());
    word.unwrap_or("unknown").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_word_behind_its_name() {
        let said = "NVIDIA (R) Nsight Compute Command Line Profiler\n\
                    Copyright (c) 2018-2025 NVIDIA Corporation\n\
                    Version 2025.3.1.0 (build 36398880) (public-release)\n";
        assert_eq!(version(said), "2025.3.1.0");
        assert_eq!(version("ncu"), "unknown");
    }
}
