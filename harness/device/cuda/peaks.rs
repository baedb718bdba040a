//! Peaks of a GPU: medians of a few timed regions each.

use cudarc::driver::sys;

use super::capture::CapturedGraph;
use super::context::{CudaDevice, check};
use super::support::Pipe;
use crate::device::interface::{Device, GraphId, Replay};
use crate::device::{DeviceError, Peaks};

/// Bytes of the buffers that memory is measured on.
const COLD_BYTES: u64 = 256 << 20;

/// Bytes of each of two buffers that stay in the L2, a third of an H100's together; passes over them in one kernel.
const HOT_BYTES: u64 = 8 << 20;
const HOT_PASSES: i32 = 64;

/// Copies or reads in one timed region.
const REPEATS: u32 = 8;

/// Timed regions; the median counts.
const REGIONS: usize = 9;

/// Rounds of a pipe's kernel, for about a millisecond.
const ROUNDS: i32 = 4096;

/// Blocks of a pipe's kernel on each multiprocessor.
const SPINNING_BLOCKS: u32 = 8;

/// Empty kernels in the graphs whose times give the launch floor: the time of a graph is linear in its nodes in between.
const FEW_NODES: u32 = 16;
const MANY_NODES: u32 = 256;

impl CudaDevice {
    pub(super) fn measure_peaks(&mut self) -> Result<Peaks, DeviceError> {
        let source = self.allocate(COLD_BYTES)?;
        let target = self.allocate(COLD_BYTES)?;
        self.paint(&[source], 0)?;
        let stream = self.stream.cu_stream();
        let copy_ns = self.median_ns(REPEATS, |_| {
            // SAFETY: stream and both buffers are live; the copy stays inside them.
            check("cuMemcpyDtoDAsync", unsafe {
                sys::cuMemcpyDtoDAsync_v2(
                    target.address,
                    source.address,
                    COLD_BYTES as usize,
                    stream,
                )
            })
        })?;
        let sink = self.scratch.address + 8;
        let read_ns = self.median_ns(REPEATS, |device| {
            let stream = device.raw_stream();
            device
                .support
                .read(source.address, COLD_BYTES, sink, stream)
        })?;
        let hot_ns = self.median_ns(1, |device| {
            let (to, from) = (target.address, source.address);
            let stream = device.raw_stream();
            device.support.copy(to, from, HOT_BYTES, HOT_PASSES, stream)
        })?;
        let fma_operations = self.operations_per_second(Pipe::Fma)?;
        let tensor_operations = self.operations_per_second(Pipe::Tensor)?;
        let few_ns = self.empty_nodes_ns(FEW_NODES)?;
        let many_ns = self.empty_nodes_ns(MANY_NODES)?;
        let floor_ns = (many_ns - few_ns) / f64::from(MANY_NODES - FEW_NODES);
        self.release(source)?;
        self.release(target)?;
        Ok(Peaks {
            copy_bytes: 2.0 * COLD_BYTES as f64 / (copy_ns * 1e-9),
            hot_copy_bytes: 2.0 * HOT_BYTES as f64 * f64::from(HOT_PASSES) / (hot_ns * 1e-9),
            read_bytes: COLD_BYTES as f64 / (read_ns * 1e-9),
            fma_operations,
            tensor_operations,
            floor_ns,
            empty_graph_ns: self.empty_nodes_ns(1)?,
        })
    }

    fn operations_per_second(&mut self, pipe: Pipe) -> Result<f64, DeviceError> {
        let blocks = SPINNING_BLOCKS * self.facts().multiprocessors;
        let sink = self.scratch.address + 8;
        let ns = self.median_ns(1, |device| {
            let stream = device.raw_stream();
            device.support.spin(pipe, sink, blocks, ROUNDS, stream)
        })?;
        Ok(pipe.operations() * f64::from(blocks) * f64::from(ROUNDS) / (ns * 1e-9))
    }

    /// Median time of one of `repeats` in a row, after one untimed region.
    fn median_ns(
        &mut self,
        repeats: u32,
        mut enqueue: impl FnMut(&mut Self) -> Result<(), DeviceError>,
    ) -> Result<f64, DeviceError> {
        let mut times = Vec::with_capacity(REGIONS);
        for region in 0..=REGIONS {
            let ns = self.time_region(|device| (0..repeats).try_for_each(|_| enqueue(device)))?;
            if region > 0 {
                times.push(ns / f64::from(repeats));
            }
        }
        Ok(median(times))
    }

    /// Time of a graph of empty kernels, all of it, behind a short one.
    fn empty_nodes_ns(&mut self, nodes: u32) -> Result<f64, DeviceError> {
        let (graph, lead_in) = (self.empty_nodes(nodes)?, self.empty_nodes(FEW_NODES)?);
        let replay = Replay {
            graph,
            lead_in: Some(lead_in),
        };
        // The first is warm-up.
        let timings = self.time_replays(&[replay; REGIONS + 1])?;
        self.discard(graph)?;
        self.discard(lead_in)?;
        Ok(median(timings.ns[1..].to_vec()))
    }

    fn empty_nodes(&mut self, nodes: u32) -> Result<GraphId, DeviceError> {
        let stream = self.stream.cu_stream();
        let graph = CapturedGraph::record(stream, 1, &mut |stream| {
            (0..nodes).try_for_each(|_| self.support.empty(stream))
        })?;
        self.graphs.push(Some(graph));
        Ok(GraphId(self.graphs.len() - 1))
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
