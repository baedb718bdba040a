//! The toolchain as the commands use it, on a fixture project. Tests that need nvcc say that they skipped.

mod bundle;
mod cache;
mod cuda;
mod faults;
mod fixture;
mod inspect;
