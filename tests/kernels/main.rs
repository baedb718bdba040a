//! The CUDA sources of the harness itself, compiled for the host as sides are.

mod programs;
mod support;
