//! Why a run cannot be made again.

use crate::toolchain::GitError;

#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ReplicationError {
    #[error("entry `{entry}` makes no claim that could be made again: {why}")]
    #[diagnostic(help(
        "`kda ledger show TASK --history` lists the entries; choose one with a decision"
    ))]
    NoClaim { entry: String, why: &'static str },

    #[error("entry `{entry}` was measured on {measured}, and {found} is here")]
    #[diagnostic(help(
        "a claim holds for one model of GPU: run on one of that model, or a bundle there (`kda bundle`)"
    ))]
    OtherModel {
        entry: String,
        measured: String,
        found: String,
    },

    #[error("the sources of entry `{entry}` are not in the tree, and {searched}: {differs}")]
    #[diagnostic(help("{help}"))]
    OtherSources {
        entry: String,
        differs: String,
        searched: String,
        help: &'static str,
    },

    #[error("entry `{entry}` was built otherwise: {differs}")]
    #[diagnostic(help(
        "use the kda of its harness commit, or say --other-flags: the new entry then speaks of this build"
    ))]
    OtherFlags { entry: String, differs: String },

    #[error(transparent)]
    Git(#[from] GitError),
}
