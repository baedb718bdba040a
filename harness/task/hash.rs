//! The contract hash: everything that is frozen before anyone tunes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::TaskError;

/// Files of the task folder that the contract freezes; `baseline.cu` and `oracle.cpp` bring what they include.
const FROZEN: [&str; 4] = ["task.toml", "rows.toml", "oracle.cpp", "baseline.cu"];

/// blake3 over path and content of every frozen file, in path order.
pub(super) fn contract_hash(root: &Path, task: &Path) -> Result<String, TaskError> {
    let mut files: BTreeSet<PathBuf> = BTreeSet::from([root.join("kernels/include/kda/abi.h")]);
    let mut pending: Vec<PathBuf> = FROZEN.iter().map(|name| task.join(name)).collect();
    while let Some(path) = pending.pop() {
        let bytes = read(&path)?;
        let is_source = path.extension().is_none_or(|extension| extension != "toml");
        if files.insert(path.clone()) && is_source {
            pending.extend(includes(root, &path, &String::from_utf8_lossy(&bytes)));
        }
    }
    let mut hasher = blake3::Hasher::new();
    for path in &files {
        let bytes = read(path)?;
        let name = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        hasher
            .update(name.as_bytes())
            .update(&[0])
            .update(&(bytes.len() as u64).to_le_bytes())
            .update(&bytes);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn read(path: &Path) -> Result<Vec<u8>, TaskError> {
    fs::read(path).map_err(|source| TaskError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Project files that `text` includes, beside itself or from the two include folders; the toolkit's are not frozen.
fn includes(root: &Path, file: &Path, text: &str) -> Vec<PathBuf> {
    let folders = [
        file.parent().unwrap_or(root).to_owned(),
        root.join("kernels/include"),
        root.join("baselines"),
    ];
    text.lines()
        .filter_map(|line| {
            line.trim_start()
                .strip_prefix('#')?
                .trim_start()
                .strip_prefix("include")
        })
        .filter_map(|rest| {
            let name = rest
                .trim()
                .trim_start_matches(['"', '<'])
                .split(['"', '>'])
                .next()?
                .to_owned();
            folders
                .iter()
                .map(|folder| folder.join(&name))
                .find(|path| path.is_file())
        })
        .filter_map(|path| path.canonicalize().ok())
        .filter(|path| path.starts_with(root))
        .collect()
}
