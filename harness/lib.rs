//! `kda`: is this candidate CUDA kernel faster than its baseline on production shapes, and still right?

pub mod ledger;
pub mod report;
pub mod stats;
