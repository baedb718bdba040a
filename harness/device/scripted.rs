//! A device that plays given times, so that schedules, stopping and verdicts are tested exactly.

use super::emulated::EmulatedDevice;
use super::interface::{
    Device, DeviceState, Drained, Facts, GraphId, Recorder, Replay, Span, Timings,
};
use super::{DeviceError, Graph, Peaks};
use crate::tensor::{Fill, TensorSpec};

/// Time of the next replay of a graph, in nanoseconds.
pub type Script = Box<dyn FnMut(GraphId) -> f64>;

/// SM clock of the next replay, in MHz.
pub type Clock = Box<dyn FnMut() -> Option<f64>>;

/// The emulated device with scripted clocks: memory and launches are real, times are not.
pub struct ScriptedDevice {
    inner: EmulatedDevice,
    script: Script,
    clock: Clock,
}

impl ScriptedDevice {
    pub fn new(script: Script) -> Self {
        Self {
            inner: EmulatedDevice::new(),
            script,
            clock: Box::new(|| None),
        }
    }

    /// The same with an SM clock.
    pub fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }
}

impl Device for ScriptedDevice {
    fn facts(&self) -> &Facts {
        self.inner.facts()
    }

    fn allocate(&mut self, bytes: u64) -> Result<Span, DeviceError> {
        self.inner.allocate(bytes)
    }

    fn release(&mut self, span: Span) -> Result<(), DeviceError> {
        self.inner.release(span)
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        self.inner.write(address, bytes)
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        self.inner.read(address, bytes)
    }

    fn draw(
        &mut self,
        storage: u64,
        spec: &TensorSpec,
        fill: &Fill,
        key: u64,
    ) -> Result<(), DeviceError> {
        self.inner.draw(storage, spec, fill, key)
    }

    fn paint(&mut self, spans: &[Span], pattern: u32) -> Result<(), DeviceError> {
        self.inner.paint(spans, pattern)
    }

    fn damage(&mut self, spans: &[Span], pattern: u32) -> Result<u64, DeviceError> {
        self.inner.damage(spans, pattern)
    }

    fn digest(&mut self, spans: &[Span]) -> Result<u64, DeviceError> {
        self.inner.digest(spans)
    }

    fn capture(&mut self, calls: u32, record: &mut Recorder) -> Result<GraphId, DeviceError> {
        self.inner.capture(calls, record)
    }

    fn graph(&self, graph: GraphId) -> Result<Graph, DeviceError> {
        self.inner.graph(graph)
    }

    fn is_memory(&self, address: u64) -> bool {
        self.inner.is_memory(address)
    }

    fn state(&self) -> Result<DeviceState, DeviceError> {
        self.inner.state()
    }

    fn drain(&self) -> Result<Drained, DeviceError> {
        self.inner.drain()
    }

    fn discard(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        self.inner.discard(graph)
    }

    fn replay(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        self.inner.replay(graph)
    }

    fn time(&mut self, replays: &[Replay]) -> Result<Timings, DeviceError> {
        let played = replays
            .iter()
            .map(|replay| ((self.script)(replay.graph), (self.clock)()));
        let (ns, sm_mhz) = played.unzip();
        Ok(Timings { ns, sm_mhz })
    }

    fn submit_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.inner.submit_time(record)
    }

    fn wall_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.inner.wall_time(record)
    }

    fn peaks(&mut self) -> Result<Option<Peaks>, DeviceError> {
        Ok(None)
    }
}
