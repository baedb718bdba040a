//! `tests/cheats/corpus.toml`: which candidates there are, and which gate must catch each.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::{NamedSource, SourceSpan};
use serde::Deserialize;

use crate::toolchain::StandIn;

/// Below the project's root.
const FILE: &str = "tests/cheats/corpus.toml";
const CANDIDATES: &str = "tests/cheats/candidates";

/// All specimens, in the file's order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    #[serde(rename = "candidate")]
    pub specimens: Vec<Specimen>,
}

/// One candidate of the corpus.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Specimen {
    /// Its source is `<name>.cu`.
    pub name: String,
    pub task: String,
    pub kind: Kind,
    /// The gate that must fail; honest ones have none.
    pub gate: Option<String>,
    /// Gates that may catch it before that one does, by where buffers happen to lie and what is drawn.
    #[serde(default)]
    pub or: Vec<String>,
    /// Where it can be caught, or shown to pass.
    #[serde(rename = "where")]
    pub whereabouts: Vec<Whereabouts>,
    /// Of the list of known cheats.
    #[serde(default)]
    pub ids: Vec<String>,
    pub does: String,
    /// Gates that look away, as another must catch it too.
    #[serde(default)]
    pub past: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Cheat,
    Honest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Whereabouts {
    /// In what nvcc makes of it; nothing runs.
    Build,
    Emulated,
    Gpu,
}

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum CorpusError {
    #[error("cannot read {}", path.display())]
    #[diagnostic(help("`kda selftest` needs a checkout, or a bundle made with `--selftest`"))]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{FILE} is malformed: {message}")]
    Parse {
        message: String,
        #[source_code]
        toml: NamedSource<String>,
        #[label("here")]
        at: Option<SourceSpan>,
    },
    #[error("{FILE}: `{name}` {fault}")]
    Specimen { name: String, fault: String },
}

impl Corpus {
    /// Reads and validates the list below `root`.
    pub fn load(root: &Path) -> Result<Self, CorpusError> {
        let path = root.join(FILE);
        let text =
            fs::read_to_string(&path).map_err(|source| CorpusError::Read { path, source })?;
        let corpus: Corpus = toml::from_str(&text).map_err(|error| CorpusError::Parse {
            message: error.message().to_owned(),
            at: error.span().map(Into::into),
            toml: NamedSource::new(FILE, text.clone()),
        })?;
        corpus
            .specimens
            .iter()
            .try_for_each(|specimen| specimen.validate(root))?;
        Ok(corpus)
    }

    /// What has to be built for it.
    pub fn stand_ins(&self) -> BTreeSet<StandIn> {
        let stand_in = |specimen: &Specimen| StandIn {
            task: specimen.task.clone(),
            candidate: specimen.path(),
        };
        self.specimens.iter().map(stand_in).collect()
    }
}

impl Specimen {
    /// Below the project's root.
    pub fn path(&self) -> PathBuf {
        Path::new(CANDIDATES).join(&self.name).with_extension("cu")
    }

    fn validate(&self, root: &Path) -> Result<(), CorpusError> {
        let fault = if !root.join(self.path()).is_file() {
            format!("has no source {}", self.path().display())
        } else if self.whereabouts.is_empty() {
            "can be caught nowhere: `where` is empty".to_owned()
        } else if (self.kind == Kind::Cheat) != self.gate.is_some() {
            "is a cheat without a gate, or honest with one".to_owned()
        } else {
            return Ok(());
        };
        Err(CorpusError::Specimen {
            name: self.name.clone(),
            fault,
        })
    }
}
