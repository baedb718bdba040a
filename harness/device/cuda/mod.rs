//! An NVIDIA GPU through the driver API.

mod capture;
mod context;
mod nodes;
mod peaks;
mod pinning;
mod state;
mod support;
mod timing;

pub use context::CudaDevice;
