//! Where the tools lie that a lost call is made again under.

use std::path::{Path, PathBuf};

use super::compiler::{Compiler, Toolchain, output_of};
use super::error::BuildError;
use super::installed::find_tool;

impl Toolchain {
    /// AddressSanitizer's runtime of the host compiler, which a process that loads sanitized libraries starts with.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoSanitizer`] where the compiler knows of none.
    pub fn sanitizer_runtime(&self) -> Result<PathBuf, BuildError> {
        let host = self.host.as_ref();
        host.and_then(runtime_of)
            .ok_or_else(|| BuildError::NoSanitizer {
                compiler: host
                    .map_or_else(|| "no compiler".to_owned(), |host| host.version.clone()),
            })
    }
}

/// A compiler that does not have the file answers with the bare name.
fn runtime_of(host: &Compiler) -> Option<PathBuf> {
    let said = output_of(&host.program, "-print-file-name=libasan.so")?;
    let path = Path::new(said.trim());
    path.is_absolute().then(|| path.to_owned())
}

/// NVIDIA's compute-sanitizer; `None` where there is none.
pub fn compute_sanitizer() -> Option<PathBuf> {
    find_tool("compute-sanitizer", &[])
}
