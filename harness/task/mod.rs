//! Kernel tasks: the contract, its rows and grids, the tensors of a case and what fills them.
//!
//! A task is one folder. Nothing here knows which tasks exist, or what a device is.

mod case;
mod catalog;
mod contract;
mod error;
mod expression;
#[cfg(test)]
mod fuzz;
mod grid;
mod hash;
mod rows;
mod shrink;

pub use case::{Case, Expect, Scalar, Tolerance};
pub use catalog::{Task, names};
pub use contract::{
    CandidateTerms, Contract, EntrySpec, ErrorBudget, RowSet, ScalarSlot, ScalarType, StaticTerm,
    TensorSlot,
};
pub use error::TaskError;
pub use shrink::{ShrinkLimit, shrink};
