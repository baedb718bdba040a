//! The contract hash: everything that is frozen before anyone tunes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::TaskError;
use crate::toolchain::included_files;

/// Tables of the task folder that the contract freezes.
const TABLES: [&str; 2] = ["task.toml", "rows.toml"];

/// Sources of the task folder that it freezes with all that they include, but for the emulated device.
const SOURCES: [&str; 2] = ["baseline.cu", "oracle.cpp"];

/// The ABI, which both sides and the oracle are written to.
const ABI: &str = "kernels/include/kda/abi.h";

/// blake3 over path and content of every frozen file, in path order. `task` is the task's folder below `root`.
pub(super) fn contract_hash(root: &Path, task: &Path) -> Result<String, TaskError> {
    let mut files = BTreeSet::from([PathBuf::from(ABI)]);
    files.extend(TABLES.map(|name| task.join(name)));
    for name in SOURCES {
        let source = task.join(name);
        files.extend(included_files(root, &source).map_err(unreadable(&root.join(&source)))?);
    }
    let mut hasher = blake3::Hasher::new();
    for path in &files {
        let bytes = fs::read(root.join(path)).map_err(unreadable(&root.join(path)))?;
        hasher
            .update(path.to_string_lossy().as_bytes())
            .update(&[0])
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(&bytes);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> TaskError {
    let path = path.to_owned();
    move |source| TaskError::Read { path, source }
}
