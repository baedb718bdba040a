//! An NVIDIA GPU through the driver API.

mod capture;
mod context;
mod support;
mod timing;

pub use context::CudaDevice;
