//! Correctness and integrity gates: every one a named pass or fail with its reason.

mod argv;
mod book;
mod case;
mod compare;
mod constructors;
mod depfile;
mod exports;
mod floor;
mod imports;
mod instructions;
mod math_parity;
mod memory;
mod mention;
mod objects;
mod oracle;
mod static_state;
mod trivial;

pub use book::{GateBook, gates};
pub use case::{CaseJudge, SideFindings};
pub use compare::{Comparison, Mismatch, compare};
pub use floor::floor_ns;
pub use objects::check_objects;
pub use oracle::{Expected, Left, Oracle, OracleError};
pub use trivial::check_trivial;
