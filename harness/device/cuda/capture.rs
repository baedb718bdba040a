//! Stream capture.

use std::ptr;

use cudarc::driver::sys::{self, CUgraph, CUgraphExec, CUstream};

use super::context::check;
use super::nodes::{read_graph, separate_calls};
use crate::device::interface::{Recorder, Stream};
use crate::device::{DeviceError, Graph};

/// A graph and its executable form.
pub(super) struct CapturedGraph {
    graph: CUgraph,
    executable: CUgraphExec,
}

impl CapturedGraph {
    /// Captures the `calls` calls that `record` enqueues on `stream`. Work on any other stream of the process fails the
    /// capture.
    pub(super) fn record(
        stream: CUstream,
        calls: u32,
        record: &mut Recorder,
    ) -> Result<Self, DeviceError> {
        // SAFETY: the stream is live and not capturing.
        check("cuStreamBeginCapture", unsafe {
            sys::cuStreamBeginCapture_v2(
                stream,
                sys::CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_GLOBAL,
            )
        })?;
        let outcome = record(Stream(stream.cast()));
        let mut graph: CUgraph = ptr::null_mut();
        // SAFETY: ends the capture begun above; the out pointer is valid.
        let ended = check("cuStreamEndCapture", unsafe {
            sys::cuStreamEndCapture(stream, &raw mut graph)
        });
        // The side's own error says more than the broken capture that it leaves.
        outcome?;
        ended?;
        let mut captured = Self {
            graph,
            executable: ptr::null_mut(),
        };
        separate_calls(captured.graph, calls)?;
        // SAFETY: the graph is live; the out pointer is valid.
        check("cuGraphInstantiate", unsafe {
            sys::cuGraphInstantiateWithFlags(&raw mut captured.executable, captured.graph, 0)
        })?;
        // SAFETY: graph and stream are live.
        check("cuGraphUpload", unsafe {
            sys::cuGraphUpload(captured.executable, stream)
        })?;
        Ok(captured)
    }

    pub(super) fn launch(&self, stream: CUstream) -> Result<(), DeviceError> {
        // SAFETY: graph and stream are live.
        check("cuGraphLaunch", unsafe {
            sys::cuGraphLaunch(self.executable, stream)
        })
    }

    /// The graph as data.
    pub(super) fn read(&self) -> Result<Graph, DeviceError> {
        read_graph(self.graph)
    }
}

impl Drop for CapturedGraph {
    fn drop(&mut self) {
        // SAFETY: both are live or null; a failure to free leaves nothing to do.
        unsafe {
            if !self.executable.is_null() {
                let _ = sys::cuGraphExecDestroy(self.executable);
            }
            let _ = sys::cuGraphDestroy(self.graph);
        }
    }
}
