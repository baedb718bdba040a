//! Earlier states of a checkout, read through git.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What git could not do.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("git cannot be run to {action}; install it, or check out the sources by hand")]
    Start {
        action: String,
        #[source]
        source: io::Error,
    },
    #[error("git cannot {action}: {said}")]
    Refused { action: String, said: String },
    #[error(
        "no folder for another checkout can be made in the folder for temporary files; TMPDIR names another"
    )]
    Folder(#[source] io::Error),
}

/// The history around a project's root.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    root: &'a Path,
}

impl<'a> History<'a> {
    /// `None` where no commit can be asked for: no checkout, or no git.
    pub fn of(root: &'a Path) -> Option<Self> {
        git(root, &["rev-parse", "--verify", "HEAD"], "find a commit").ok()?;
        Some(Self { root })
    }

    /// The whole name of a commit, if it is one here.
    pub fn commit(&self, name: &str) -> Option<String> {
        let name = format!("{name}^{{commit}}");
        let words = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &name,
        ];
        git(self.root, &words, "find a commit").ok()
    }

    /// Commits on any branch that changed something below these paths, the newest first.
    ///
    /// # Errors
    ///
    /// What git refuses.
    pub fn commits_of(&self, paths: &[&str]) -> Result<Vec<String>, GitError> {
        let words = [&["log", "--all", "HEAD", "--format=%H", "--"], paths].concat();
        let text = git(self.root, &words, "list commits")?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// A checkout of another commit in a folder for temporary files; removed on drop.
#[derive(Debug)]
pub struct Worktree {
    /// The project's root in the checkout that it was made from.
    origin: PathBuf,
    folder: TempDir,
    /// Where that root lies below the checkout's.
    prefix: PathBuf,
}

impl Worktree {
    /// Checks out a commit of `history`.
    ///
    /// # Errors
    ///
    /// What git refuses, or a folder that cannot be made.
    pub fn add(history: History<'_>, commit: &str) -> Result<Self, GitError> {
        let root = history.root;
        let prefix = git(root, &["rev-parse", "--show-prefix"], "find the checkout")?;
        let folder = tempfile::Builder::new()
            .prefix("kda-worktree.")
            .tempdir()
            .map_err(GitError::Folder)?;
        let words = ["worktree", "add", "--quiet", "--detach"].map(OsStr::new);
        let place = [folder.path().as_os_str(), OsStr::new(commit)];
        let action = format!("check out {commit}");
        git(root, &[&words[..], &place].concat(), &action)?;
        Ok(Self {
            origin: root.to_owned(),
            folder,
            prefix: prefix.into(),
        })
    }

    /// Goes to another commit.
    ///
    /// # Errors
    ///
    /// What git refuses.
    pub fn check_out(&self, commit: &str) -> Result<(), GitError> {
        let words = ["checkout", "--quiet", "--force", "--detach", commit];
        git(self.folder.path(), &words, &format!("check out {commit}")).map(drop)
    }

    /// The project's root in this checkout.
    pub fn root(&self) -> PathBuf {
        self.folder.path().join(&self.prefix)
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        let words = ["worktree", "remove", "--force"].map(OsStr::new);
        let place = [self.folder.path().as_os_str()];
        // What git leaves, the folder's own drop removes, and `git worktree prune` forgets.
        let _ = git(
            &self.origin,
            &[&words[..], &place].concat(),
            "remove a checkout",
        );
    }
}

/// Runs git without hooks, which are somebody's programs; returns what it prints.
fn git<S: AsRef<OsStr>>(folder: &Path, words: &[S], action: &str) -> Result<String, GitError> {
    let output = Command::new("git")
        .args(["-c", "core.hooksPath=/dev/null", "-C"])
        .arg(folder)
        .args(words)
        .output()
        .map_err(|source| GitError::Start {
            action: action.to_owned(),
            source,
        })?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.success() {
        true => Ok(text(&output.stdout)),
        false => Err(GitError::Refused {
            action: action.to_owned(),
            said: text(&output.stderr),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A repository whose folder `project/` held 1, then 2.
    fn repository() -> (TempDir, [String; 2]) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        let run = |words: &[&str]| git(root, words, "prepare a test").expect("git should run");
        run(&["init", "--quiet"]);
        fs::create_dir(root.join("project")).expect("a folder");
        let commits = ["1", "2"].map(|text| {
            fs::write(root.join("project/file"), text).expect("a file");
            run(&["add", "."]);
            let who = ["-c", "user.name=kda", "-c", "user.email=kda@localhost"];
            run(&[&who[..], &["commit", "--quiet", "-m", text]].concat());
            run(&["rev-parse", "HEAD"])
        });
        (folder, commits)
    }

    #[test]
    fn an_earlier_commit_is_checked_out_beside_the_tree_and_removed() {
        let (folder, [first, second]) = repository();
        let root = folder.path().join("project");
        let history = History::of(&root).expect("the folder is a checkout");
        let commits = history.commits_of(&["file"]).expect("git lists commits");
        assert_eq!(commits, [second.clone(), first.clone()]);
        let tree = Worktree::add(history, &second).expect("the commit is there");
        let read = |root: &Path| fs::read_to_string(root.join("file")).expect("a file");
        assert_eq!(read(&tree.root()), "2");
        tree.check_out(&first).expect("the commit is there");
        assert_eq!((read(&tree.root()), read(&root)), ("1".into(), "2".into()));
        let place = tree.root();
        drop(tree);
        let left = git(&root, &["worktree", "list"], "list").expect("git lists checkouts");
        assert_eq!((left.lines().count(), place.exists()), (1, false));
    }

    #[test]
    fn what_is_no_commit_or_no_checkout_is_told() {
        let (folder, [first, _]) = repository();
        let history = History::of(folder.path()).expect("the folder is a checkout");
        assert_eq!(history.commit(&first[..10]), Some(first));
        assert_eq!(history.commit("0123456789abcdef"), None);
        assert_eq!(history.commit("--all"), None);
        let error = Worktree::add(history, "0123456789abcdef").expect_err("no such commit");
        assert!(
            error
                .to_string()
                .contains("cannot check out 0123456789abcdef: ")
        );
        let empty = tempfile::tempdir().expect("a temporary folder");
        assert!(History::of(empty.path()).is_none());
    }
}
