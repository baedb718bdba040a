//! Correctness and integrity gates: every one a named pass or fail with its reason.

mod argv;
mod book;
mod case;
mod compare;
mod floor;
mod imports;
mod oracle;
mod trivial;

pub use argv::check_argv;
pub use book::{GateBook, gates};
pub use case::{CaseJudge, SideFindings};
pub use compare::{Comparison, Mismatch, compare};
pub use floor::floor_ns;
pub use imports::check_imports;
pub use oracle::{Expected, Oracle, OracleError};
pub use trivial::check_trivial;
