//! `kda`: is this candidate CUDA kernel faster than its baseline on production shapes, and still right?

pub mod abi;
pub mod device;
pub mod ledger;
pub mod task;
pub mod tensor;
pub mod toolchain;
