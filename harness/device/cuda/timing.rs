//! Clocks of a GPU: events around graph replays, host time under a held stream, and a call with its wait.

use std::ptr;
use std::time::Instant;

use cudarc::driver::sys::{self, CUevent};

use super::context::{CudaDevice, check};
use crate::device::DeviceError;
use crate::device::interface::{Device, GraphId, Recorder};

/// Time events, made once and reused.
#[derive(Default)]
pub(super) struct Events(Vec<CUevent>);

impl Events {
    fn reserve(&mut self, count: usize) -> Result<&[CUevent], DeviceError> {
        while self.0.len() < count {
            let mut event = ptr::null_mut();
            // SAFETY: the out pointer is valid.
            check("cuEventCreate", unsafe {
                sys::cuEventCreate(&raw mut event, 0)
            })?;
            self.0.push(event);
        }
        Ok(&self.0[..count])
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        for &event in &self.0 {
            // SAFETY: made by `reserve`, destroyed once; a failed context has freed it already.
            let _ = unsafe { sys::cuEventDestroy_v2(event) };
        }
    }
}

/// Longest that the stream is held for a submission, in nanoseconds: a forgotten release costs this and no hang.
const HOLD_LIMIT_NS: u64 = 200_000_000;

/// Bytes of the buffer that the copy bandwidth is measured on; reads and writes double it.
const COPY_BYTES: u64 = 256 << 20;

/// Copies in one timed region.
const COPIES: u32 = 8;

/// Timed regions; the median counts.
const COPY_SAMPLES: usize = 9;

/// Empty kernels in the graph that measures the launch floor.
const FLOOR_NODES: usize = 500;

impl CudaDevice {
    /// Settles, then times, each graph. The stream is held until all of it is enqueued: a graph of hundreds of nodes
    /// takes the host longer to launch than a settle takes the device, and that gap would lie between the events.
    pub(super) fn time_replays(&mut self, graphs: &[GraphId]) -> Result<Vec<f64>, DeviceError> {
        let stream = self.stream.cu_stream();
        let sink = self.scratch.address + 8;
        let events = self.events.reserve(2 * graphs.len())?.to_vec();
        // SAFETY: the context is current on this thread.
        check("cuCtxResetPersistingL2Cache", unsafe {
            sys::cuCtxResetPersistingL2Cache()
        })?;
        self.hold()?;
        let enqueued = graphs
            .iter()
            .zip(events.chunks_exact(2))
            .try_for_each(|(&graph, pair)| {
                self.support.read(
                    self.settle.address,
                    self.settle.bytes,
                    sink,
                    self.raw_stream(),
                )?;
                // SAFETY: events and stream are live.
                check("cuEventRecord", unsafe {
                    sys::cuEventRecord(pair[0], stream)
                })?;
                self.captured(graph).launch(stream)?;
                // SAFETY: as above.
                check("cuEventRecord", unsafe {
                    sys::cuEventRecord(pair[1], stream)
                })
            });
        self.release_hold();
        self.synchronize()?;
        enqueued?;
        events
            .chunks_exact(2)
            .map(|pair| elapsed_ns(pair[0], pair[1]))
            .collect()
    }

    /// Keeps what is enqueued next from running until [`CudaDevice::release_hold`].
    fn hold(&mut self) -> Result<(), DeviceError> {
        // SAFETY: the word is page-locked host memory of this device; no kernel that reads it is in flight.
        unsafe { self.released.write_volatile(0) };
        self.support
            .hold(self.released, HOLD_LIMIT_NS, self.raw_stream())
    }

    fn release_hold(&self) {
        // SAFETY: as in `hold`; the kernel polls it.
        unsafe { self.released.write_volatile(1) };
    }

    pub(super) fn time_submission(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.hold()?;
        let start = Instant::now();
        let outcome = record(self.raw_stream());
        let elapsed = start.elapsed().as_nanos() as f64;
        self.release_hold();
        self.synchronize()?;
        outcome.map(|()| elapsed)
    }

    pub(super) fn time_call(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.synchronize()?;
        let start = Instant::now();
        record(self.raw_stream())?;
        self.synchronize()?;
        Ok(start.elapsed().as_nanos() as f64)
    }

    /// Bytes read plus written per second by driver copies of 256 MiB, the median of a few regions.
    pub(super) fn measure_copy(&mut self) -> Result<f64, DeviceError> {
        let source = self.allocate(COPY_BYTES)?;
        let target = self.allocate(COPY_BYTES)?;
        self.paint(&[source], 0x3f80_3f80)?;
        let stream = self.stream.cu_stream();
        let events = self.events.reserve(2)?.to_vec();
        let mut times = Vec::with_capacity(COPY_SAMPLES);
        for _ in 0..COPY_SAMPLES {
            // SAFETY: events, stream and both buffers are live; the copy stays inside them.
            unsafe {
                check("cuEventRecord", sys::cuEventRecord(events[0], stream))?;
                for _ in 0..COPIES {
                    let copied = sys::cuMemcpyDtoDAsync_v2(
                        target.address,
                        source.address,
                        COPY_BYTES as usize,
                        stream,
                    );
                    check("cuMemcpyDtoDAsync", copied)?;
                }
                check("cuEventRecord", sys::cuEventRecord(events[1], stream))?;
            }
            self.synchronize()?;
            times.push(elapsed_ns(events[0], events[1])? / f64::from(COPIES));
        }
        self.release(source)?;
        self.release(target)?;
        times.sort_by(f64::total_cmp);
        Ok(2.0 * COPY_BYTES as f64 / (times[COPY_SAMPLES / 2] * 1e-9))
    }

    /// Device time of one empty kernel among many in a graph.
    pub(super) fn measure_floor(&mut self) -> Result<f64, DeviceError> {
        let empty = |support: &super::support::Support, stream| {
            (0..FLOOR_NODES).try_for_each(|_| support.empty(stream))
        };
        let graph =
            super::capture::CapturedGraph::record(self.stream.cu_stream(), 1, &mut |stream| {
                empty(&self.support, stream)
            })?;
        self.graphs.push(Some(graph));
        let graph = GraphId(self.graphs.len() - 1);
        self.replay(graph)?;
        let mut times = self.time_replays(&[graph; COPY_SAMPLES])?;
        self.discard(graph)?;
        times.sort_by(f64::total_cmp);
        Ok(times[COPY_SAMPLES / 2] / FLOOR_NODES as f64)
    }
}

fn elapsed_ns(start: CUevent, end: CUevent) -> Result<f64, DeviceError> {
    let mut milliseconds = 0.0;
    // SAFETY: both events are recorded and the stream is drained; the out pointer is valid.
    check("cuEventElapsedTime", unsafe {
        sys::cuEventElapsedTime_v2(&raw mut milliseconds, start, end)
    })?;
    Ok(f64::from(milliseconds) * 1e6)
}
