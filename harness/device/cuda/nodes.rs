//! A captured graph as data: nodes with their parameters and attributes, and the edges between them.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use cudarc::driver::sys::{
    self, CUfunction, CUgraph, CUgraphDependencyType, CUgraphEdgeData, CUgraphNode,
    CUgraphNodeType, CUlaunchAttributeID, CUlaunchAttributeValue, CUresult,
};

use super::context::check;
use crate::device::{Attributes, DeviceError, Edge, EdgeKind, Graph, Node, NodeKind};

/// Nodes in creation order, which is launch order for one captured stream.
pub(super) fn read_graph(graph: CUgraph) -> Result<Graph, DeviceError> {
    let handles = node_handles(graph)?;
    Ok(Graph {
        edges: read_edges(graph, &handles)?,
        nodes: handles
            .into_iter()
            .map(read_node)
            .collect::<Result<_, _>>()?,
    })
}

fn node_handles(graph: CUgraph) -> Result<Vec<CUgraphNode>, DeviceError> {
    let mut count = 0;
    // SAFETY: a null node array asks for the count.
    check("cuGraphGetNodes", unsafe {
        sys::cuGraphGetNodes(graph, ptr::null_mut(), &raw mut count)
    })?;
    let mut nodes: Vec<CUgraphNode> = vec![ptr::null_mut(); count];
    if count > 0 {
        // Asked for no nodes, the driver answers CUDA_ERROR_INVALID_VALUE.
        // SAFETY: the array has `count` places.
        check("cuGraphGetNodes", unsafe {
            sys::cuGraphGetNodes(graph, nodes.as_mut_ptr(), &raw mut count)
        })?;
    }
    Ok(nodes)
}

/// Edges as the driver has them.
#[derive(Default)]
struct RawEdges {
    from: Vec<CUgraphNode>,
    to: Vec<CUgraphNode>,
    data: Vec<CUgraphEdgeData>,
}

fn raw_edges(graph: CUgraph) -> Result<RawEdges, DeviceError> {
    let mut count = 0;
    // SAFETY: null arrays ask for the count.
    check("cuGraphGetEdges", unsafe {
        sys::cuGraphGetEdges_v2(
            graph,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            &raw mut count,
        )
    })?;
    if count == 0 {
        return Ok(RawEdges::default());
    }
    let mut edges = RawEdges {
        from: vec![ptr::null_mut(); count],
        to: vec![ptr::null_mut(); count],
        // SAFETY: all-zero is a valid value of this plain C struct.
        data: vec![unsafe { std::mem::zeroed() }; count],
    };
    // SAFETY: the three arrays have `count` places each.
    check("cuGraphGetEdges", unsafe {
        sys::cuGraphGetEdges_v2(
            graph,
            edges.from.as_mut_ptr(),
            edges.to.as_mut_ptr(),
            edges.data.as_mut_ptr(),
            &raw mut count,
        )
    })?;
    Ok(edges)
}

fn places(handles: &[CUgraphNode]) -> BTreeMap<CUgraphNode, usize> {
    let numbered = handles.iter().enumerate();
    numbered.map(|(place, node)| (*node, place)).collect()
}

fn is_programmatic(data: &CUgraphEdgeData) -> bool {
    data.type_ == CUgraphDependencyType::CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC as u8
}

fn read_edges(graph: CUgraph, handles: &[CUgraphNode]) -> Result<Vec<Edge>, DeviceError> {
    let edges = raw_edges(graph)?;
    let places = places(handles);
    let ends = edges.from.iter().zip(&edges.to).zip(&edges.data);
    let edge = |((from, to), data): ((&CUgraphNode, &CUgraphNode), &CUgraphEdgeData)| Edge {
        from: places[from],
        to: places[to],
        kind: match is_programmatic(data) {
            true => EdgeKind::Programmatic,
            false => EdgeKind::Full,
        },
    };
    Ok(ends.map(edge).collect())
}

