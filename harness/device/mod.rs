//! Devices: memory, capture, replay and clocks. A device knows nothing of tasks.

mod cuda;
mod emulated;
mod error;
mod fences;
mod graph;
mod interface;
mod monitor;
mod scripted;

pub use cuda::CudaDevice;
pub use emulated::EmulatedDevice;
pub use error::DeviceError;
pub use graph::{Node, NodeKind, describe, fingerprint};
pub use interface::{Device, Facts, GraphId, Recorder, Span, Stream};
pub use monitor::{Monitor, MonitorError, NVML_LIBRARY, VisibleGpu};
pub use scripted::ScriptedDevice;
