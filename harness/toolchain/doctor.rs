//! What this machine has, and what each missing thing costs.

use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::compiler::{Compiler, Toolchain};
use super::installed::{driver, gpus, nvml, nvml_version, tool};
use super::profiler::NSIGHT_COMPUTE;
use super::project::{Origin, Project};

/// The findings, in the order of how much they matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    pub root: PathBuf,
    pub is_bundle: bool,
    pub build_dir: PathBuf,
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub name: &'static str,
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    Found {
        what: Vec<String>,
    },
    Missing {
        /// What cannot be done without it.
        costs: &'static str,
        remedy: &'static str,
    },
}

/// Looks for everything a command may use. Takes a moment where a driver is there; changes nothing.
pub fn doctor(project: &Project, toolchain: &Toolchain) -> DoctorReport {
    let nvml = nvml();
    DoctorReport {
        root: project.root().to_owned(),
        is_bundle: project.origin() == Origin::Bundle,
        build_dir: project.build_dir().to_owned(),
        checks: vec![
            check(
                "host C++",
                toolchain.host.as_ref().map(described),
                "nothing can be built: no emulated run, no oracle",
                "install g++ (Debian: apt-get install g++), or set CXX",
            ),
            check(
                "nvcc",
                toolchain.nvcc.as_ref().map(described),
                "CUDA objects cannot be built: runs are emulated, or use what a bundle packed",
                "scripts/install-nvcc.sh (about 270 MB from PyPI, no privileges), or set CUDA_HOME",
            ),
            check(
                "driver",
                driver(nvml.as_ref()),
                "no GPU can be used: runs are emulated, without a verdict",
                "install NVIDIA's driver, or take a bundle (kda bundle) to a GPU host",
            ),
            check(
                "GPU",
                nvml.as_ref().and_then(gpus),
                "runs are emulated, without a verdict",
                "take a bundle (kda bundle) to a GPU host",
            ),
            check(
                "NVML",
                nvml.as_ref().and_then(nvml_version),
                "clocks, temperature and throttling are unknown: a run on a GPU is no evidence",
                "comes with the driver; in a container, pass --gpus all or the utility capability",
            ),
            check(
                "ncu",
                tool("ncu", &[NSIGHT_COMPUTE]),
                "no `kda profile`; bench and check do not need it",
                "install Nsight Compute (part of the CUDA toolkit)",
            ),
            check(
                "compute-sanitizer",
                tool("compute-sanitizer", &[]),
                "no memory and race check on a GPU; bench and check do not need it",
                "install the CUDA toolkit (package cuda-sanitizer)",
            ),
        ],
    }
}

impl DoctorReport {
    /// For a terminal, one finding a line and what to do below a missing one.
    pub fn text(&self) -> String {
        let kind = if self.is_bundle { "bundle" } else { "checkout" };
        let mut text = format!(
            "{kind} {}\nobjects in {}\n\n",
            self.root.display(),
            self.build_dir.display()
        );
        for check in &self.checks {
            let lines = match &check.finding {
                Finding::Found { what } => what.clone(),
                Finding::Missing { costs, remedy } => vec![
                    "missing".to_owned(),
                    format!("costs: {costs}"),
                    format!("get it: {remedy}"),
                ],
            };
            for (i, line) in lines.iter().enumerate() {
                let name = if i == 0 { check.name } else { "" };
                writeln!(text, "{name:<19}{line}").expect("a string should take text");
            }
        }
        text
    }
}

fn check(
    name: &'static str,
    what: Option<Vec<String>>,
    costs: &'static str,
    remedy: &'static str,
) -> Check {
    let finding = match what {
        Some(what) => Finding::Found { what },
        None => Finding::Missing { costs, remedy },
    };
    Check { name, finding }
}

fn described(compiler: &Compiler) -> Vec<String> {
    vec![format!(
        "{} ({})",
        compiler.version,
        compiler.program.display()
    )]
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_missing_thing_says_its_cost_and_its_remedy() {
        let report = DoctorReport {
            root: PathBuf::from("/project"),
            is_bundle: false,
            build_dir: PathBuf::from("/project/target/kda/build"),
            checks: vec![
                check(
                    "host C++",
                    Some(vec!["g++ 12.2.0 (/usr/bin/g++)".to_owned()]),
                    "",
                    "",
                ),
                check("nvcc", None, "no CUDA objects", "run the script"),
            ],
        };
        insta::assert_snapshot!(report.text(), @r"
        checkout /project
        objects in /project/target/kda/build

        host C++           g++ 12.2.0 (/usr/bin/g++)
        nvcc               missing
                           costs: no CUDA objects
                           get it: run the script
        ");
    }

    #[test]
    fn every_thing_is_looked_for() {
        let project = Project::at(Path::new(env!("CARGO_MANIFEST_DIR")));
        let report = doctor(&project, &Toolchain::find(&project));
        assert_eq!(report.checks.len(), 7);
        assert!(report.text().contains("compute-sanitizer"));
    }
}
