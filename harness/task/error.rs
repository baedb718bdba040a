//! What can be wrong with a task's files.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use miette::{NamedSource, SourceSpan};

/// Why a task could not be loaded.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum TaskError {
    #[error("no task is named `{name}`")]
    #[diagnostic(help("{help}"))]
    Unknown { name: String, help: String },

    #[error("reading {path}")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },

    #[error(transparent)]
    #[diagnostic(transparent)]
    Malformed(Box<Malformed>),

    #[error(transparent)]
    #[diagnostic(transparent)]
    Invalid(Box<Invalid>),
}

/// A contract file that is not TOML, or not of the expected layout.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{file} is malformed: {message}")]
pub struct Malformed {
    pub file: String,
    pub message: String,
    #[source_code]
    text: NamedSource<String>,
    #[label("here")]
    at: Option<SourceSpan>,
}

/// A contract file that says what cannot be.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{file}, {what}: {message}")]
#[diagnostic(help("{help}"))]
pub struct Invalid {
    pub file: String,
    /// The row, grid, entry or set at fault.
    pub what: String,
    pub message: String,
    pub help: String,
    #[source_code]
    text: NamedSource<String>,
    #[label("written here")]
    at: Option<SourceSpan>,
}

/// One contract file with its text, for messages that point into it.
#[derive(Clone, Debug)]
pub(super) struct SourceText {
    pub(super) file: String,
    pub(super) text: String,
}

impl SourceText {
    pub(super) fn read(path: &std::path::Path, file: String) -> Result<Self, TaskError> {
        let text = std::fs::read_to_string(path).map_err(|source| TaskError::Read {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self { file, text })
    }

    pub(super) fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, TaskError> {
        toml::from_str(&self.text).map_err(|error| {
            TaskError::Malformed(Box::new(Malformed {
                file: self.place(error.span().as_ref()),
                message: error.message().to_owned(),
                text: self.named(),
                at: error.span().map(SourceSpan::from),
            }))
        })
    }

    pub(super) fn invalid(&self, fault: Fault, at: Option<Range<usize>>) -> TaskError {
        TaskError::Invalid(Box::new(Invalid {
            file: self.place(at.as_ref()),
            what: fault.what,
            message: fault.message,
            help: fault.help,
            text: self.named(),
            at: at.map(SourceSpan::from),
        }))
    }

    /// The file, with the line where that is known.
    fn place(&self, span: Option<&Range<usize>>) -> String {
        span.map_or_else(
            || self.file.clone(),
            |span| {
                let line = 1 + self.text[..span.start].matches('\n').count();
                format!("{}:{line}", self.file)
            },
        )
    }

    fn named(&self) -> NamedSource<String> {
        NamedSource::new(&self.file, self.text.clone()).with_language("toml")
    }
}

/// A fault in a contract file before it is tied to a place in the text.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) what: String,
    pub(super) message: String,
    pub(super) help: String,
}

impl Fault {
    pub(super) fn new(
        what: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            message: message.into(),
            help: help.into(),
        }
    }
}
