//! Content hashes: blake3, 64 hex digits.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A file that an object was made from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependency {
    /// Relative to the project's root, or absolute for a file outside it.
    pub path: PathBuf,
    pub hash: String,
}

impl Dependency {
    pub(crate) fn read(root: &Path, path: &Path) -> io::Result<Dependency> {
        Ok(Dependency {
            path: path.to_owned(),
            hash: file_hash(&root.join(path))?,
        })
    }

    pub(crate) fn is_unchanged(&self, root: &Path) -> bool {
        file_hash(&root.join(&self.path)).is_ok_and(|hash| hash == self.hash)
    }
}

/// Hash of the bytes of a file.
pub fn file_hash(path: &Path) -> io::Result<String> {
    Ok(blake3::hash(&std::fs::read(path)?).to_hex().to_string())
}

/// One hash over a source and everything it includes: their paths and contents, in the order given.
pub(crate) fn dependencies_hash(dependencies: &[Dependency]) -> String {
    let mut hasher = blake3::Hasher::new();
    for dependency in dependencies {
        field(&mut hasher, dependency.path.as_os_str().as_encoded_bytes());
        field(&mut hasher, dependency.hash.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// One hash over texts; where one ends counts.
pub(crate) fn texts_hash<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        field(&mut hasher, text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

fn field(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_boundary_changes_the_hash() {
        assert_ne!(texts_hash(["-O3", "-c"]), texts_hash(["-O3-c", ""]));
    }
}
