//! From a task's sources to shared libraries: finding the compilers, the one set of flags, the cache, the symbols.
//!
//! [`Toolchain::build_task`] is the door: it returns both sides and the oracle, compiled or found compiled.

mod build_many;
mod built;
mod bundle;
mod bundle_record;
mod cache;
mod commit;
mod compile;
mod compiler;
mod depfile;
mod device_only;
mod doctor;
mod error;
mod flags;
mod hash;
mod includes;
mod inspect;
mod installed;
mod job;
mod profile;
mod profiler;
mod programs;
mod project;
mod sanitizers;
mod source_tree;
mod symbols;
mod target;
mod worktree;

pub use build_many::{Request, TaskLibraries};
pub use built::Built;
pub use bundle::{BundleError, BundleSummary, StandIn, pack};
pub use bundle_record::BundleRecord;
pub use compiler::{Compiler, Toolchain};
pub use doctor::{Check, DoctorReport, Finding, doctor};
pub use error::BuildError;
pub use flags::{argv_difference, compile_template, link_template};
pub use hash::{Dependency, file_hash};
pub use includes::included_files;

pub(crate) use inspect::identifiers;
pub use inspect::{ByWidth, DeviceGlobal, InstructionMix, KernelFacts, ObjectFacts, Width};
pub use profile::{GPU_PROFILES, GpuProfile};
pub use profiler::nsight_compute;
pub(crate) use project::{CORPUS_TASKS, TASKS};
pub use project::{NoProject, Origin, Project};
pub use sanitizers::compute_sanitizer;
pub use source_tree::tree_source_hash;
pub use symbols::Symbols;
pub use target::{Arch, Side, Target, Unit};
pub use worktree::{GitError, History, Worktree};
