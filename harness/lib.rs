//! `kda`: is this candidate CUDA kernel faster than its baseline on production shapes, and still right?

pub mod abi;
pub mod brief;
pub mod capture;
pub mod cli;
pub mod crash;
pub mod device;
pub mod gate;
pub mod ledger;
#[cfg(test)]
mod metered;
#[cfg(test)]
mod mutation;
pub mod profile;
pub mod replication;
pub mod report;
pub mod roofline;
pub mod scaffold;
pub mod selftest;
pub mod session;
pub mod stats;
pub mod task;
pub mod tensor;
pub mod timing;
pub mod toolchain;
pub mod worker;
