//! What the harness asks of a device.

use std::ffi::c_void;

use serde::{Deserialize, Serialize};

use super::{DeviceError, Graph, Peaks};
use crate::tensor::{Fill, TensorSpec};

/// A region of device memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Span {
    pub address: u64,
    pub bytes: u64,
}

impl Span {
    pub fn end(self) -> u64 {
        self.address + self.bytes
    }

    pub fn contains(self, address: u64) -> bool {
        (self.address..self.end()).contains(&address)
    }
}

/// What goes into `KdaCall::stream`.
#[derive(Clone, Copy, Debug)]
pub struct Stream(pub *mut c_void);

/// A captured graph of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct GraphId(pub usize);

/// One timed replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replay {
    pub graph: GraphId,
    /// Replayed in front of it, before the clock starts.
    pub lead_in: Option<GraphId>,
}

impl Replay {
    /// Without a lead-in.
    pub const fn bare(graph: GraphId) -> Self {
        Self {
            graph,
            lead_in: None,
        }
    }
}

/// Enqueues work on the stream that it is given.
pub type Recorder<'a> = dyn FnMut(Stream) -> Result<(), DeviceError> + 'a;

/// Enqueues the call of a number on the stream that it is given.
pub type CallRecorder<'a> = dyn FnMut(u32, Stream) -> Result<(), DeviceError> + 'a;

/// What replays took, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timings {
    pub ns: Vec<f64>,
    /// SM clock within each, by the device's own counters, where they tell.
    pub sm_mhz: Vec<Option<f64>>,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// As the driver names it; `emulated` for the host.
    pub name: String,
    pub uuid: String,
    pub driver: String,
    pub compute_capability: String,
    pub multiprocessors: u32,
    pub l2_bytes: u64,
    pub memory_bytes: u64,
}

/// Settings by name, such as the stack size of a thread.
pub type DeviceState = Vec<(&'static str, u64)>;

/// Whether anything had to be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    WasIdle,
    Waited,
}

/// One device, owned by one worker. Times are nanoseconds.
///
/// An error of the device itself ([`DeviceError::is_fatal`]) leaves it unusable: the worker ends after reporting it.
pub trait Device {
    fn facts(&self) -> &Facts;

    /// Memory aligned to 256 bytes, contents undefined.
    fn allocate(&mut self, bytes: u64) -> Result<Span, DeviceError>;
    fn release(&mut self, span: Span) -> Result<(), DeviceError>;
    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), DeviceError>;
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), DeviceError>;
    /// Makes later reads into `memory`, which outlives the device, fast where the device can.
    fn pin(&mut self, memory: &mut [u8]) {
        let _ = memory;
    }

    /// Draws `fill` into the view `spec` of the storage at `storage`.
    fn draw(
        &mut self,
        storage: u64,
        spec: &TensorSpec,
        fill: &Fill,
        key: u64,
    ) -> Result<(), DeviceError>;
    /// Repeats the four bytes of `pattern`, aligned to addresses, over the spans.
    fn paint(&mut self, spans: &[Span], pattern: u32) -> Result<(), DeviceError>;
    /// Declares memory that no kernel may touch, from now on; a device that can, ends the process that does.
    fn fence(&mut self, spans: &[Span]) {
        let _ = spans;
    }
    /// How many words of the spans are not `pattern` any more; bytes at an end that fill no word count each.
    fn damage(&mut self, spans: &[Span], pattern: u32) -> Result<u64, DeviceError>;
    /// A digest that changes with any word of the spans.
    fn digest(&mut self, spans: &[Span]) -> Result<u64, DeviceError>;

    /// Captures the `calls` calls that `record` enqueues, without running them. None starts before the one in front of it
    /// has ended.
    fn capture(&mut self, calls: u32, record: &mut Recorder) -> Result<GraphId, DeviceError>;
    /// Captures calls each of which a producer comes before, which writes the bytes of `producers[call % len]` back as they
    /// are; a device without caches of its own needs none.
    fn capture_produced(
        &mut self,
        producers: &[Vec<Span>],
        calls: u32,
        record: &mut CallRecorder,
    ) -> Result<GraphId, DeviceError> {
        let _ = producers;
        self.capture(calls, &mut |stream| {
            (0..calls).try_for_each(|call| record(call, stream))
        })
    }
    fn graph(&self, graph: GraphId) -> Result<Graph, DeviceError>;
    fn discard(&mut self, graph: GraphId) -> Result<(), DeviceError>;
    /// Whether an address lies in memory that kernels can reach.
    fn is_memory(&self, address: u64) -> bool;
    /// Settings of the device that outlive a call.
    fn state(&self) -> Result<DeviceState, DeviceError>;
    /// Waits until nothing runs on a stream that waits for others, as those of a side would.
    fn drain(&self) -> Result<Drained, DeviceError>;
    /// Runs a graph to its end.
    fn replay(&mut self, graph: GraphId) -> Result<(), DeviceError>;

    /// Device time of each replay, in order, each behind a neutral settle and its lead-in.
    fn time(&mut self, replays: &[Replay]) -> Result<Timings, DeviceError>;
    /// Host time that `record` takes while the stream is held, so that nothing it enqueues runs meanwhile.
    fn submit_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError>;
    /// Host time of `record` and of waiting for what it enqueued.
    fn wall_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError>;

    /// What the device can do at most; `None` where that says nothing.
    fn peaks(&mut self) -> Result<Option<Peaks>, DeviceError>;
}