/// Makes every call wait for the end of the one before it. A kernel launched programmatically may start before the
/// kernel in front of it has ended, which is its right within a call; between calls it would hide time.
pub(super) fn separate_calls(graph: CUgraph, calls: u32) -> Result<(), DeviceError> {
    let handles = node_handles(graph)?;
    let per_call = handles.len() / calls.max(1) as usize;
    if calls < 2 || per_call == 0 {
        return Ok(());
    }
    let places = places(&handles);
    let edges = raw_edges(graph)?;
    for ((from, to), data) in edges.from.iter().zip(&edges.to).zip(&edges.data) {
        let is_within = places[from] / per_call == places[to] / per_call;
        if is_within || !is_programmatic(data) {
            continue;
        }
        // SAFETY: the edge is one of the live graph's.
        check("cuGraphRemoveDependencies", unsafe {
            sys::cuGraphRemoveDependencies_v2(graph, from, to, data, 1)
        })?;
        // SAFETY: both nodes belong to the live graph; without edge data the edge is full.
        check("cuGraphAddDependencies", unsafe {
            sys::cuGraphAddDependencies_v2(graph, from, to, ptr::null(), 1)
        })?;
    }
    Ok(())
}

fn read_attributes(node: CUgraphNode) -> Result<Attributes, DeviceError> {
    use CUlaunchAttributeID as Id;
    let read = |id: Id| {
        // SAFETY: all-zero is a valid value of this plain C union.
        let mut value: CUlaunchAttributeValue = unsafe { std::mem::zeroed() };
        // SAFETY: the node is a kernel node of a live graph; the out pointer is valid.
        check("cuGraphKernelNodeGetAttribute", unsafe {
            sys::cuGraphKernelNodeGetAttribute(node, id, &raw mut value)
        })?;
        Ok::<_, DeviceError>(value)
    };
    // SAFETY: each attribute is read as the member that belongs to its id.
    unsafe {
        let cluster = read(Id::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)?.clusterDim;
        Ok(Attributes {
            // Zeros where the launch says none.
            cluster: [cluster.x, cluster.y, cluster.z].map(|blocks| blocks.max(1)),
            is_cooperative: read(Id::CU_LAUNCH_ATTRIBUTE_COOPERATIVE)?.cooperative != 0,
            priority: read(Id::CU_LAUNCH_ATTRIBUTE_PRIORITY)?.priority,
            window_bytes: read(Id::CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW)?
                .accessPolicyWindow
                .num_bytes as u64,
        })
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
        other => Ok(Node {
            name: format!("{other:?}"),
            ..plain_node(NodeKind::Other, &[])
        }),
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
        attributes: read_attributes(node)?,
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

/// The driver leaves zeros in members of unused kinds, which their enums have no names for: what is needed is read
/// member by member.
fn memcpy_node(node: CUgraphNode) -> Result<Node, DeviceError> {
    let mut params = MaybeUninit::<sys::CUDA_MEMCPY3D>::zeroed();
    // SAFETY: the node is a memcpy node of a live graph; the out pointer is valid.
    check("cuGraphMemcpyNodeGetParams", unsafe {
        sys::cuGraphMemcpyNodeGetParams(node, params.as_mut_ptr())
    })?;
    let params = params.as_ptr();
    // SAFETY: the members are integers and plain pointers, zeroed or filled in; the kinds are read as integers.
    let words = unsafe {
        let host = sys::CUmemorytype::CU_MEMORYTYPE_HOST as u32;
        let is_host = |kind: *const sys::CUmemorytype| kind.cast::<u32>().read() == host;
        let destination = match is_host(&raw const (*params).dstMemoryType) {
            true => (&raw const (*params).dstHost).read() as u64,
            false => (&raw const (*params).dstDevice).read(),
        };
        let source = match is_host(&raw const (*params).srcMemoryType) {
            true => (&raw const (*params).srcHost).read() as u64,
            false => (&raw const (*params).srcDevice).read(),
        };
        [
            destination,
            source,
            (&raw const (*params).WidthInBytes).read() as u64,
            (&raw const (*params).Height).read() as u64,
            (&raw const (*params).Depth).read() as u64,
        ]
    };
    Ok(plain_node(NodeKind::Memcpy, &words))
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
        attributes: Attributes::default(),
    }
}
