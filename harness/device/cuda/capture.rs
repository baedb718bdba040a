//! Stream capture, and the captured graph as data.

use std::ffi::{CStr, c_void};
use std::ptr;

use cudarc::driver::sys::{
    self, CUfunction, CUgraph, CUgraphExec, CUgraphNode, CUgraphNodeType, CUresult, CUstream,
};

use super::context::check;
use crate::device::interface::{Recorder, Stream};
use crate::device::{DeviceError, Node, NodeKind};

/// A graph and its executable form.
pub(super) struct CapturedGraph {
    graph: CUgraph,
    executable: CUgraphExec,
}

impl CapturedGraph {
    /// Captures what `record` enqueues on `stream`. Work on any other stream of the process fails the capture.
    pub(super) fn record(stream: CUstream, record: &mut Recorder) -> Result<Self, DeviceError> {
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

    /// The nodes in creation order, which is launch order for one captured stream.
    pub(super) fn nodes(&self) -> Result<Vec<Node>, DeviceError> {
        let mut count = 0;
        // SAFETY: a null node array asks for the count.
        check("cuGraphGetNodes", unsafe {
            sys::cuGraphGetNodes(self.graph, ptr::null_mut(), &raw mut count)
        })?;
        if count == 0 {
            // Asked for no nodes, the driver answers CUDA_ERROR_INVALID_VALUE.
            return Ok(Vec::new());
        }
        let mut nodes: Vec<CUgraphNode> = vec![ptr::null_mut(); count];
        // SAFETY: the array has `count` places.
        check("cuGraphGetNodes", unsafe {
            sys::cuGraphGetNodes(self.graph, nodes.as_mut_ptr(), &raw mut count)
        })?;
        nodes.into_iter().map(read_node).collect()
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

fn read_node(node: CUgraphNode) -> Result<Node, DeviceError> {
    let mut kind = CUgraphNodeType::CU_GRAPH_NODE_TYPE_EMPTY;
    // SAFETY: the node belongs to a live graph.
    check("cuGraphNodeGetType", unsafe {
        sys::cuGraphNodeGetType(node, &raw mut kind)
    })?;
    match kind {
        CUgraphNodeType::CU_GRAPH_NODE_TYPE_KERNEL => kernel_node(node),
        CUgraphNodeType::CU_GRAPH_NODE_TYPE_MEMSET => memset_node(node),
        CUgraphNodeType::CU_GRAPH_NODE_TYPE_MEMCPY => memcpy_node(node),
        other => Err(DeviceError::ForeignNode(format!("{other:?}"))),
    }
}

fn kernel_node(node: CUgraphNode) -> Result<Node, DeviceError> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut params: sys::CUDA_KERNEL_NODE_PARAMS = unsafe { std::mem::zeroed() };
    // SAFETY: the node is a kernel node of a live graph.
    check("cuGraphKernelNodeGetParams", unsafe {
        sys::cuGraphKernelNodeGetParams_v2(node, &raw mut params)
    })?;
    let mut function = params.func;
    if function.is_null() {
        // SAFETY: a node without a function has a kernel.
        check("cuKernelGetFunction", unsafe {
            sys::cuKernelGetFunction(&raw mut function, params.kern)
        })?;
    }
    let mut name = ptr::null();
    // SAFETY: the function is live; the name belongs to its module.
    check("cuFuncGetName", unsafe {
        sys::cuFuncGetName(&raw mut name, function)
    })?;
    // SAFETY: cuFuncGetName gives a NUL-terminated string.
    let name = unsafe { CStr::from_ptr(name) }
        .to_string_lossy()
        .into_owned();
    Ok(Node {
        kind: NodeKind::Kernel,
        name,
        grid: [params.gridDimX, params.gridDimY, params.gridDimZ],
        block: [params.blockDimX, params.blockDimY, params.blockDimZ],
        smem_bytes: u64::from(params.sharedMemBytes),
        params: kernel_params(function, params.kernelParams)?,
    })
}

/// The bytes of each parameter, as the launch copied them.
fn kernel_params(
    function: CUfunction,
    values: *mut *mut c_void,
) -> Result<Vec<Vec<u8>>, DeviceError> {
    let mut params = Vec::new();
    if values.is_null() {
        return Ok(params);
    }
    loop {
        let (mut offset, mut bytes) = (0, 0);
        // SAFETY: the function is live; an index past the last parameter is answered with CUDA_ERROR_INVALID_VALUE.
        let status = unsafe {
            sys::cuFuncGetParamInfo(function, params.len(), &raw mut offset, &raw mut bytes)
        };
        if status == CUresult::CUDA_ERROR_INVALID_VALUE {
            return Ok(params);
        }
        check("cuFuncGetParamInfo", status)?;
        // SAFETY: the node holds one pointer a parameter, each to that parameter's bytes.
        let value =
            unsafe { std::slice::from_raw_parts((*values.add(params.len())).cast::<u8>(), bytes) };
        params.push(value.to_vec());
    }
}

fn memset_node(node: CUgraphNode) -> Result<Node, DeviceError> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut params: sys::CUDA_MEMSET_NODE_PARAMS = unsafe { std::mem::zeroed() };
    // SAFETY: the node is a memset node of a live graph.
    check("cuGraphMemsetNodeGetParams", unsafe {
        sys::cuGraphMemsetNodeGetParams(node, &raw mut params)
    })?;
    let sizes = [
        params.width as u64,
        params.height as u64,
        params.pitch as u64,
    ];
    let value = [u64::from(params.value), u64::from(params.elementSize)];
    Ok(plain_node(
        NodeKind::Memset,
        &[&[params.dst], &sizes[..], &value[..]].concat(),
    ))
}

fn memcpy_node(node: CUgraphNode) -> Result<Node, DeviceError> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut params: sys::CUDA_MEMCPY3D = unsafe { std::mem::zeroed() };
    // SAFETY: the node is a memcpy node of a live graph.
    check("cuGraphMemcpyNodeGetParams", unsafe {
        sys::cuGraphMemcpyNodeGetParams(node, &raw mut params)
    })?;
    let sizes = [
        params.WidthInBytes as u64,
        params.Height as u64,
        params.Depth as u64,
    ];
    Ok(plain_node(
        NodeKind::Memcpy,
        &[&[params.dstDevice, params.srcDevice], &sizes[..]].concat(),
    ))
}

fn plain_node(kind: NodeKind, words: &[u64]) -> Node {
    Node {
        kind,
        name: String::new(),
        grid: [1; 3],
        block: [1; 3],
        smem_bytes: 0,
        params: words
            .iter()
            .map(|word| word.to_le_bytes().to_vec())
            .collect(),
    }
}
