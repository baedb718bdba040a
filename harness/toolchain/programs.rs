//! Running compilers: what stands behind the placeholders of an argument vector.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::compiler::{Compiler, include_folders};
use super::flags::expand;

/// Where nvcc leaves what it makes on the way, below the staging folder.
pub(super) const KEPT: &str = "kept";

/// The programs behind the placeholders, and their versions as one text.
pub(super) struct Programs {
    pub(super) version: String,
    host: String,
    nvcc: String,
    toolkit: Option<PathBuf>,
}

impl Programs {
    pub(super) fn of(host: &Compiler, nvcc: Option<&Compiler>) -> Programs {
        let text = |compiler: &Compiler| compiler.program.to_string_lossy().into_owned();
        Programs {
            version: match nvcc {
                Some(nvcc) => format!("{}, {}", nvcc.version, host.version),
                None => host.version.clone(),
            },
            host: text(host),
            nvcc: nvcc.map(text).unwrap_or_default(),
            toolkit: nvcc.map(Compiler::toolkit),
        }
    }

    /// Folders whose headers the version stands for: the CUDA toolkit, and where the host's compiler looks by itself.
    pub(super) fn own_folders(&self) -> Vec<PathBuf> {
        let mut folders = include_folders(Path::new(&self.host));
        folders.extend(self.toolkit.clone());
        folders
    }

    pub(super) fn expand(&self, template: &[String], source: &Path, staging: &Path) -> Vec<String> {
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let values = [
            ("{c++}", self.host.as_str()),
            ("{nvcc}", &self.nvcc),
            ("{source}", &text(source)),
            ("{output}", &text(&staging.join("object.o"))),
            ("{depfile}", &text(&staging.join("object.d"))),
            ("{kept}", &text(&staging.join(KEPT))),
        ];
        expand(template, &values)
    }

    /// Run in the staging folder.
    pub(super) fn expand_link(&self, template: &[String]) -> Vec<String> {
        let toolkit = self.toolkit.as_deref().unwrap_or(Path::new(""));
        let values = [
            ("{c++}", self.host.as_str()),
            ("{nvcc}", &self.nvcc),
            ("{cuda}", &toolkit.to_string_lossy()),
            ("{object}", "object.o"),
            ("{output}", "library.so"),
            ("{exports}", "exports.map"),
        ];
        expand(template, &values)
    }
}

/// What the program printed: in `Ok` when it succeeded, in the inner `Err` when it failed.
pub(super) fn run(argv: &[String], folder: &Path) -> std::io::Result<Result<String, String>> {
    let output = Command::new(&argv[0])
        .args(&argv[1..])
        .current_dir(folder)
        // Messages are read for what they name, and recorded.
        .env("LC_ALL", "C")
        // The recorded command is the whole command.
        .env_remove("NVCC_PREPEND_FLAGS")
        .env_remove("NVCC_APPEND_FLAGS")
        .stdin(Stdio::null())
        .output()?;
    let mut message = String::from_utf8_lossy(&output.stderr).into_owned();
    message.push_str(&String::from_utf8_lossy(&output.stdout));
    Ok(if output.status.success() {
        Ok(message)
    } else if message.trim().is_empty() {
        Err(format!("no message; {}", output.status))
    } else {
        Err(message)
    })
}
