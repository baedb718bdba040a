//! The hypothesis behind an attempt, kept until the entry that tests it is recorded.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::printable::printable;

/// Characters of a note at most: it is read beside a decision, on a line.
const LONGEST: usize = 1000;

/// Why a note was not kept, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    #[error("a note without a word: say what the next run of `{task}` should show, and why")]
    Empty { task: String },
    #[error(
        "a note of {characters} characters is longer than {LONGEST}: keep the hypothesis, and put the rest into the \
         task's README"
    )]
    TooLong { characters: usize },
    #[error("keeping the note in {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// The place of a task's note.
pub struct PendingNote {
    task: String,
    path: PathBuf,
}

impl PendingNote {
    /// `scratch` is where a project keeps what its runs leave besides objects.
    pub fn of(scratch: &Path, task: &str) -> Self {
        Self {
            task: task.to_owned(),
            path: scratch.join("notes").join(format!("{task}.txt")),
        }
    }

    /// The note that waits for an entry.
    ///
    /// # Errors
    ///
    /// A file that is there and cannot be read.
    pub fn read(&self) -> Result<Option<String>, NoteError> {
        match fs::read(&self.path) {
            // The file is anyone's to edit.
            Ok(bytes) => Ok(
                Some(one_line(&String::from_utf8_lossy(&bytes))).filter(|text| !text.is_empty())
            ),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// Keeps `text`, and returns the note that it replaces.
    ///
    /// # Errors
    ///
    /// A text of no or too many words, or a file that cannot be written; the note before it is then still there.
    pub fn replace(&self, text: &str) -> Result<Option<String>, NoteError> {
        let text = one_line(text);
        let characters = text.chars().count();
        if text.is_empty() {
            let task = self.task.clone();
            return Err(NoteError::Empty { task });
        }
        if characters > LONGEST {
            return Err(NoteError::TooLong { characters });
        }
        let before = self.read()?;
        self.write(&text).map_err(|source| self.failed(source))?;
        Ok(before)
    }

    /// Removes the note, and returns it.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or removed.
    pub fn clear(&self) -> Result<Option<String>, NoteError> {
        let before = self.read()?;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.failed(error)),
            _ => Ok(before),
        }
    }

    /// Removes the note that an entry took; one that was written since waits for the next entry.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or removed.
    pub fn taken(&self, text: &str) -> Result<(), NoteError> {
        match self.read()?.as_deref() == Some(text) {
            true => self.clear().map(drop),
            false => Ok(()),
        }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        writeln!(file, "{text}")?;
        file.persist(&self.path)?;
        Ok(())
    }

    fn failed(&self, source: io::Error) -> NoteError {
        let path = self.path.clone();
        NoteError::Io { path, source }
    }
}

/// The words of `text`, printable, with one space between them.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    printable(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(folder: &tempfile::TempDir) -> PendingNote {
        PendingNote::of(folder.path(), "demo")
    }

    #[test]
    fn a_note_waits_until_it_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let note = note(&folder);
        assert_eq!(note.read().unwrap(), None);
        assert_eq!(note.replace(" wider\n\tloads \u{1b}[2J").unwrap(), None);
        let kept = note.read().unwrap().unwrap();
        assert_eq!(kept, "wider loads ?[2J");
        note.taken(&kept).unwrap();
        assert_eq!(note.read().unwrap(), None);
    }

    #[test]
    fn a_note_written_during_a_run_waits_for_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let note = note(&folder);
        note.replace("first").unwrap();
        let at_the_start = note.read().unwrap().unwrap();
        assert_eq!(note.replace("second").unwrap().as_deref(), Some("first"));
        note.taken(&at_the_start).unwrap();
        assert_eq!(note.clear().unwrap().as_deref(), Some("second"));
        assert_eq!(note.clear().unwrap(), None);
    }

    #[test]
    fn a_text_that_is_refused_leaves_the_note_before_it() {
        let folder = tempfile::tempdir().unwrap();
        let note = note(&folder);
        note.replace("first").unwrap();
        for text in [" \n", &"x".repeat(LONGEST + 1)] {
            note.replace(text).unwrap_err();
        }
        assert_eq!(note.read().unwrap().as_deref(), Some("first"));
    }
}
