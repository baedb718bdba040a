//! What a lost call is made again under.

use std::path::Path;

use super::SessionError;
use crate::toolchain::{Toolchain, compute_sanitizer};
use crate::worker::{Confinement, Instrument};

/// What a call is made again under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    Nothing,
    /// AddressSanitizer and UBSan in the sides themselves, on the emulated device.
    HostSanitizers,
    /// NVIDIA's compute-sanitizer, on a GPU.
    ComputeSanitizer(SanitizerTool),
}

/// What compute-sanitizer looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanitizerTool {
    Memcheck,
    Racecheck,
    Initcheck,
    Synccheck,
}

impl SanitizerTool {
    /// As compute-sanitizer names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memcheck => "memcheck",
            Self::Racecheck => "racecheck",
            Self::Initcheck => "initcheck",
            Self::Synccheck => "synccheck",
        }
    }
}

impl Tool {
    /// How its worker is started; compute-sanitizer writes its report to `log`.
    pub(super) fn instrument(
        self,
        toolchain: &Toolchain,
        confinement: Confinement,
        log: &Path,
    ) -> Result<(Instrument, Confinement), SessionError> {
        Ok(match self {
            Self::Nothing => (Instrument::Nothing, confinement),
            Self::HostSanitizers => {
                let runtime = toolchain.sanitizer_runtime()?;
                (Instrument::AddressSanitizer { runtime }, confinement)
            }
            // It starts processes and talks to what it injects into the worker.
            Self::ComputeSanitizer(tool) => {
                let program = compute_sanitizer().ok_or(SessionError::NoComputeSanitizer)?;
                let words = words(&program, tool, log);
                (Instrument::Program(words), Confinement::Off)
            }
        })
    }
}

fn words(program: &Path, tool: SanitizerTool, log: &Path) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    vec![
        text(program),
        "--tool".to_owned(),
        tool.name().to_owned(),
        "--log-file".to_owned(),
        text(log),
        "--print-limit".to_owned(),
        "20".to_owned(),
    ]
}
