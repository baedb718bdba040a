//! Finding the host's C++ compiler and nvcc, and asking for their versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::project::{Origin, Project};

/// A program that answered when it was asked for its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiler {
    pub program: PathBuf,
    /// One line, with the name: `g++ (Debian 12.2.0-14) 12.2.0`, `nvcc 13.0.88`.
    pub version: String,
}

/// What this machine compiles with; `None` where nothing was found.
#[derive(Clone, Debug, Default)]
pub struct Toolchain {
    pub host: Option<Compiler>,
    pub nvcc: Option<Compiler>,
}

impl Toolchain {
    /// Whether objects for a GPU can be had: compiled here, or packed in a bundle.
    pub fn can_build_cuda(&self, project: &Project) -> bool {
        self.nvcc.is_some() || project.origin() == Origin::Bundle
    }

    /// The host compiler by the rules of the `cc` crate (CXX, then c++), else g++ or clang++; nvcc in CUDA_HOME, on
    /// PATH, in /usr/local/cuda, or where `scripts/install-nvcc.sh` puts it.
    pub fn find(project: &Project) -> Toolchain {
        Toolchain {
            host: host_compiler(),
            nvcc: nvcc(project.root()),
        }
    }
}

fn host_compiler() -> Option<Compiler> {
    let from_cc = cc::Build::new()
        .cpp(true)
        .target(env!("KDA_TARGET_TRIPLE"))
        .host(env!("KDA_TARGET_TRIPLE"))
        .opt_level(0)
        .no_default_flags(true)
        .out_dir(std::env::temp_dir())
        .cargo_metadata(false)
        .cargo_output(false)
        .emit_rerun_if_env_changed(false)
        .try_get_compiler()
        .ok()
        .map(|tool| tool.path().to_owned());
    from_cc
        .into_iter()
        .chain(["g++", "clang++"].map(PathBuf::from))
        .find_map(|program| {
            let version = first_line(&output_of(&program, "--version")?)?;
            Some(Compiler { program, version })
        })
}

fn nvcc(root: &Path) -> Option<Compiler> {
    let from_home = std::env::var_os("CUDA_HOME").map(|home| Path::new(&home).join("bin/nvcc"));
    from_home
        .into_iter()
        .chain(on_path("nvcc"))
        .chain([
            PathBuf::from("/usr/local/cuda/bin/nvcc"),
            root.join(".toolchain/cuda/bin/nvcc"),
        ])
        .find_map(|program| {
            let release = nvcc_release(&output_of(&program, "--version")?)?;
            Some(Compiler {
                program,
                version: format!("nvcc {release}"),
            })
        })
}

impl Compiler {
    /// The folder with `bin/` and `include/`, links resolved: nvcc reports headers by their real path.
    pub(crate) fn toolkit(&self) -> PathBuf {
        let program = self
            .program
            .canonicalize()
            .unwrap_or_else(|_| self.program.clone());
        program
            .ancestors()
            .nth(2)
            .map_or_else(PathBuf::new, Path::to_owned)
    }
}

/// Where a C++ compiler looks for headers by itself, links resolved; empty for one that does not say.
pub(crate) fn include_folders(program: &Path) -> Vec<PathBuf> {
    let asked = Command::new(program)
        .args(["-x", "c++", "-E", "-v", "/dev/null"])
        .env("LC_ALL", "C")
        .output();
    let Ok(output) = asked else {
        return Vec::new();
    };
    searched_folders(&String::from_utf8_lossy(&output.stderr))
        .filter_map(|folder| Path::new(folder).canonicalize().ok())
        .collect()
}

/// The indented lines between the two that GCC and Clang put around their list.
fn searched_folders(said: &str) -> impl Iterator<Item = &str> {
    said.lines()
        .skip_while(|line| !line.starts_with("#include <...> search starts here"))
        .skip(1)
        .take_while(|line| !line.starts_with("End of search list"))
        .map(str::trim)
}

/// The program's first place on PATH.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
}

/// What the program prints when called with one argument; `None` when it cannot be run or fails.
pub(crate) fn output_of(program: &Path, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn first_line(text: &str) -> Option<String> {
    Some(text.lines().next()?.trim().to_owned())
}

/// `13.0.88` from "Cuda compilation tools, release 13.0, V13.0.88".
fn nvcc_release(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.contains("release"))?;
    Some(line.rsplit_once(", V")?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nvcc_says_its_release_in_the_fourth_line() {
        let text = "nvcc: NVIDIA (R) Cuda compiler driver\n\
                    Copyright (c) 2005-2025 NVIDIA Corporation\n\
                    Built on Wed_Aug_20_01:58:59_PM_PDT_2025\n\
                    Cuda compilation tools, release 13.0, V13.0.88\n";
        assert_eq!(nvcc_release(text).as_deref(), Some("13.0.88"));
        assert_eq!(nvcc_release("nvcc: command not found"), None);
    }

    #[test]
    fn a_host_compiler_is_found_and_says_where_its_headers_lie() {
        let host = host_compiler().expect("a test machine should have a C++ compiler");
        assert!(!host.version.is_empty());
        let folders = include_folders(&host.program);
        assert!(
            folders
                .iter()
                .any(|folder| folder.join("stdio.h").is_file()),
            "{folders:?}"
        );
    }
}
