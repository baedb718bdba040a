//! Why a unit could not be built, in words that say what to do.

use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("task `{task}` has no {}: expected it at {}", file_name(path), path.display())]
    NoSource { task: String, path: PathBuf },

    #[error(
        "found no C++ compiler for `{unit}` of task `{task}`: tried CXX, c++, g++ and clang++; \
         install one (Debian: apt-get install g++) or set CXX"
    )]
    NoHostCompiler { task: String, unit: String },

    #[error(
        "found no nvcc for `{unit}` of task `{task}`: tried CUDA_HOME, PATH, /usr/local/cuda and .toolchain/cuda; \
         scripts/install-nvcc.sh installs it without privileges, --gpu emulated needs none"
    )]
    NoNvcc { task: String, unit: String },

    #[error(
        "found no AddressSanitizer runtime of {compiler}: it has no libasan.so; install it (Debian: it comes with g++), \
         or set CXX to a g++ that has it"
    )]
    NoSanitizer { compiler: String },

    #[error(
        "this bundle has no object `{unit}` of task `{task}`, and the compiler to make one is not here: \
         pack the bundle for that GPU (kda bundle --gpu), or install the compiler (see kda doctor)"
    )]
    NotPacked { task: String, unit: String },

    #[error(
        "`{unit}` of task `{task}` was packed from other sources, and the compiler to rebuild it is not here; \
         changed since: {}; put them back, or install the compiler (see kda doctor)",
        names(changed)
    )]
    PackedFromOtherSources {
        task: String,
        unit: String,
        changed: Vec<PathBuf>,
    },

    #[error("{unit} of task `{task}` does not compile with {compiler}; fix it and run again:\n{}", message.trim_end())]
    Compile {
        task: String,
        unit: String,
        compiler: String,
        /// All that the compiler said.
        message: String,
    },

    #[error(
        "{unit} of task `{task}` needs a GPU: it uses {what}, which the host cannot run; launch through kda::launch \
         and use the wrappers of kernels/include/kda, or run with --gpu h100 or the like:\n{}",
        message.trim_end()
    )]
    NeedsGpu {
        task: String,
        unit: String,
        what: &'static str,
        message: String,
    },

    #[error("{unit} of task `{task}` does not link with {compiler}; define what it misses:\n{}", message.trim_end())]
    Link {
        task: String,
        unit: String,
        compiler: String,
        message: String,
    },

    #[error(
        "{unit} of task `{task}` does not export what kda/abi.h asks for; missing: {}; not allowed: {}; \
         mark the ABI's functions KDA_EXPORT, and nothing else",
        list(missing),
        list(extra)
    )]
    Exports {
        task: String,
        unit: String,
        missing: Vec<String>,
        extra: Vec<String>,
    },

    #[error("the object of {unit} of task `{task}` is not readable as an object file")]
    Object {
        task: String,
        unit: String,
        #[source]
        source: object::Error,
    },

    #[error(
        "the sources of {unit} of task `{task}` kept changing while they were compiled: run again once they are still"
    )]
    Moving { task: String, unit: String },

    #[error("cannot {action} {}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn list(symbols: &[String]) -> String {
    if symbols.is_empty() {
        "none".to_owned()
    } else {
        symbols.join(", ")
    }
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.join(", ")
}

pub(super) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(std::io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::Io {
        action,
        path,
        source,
    }
}
