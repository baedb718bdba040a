//! The record of a built unit: what a run reports as its provenance, kept beside the library.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::hash::{Dependency, dependencies_hash, texts_hash};
use super::inspect::ObjectFacts;

/// Raised with every change of the layout below; records of another format are ignored and rebuilt.
pub(crate) const FORMAT: u32 = 3;

/// A shared library and what it was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Built {
    pub(crate) format: u32,
    pub task: String,
    /// The unit as its cache folder is named: `candidate-sm_90a`, `oracle`.
    pub unit: String,
    /// Compilers with their versions, the linking one first.
    pub compiler: String,
    /// Argument vectors with placeholders (see `flags`): literally the same for both sides.
    pub argv_compile: Vec<String>,
    pub argv_link: Vec<String>,
    /// Over the source and every file of the project that it includes.
    pub source_hash: String,
    /// Over the library's bytes.
    pub object_hash: String,
    /// In the record, the file's name; once loaded, its whole path.
    pub library: PathBuf,
    /// Undefined symbols of the object before linking, sorted.
    pub imports: Vec<String>,
    /// What the compiler said although it succeeded; empty when it said nothing.
    #[serde(default)]
    pub warnings: String,
    /// The source first.
    #[serde(rename = "dependency")]
    pub dependencies: Vec<Dependency>,
    /// What gates ask of the object before it is loaded.
    pub facts: ObjectFacts,
}

impl Built {
    /// Names the record's file: everything that decides the library's content.
    pub(crate) fn key(&self) -> String {
        let words = self.argv_compile.iter().chain(&self.argv_link);
        let others = [&self.compiler, &self.source_hash];
        texts_hash(words.chain(others).map(String::as_str))
    }

    /// The record's own place, beside the library.
    pub(crate) fn record_path(&self) -> PathBuf {
        self.library
            .with_file_name(self.key())
            .with_extension("toml")
    }

    pub(crate) fn hash_sources(&mut self) {
        self.source_hash = dependencies_hash(&self.dependencies);
    }
}
