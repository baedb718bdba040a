//! Devices: memory, capture, replay and clocks. A device knows nothing of tasks.

mod attest;
mod cuda;
mod emulated;
mod error;
mod fences;
mod graph;
mod interface;
mod monitor;
mod peaks;
mod scripted;

pub use attest::{CallNodes, call_faults, edges_within, order_faults};
pub use cuda::CudaDevice;
pub use emulated::EmulatedDevice;
pub use error::DeviceError;
pub use graph::{
    Attributes, Bytes, Edge, EdgeKind, Graph, Node, NodeKind, describe, fingerprint, parameters,
};
pub use interface::{
    CallRecorder, Device, DeviceState, Drained, Facts, GraphId, Recorder, Replay, Span, Stream,
    Timings,
};
pub use monitor::{Monitor, MonitorError, NVML_LIBRARY, VisibleGpu};
pub use peaks::Peaks;
pub use scripted::ScriptedDevice;
