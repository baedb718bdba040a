//! What a lost call leaves behind, so that it can be made again, and what the tools say that it is made under.

mod dump;
mod finding;
mod folder;

pub use dump::{CrashDump, CrashError, CrashedRun, LostCall, Sources, TornDump};
pub use finding::Finding;
pub use folder::CrashFolder;
