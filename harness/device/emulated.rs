//! The host as a device: the same CUDA sources, compiled for the CPU (`kernels/include/kda/emulated/`).

use std::alloc::{Layout, alloc, dealloc};
use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::slice;
use std::time::Instant;

use super::fences::Fences;
use super::interface::{
    Device, DeviceState, Drained, Facts, GraphId, Recorder, Replay, Span, Stream, Timings,
};
use super::{Attributes, DeviceError, Edge, EdgeKind, Graph, Node, NodeKind, Peaks};
use crate::abi::{
    KDA_NODE_KERNEL, KDA_NODE_MEMSET, KdaEmulatedNode, KdaEmulatedParam, KdaEmulatedStream,
};
use crate::tensor::{Fill, TensorSpec};

/// Alignment of every allocation, in bytes; what `cudaMalloc` promises.
const ALIGNMENT: usize = 256;

/// Emulated last-level cache, in bytes: small, so that buffer sets rotate as on a GPU without gigabytes.
const EMULATED_L2_BYTES: u64 = 64 << 10;

/// Room for the message of a failed node, in bytes.
const MESSAGE_BYTES: usize = 1024;

/// The host, standing in for a GPU.
pub struct EmulatedDevice {
    facts: Facts,
    allocations: BTreeMap<u64, Layout>,
    graphs: Vec<Vec<RecordedNode>>,
    stream: Box<EmulatedStream>,
    fences: Option<Fences>,
}

/// A stream whose first field is the one that sides see.
#[repr(C)]
struct EmulatedStream {
    abi: KdaEmulatedStream,
    recording: Option<Vec<RecordedNode>>,
    error: Option<String>,
}

/// A node with its own copy of the arguments.
struct RecordedNode {
    node: KdaEmulatedNode,
    args: Vec<u128>,
    params: Vec<KdaEmulatedParam>,
}

impl RecordedNode {
    /// # Safety
    /// `node` must be a live node of a side whose library stays loaded.
    unsafe fn copy(node: &KdaEmulatedNode) -> Self {
        let bytes = node.args_bytes as usize;
        let mut args = vec![0_u128; bytes.div_ceil(size_of::<u128>())];
        // SAFETY: the node promises `args_bytes` readable bytes, and `args` has at least as many.
        unsafe {
            args.as_mut_ptr()
                .cast::<u8>()
                .copy_from(node.args.cast(), bytes)
        };
        let params = match node.num_params {
            0 => Vec::new(),
            // SAFETY: the node promises `num_params` entries.
            count => unsafe { slice::from_raw_parts(node.params, count as usize) }.to_vec(),
        };
        Self {
            node: *node,
            args,
            params,
        }
    }

    fn run(&self) -> Result<(), String> {
        let node = KdaEmulatedNode {
            args: self.args.as_ptr().cast(),
            params: self.params.as_ptr(),
            ..self.node
        };
        run_node(&node)
    }

    fn describe(&self) -> Node {
        // SAFETY: `args` is a plain byte block.
        let bytes =
            unsafe { slice::from_raw_parts(self.args.as_ptr().cast::<u8>(), self.args.len() * 16) };
        let param = |param: &KdaEmulatedParam| {
            bytes[param.offset as usize..][..param.bytes as usize].to_vec()
        };
        Node {
            kind: match self.node.kind {
                KDA_NODE_KERNEL => NodeKind::Kernel,
                KDA_NODE_MEMSET => NodeKind::Memset,
                _ => NodeKind::Memcpy,
            },
            name: node_name(&self.node),
            grid: self.node.grid,
            block: self.node.block,
            smem_bytes: self.node.smem_bytes,
            params: self.params.iter().map(param).collect(),
            attributes: Attributes {
                // Zeros where the launch says none.
                cluster: self.node.cluster.map(|blocks| blocks.max(1)),
                ..Attributes::default()
            },
        }
    }
}

fn node_name(node: &KdaEmulatedNode) -> String {
    if node.name.is_null() {
        return String::new();
    }
    // SAFETY: a non-null name is NUL-terminated and lives as long as the side's library.
    unsafe { CStr::from_ptr(node.name) }
        .to_string_lossy()
        .into_owned()
}

fn run_node(node: &KdaEmulatedNode) -> Result<(), String> {
    let run = node
        .run
        .ok_or_else(|| format!("node `{}` has nothing to run", node_name(node)))?;
    let mut message = [0 as c_char; MESSAGE_BYTES];
    // SAFETY: the node is complete and its library loaded; the message buffer has the size that is passed.
    let status = unsafe { run(node, message.as_mut_ptr(), message.len()) };
    if status == 0 {
        return Ok(());
    }
    message[MESSAGE_BYTES - 1] = 0;
    // SAFETY: the buffer ends with a NUL.
    Err(unsafe { CStr::from_ptr(message.as_ptr()) }
        .to_string_lossy()
        .into_owned())
}

/// Runs or records a node; the callback behind every emulated stream.
unsafe extern "C" fn enqueue(stream: *mut KdaEmulatedStream, node: *const KdaEmulatedNode) -> i32 {
    // SAFETY: sides get the pointer to the `abi` field, the first of an EmulatedStream, and hand it back.
    let stream = unsafe { &mut *stream.cast::<EmulatedStream>() };
    // SAFETY: sides pass a live node.
    let node = unsafe { &*node };
    match &mut stream.recording {
        Some(nodes) => {
            // SAFETY: as above; sides stay loaded for the life of the worker.
            nodes.push(unsafe { RecordedNode::copy(node) });
            0
        }
        None => match run_node(node) {
            Ok(()) => 0,
            Err(message) => {
                stream.error.get_or_insert(message);
                1
            }
        },
    }
}

impl EmulatedDevice {
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            facts: Facts {
                name: "emulated".to_owned(),
                uuid: String::new(),
                driver: String::new(),
                compute_capability: String::new(),
                multiprocessors: cores as u32,
                l2_bytes: EMULATED_L2_BYTES,
                memory_bytes: 0,
            },
            allocations: BTreeMap::new(),
            graphs: Vec::new(),
            stream: Box::new(EmulatedStream {
                abi: KdaEmulatedStream {
                    enqueue: Some(enqueue),
                },
                recording: None,
                error: None,
            }),
            fences: Fences::of_process(),
        }
    }

    fn stream(&mut self) -> Stream {
        Stream((&raw mut *self.stream).cast())
    }

    /// Runs `record` on the stream; an error that a node left behind wins over what the side made of it.
    fn run(&mut self, record: &mut Recorder) -> Result<(), DeviceError> {
        self.stream.error = None;
        let stream = self.stream();
        let raised = self.fences.as_ref().map(Fences::raise);
        let outcome = record(stream);
        drop(raised);
        match self.stream.error.take() {
            Some(message) => Err(DeviceError::Emulated(message)),
            None => outcome,
        }
    }

    /// The bytes of a span, which must lie in one allocation.
    fn bytes(&mut self, span: Span) -> Result<&mut [u8], DeviceError> {
        let owner = self.allocations.range(..=span.address).next_back();
        let inside =
            owner.is_some_and(|(start, layout)| span.end() <= start + layout.size() as u64);
        if !inside {
            let message = format!(
                "{} bytes at {:#x} lie outside every allocation",
                span.bytes, span.address
            );
            return Err(DeviceError::Emulated(message));
        }
        // SAFETY: the span lies in a live allocation of this device, which `&mut self` guards.
        Ok(unsafe { slice::from_raw_parts_mut(span.address as *mut u8, span.bytes as usize) })
    }
}

impl Default for EmulatedDevice {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for EmulatedDevice {
    fn drop(&mut self) {
        for (&address, &layout) in &self.allocations {
            // SAFETY: allocated in `allocate` with this layout, and not released.
            unsafe { dealloc(address as *mut u8, layout) };
        }
    }
}

/// The byte that `pattern` puts at `address`.
fn pattern_byte(pattern: u32, address: u64) -> u8 {
    pattern.to_le_bytes()[(address & 3) as usize]
}

impl Device for EmulatedDevice {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn allocate(&mut self, bytes: u64) -> Result<Span, DeviceError> {
        let too_large =
            || DeviceError::Emulated(format!("{bytes} bytes of host memory cannot be had"));
        let layout =
            Layout::from_size_align(bytes.max(1) as usize, ALIGNMENT).map_err(|_| too_large())?;
        // SAFETY: the layout has a non-zero size.
        let address = unsafe { alloc(layout) } as u64;
        if address == 0 {
            return Err(too_large());
        }
        self.allocations.insert(address, layout);
        Ok(Span { address, bytes })
    }

    fn release(&mut self, span: Span) -> Result<(), DeviceError> {
        if let Some(fences) = &mut self.fences {
            fences.forget(span);
        }
        if let Some(layout) = self.allocations.remove(&span.address) {
            // SAFETY: allocated in `allocate` with this layout, and released once.
            unsafe { dealloc(span.address as *mut u8, layout) };
        }
        Ok(())
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        let span = Span {
            address,
            bytes: bytes.len() as u64,
        };
        self.bytes(span)?.copy_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        let span = Span {
            address,
            bytes: bytes.len() as u64,
        };
        bytes.copy_from_slice(self.bytes(span)?);
        Ok(())
    }

    fn draw(
        &mut self,
        storage: u64,
        spec: &TensorSpec,
        fill: &Fill,
        key: u64,
    ) -> Result<(), DeviceError> {
        let size = spec.dtype.bytes();
        let bytes = self.bytes(Span {
            address: storage,
            bytes: spec.extent() as u64 * size as u64,
        })?;
        spec.draw_into(bytes, fill, key);
        Ok(())
    }

    fn paint(&mut self, spans: &[Span], pattern: u32) -> Result<(), DeviceError> {
        for span in spans {
            for (address, byte) in (span.address..).zip(self.bytes(*span)?) {
                *byte = pattern_byte(pattern, address);
            }
        }
        Ok(())
    }

    fn fence(&mut self, spans: &[Span]) {
        if let Some(fences) = &mut self.fences {
            fences.add(spans);
        }
    }

    fn damage(&mut self, spans: &[Span], pattern: u32) -> Result<u64, DeviceError> {
        let mut damage = 0;
        for span in spans {
            let address = span.address;
            let bytes = self.bytes(*span)?;
            // Bytes before the first whole word and behind the last count each for itself, as on a GPU.
            let (head, rest) = bytes.split_at(bytes.len().min(address.wrapping_neg() as usize % 4));
            let (words, tail) = rest.as_chunks::<4>();
            let odd = |first: u64, bytes: &[u8]| {
                (first..)
                    .zip(bytes)
                    .filter(|(address, byte)| **byte != pattern_byte(pattern, *address))
                    .count()
            };
            let changed = words.iter().filter(|word| **word != pattern.to_le_bytes());
            let found =
                odd(address, head) + changed.count() + odd(span.end() - tail.len() as u64, tail);
            damage += found as u64;
        }
        Ok(damage)
    }

    fn digest(&mut self, spans: &[Span]) -> Result<u64, DeviceError> {
        let mut hasher = blake3::Hasher::new();
        for span in spans {
            hasher
                .update(&span.bytes.to_le_bytes())
                .update(self.bytes(*span)?);
        }
        let hash = hasher.finalize();
        Ok(u64::from_le_bytes(
            hash.as_bytes()[..8]
                .try_into()
                .expect("a blake3 hash should have 32 bytes"),
        ))
    }

    fn capture(&mut self, _calls: u32, record: &mut Recorder) -> Result<GraphId, DeviceError> {
        self.stream.recording = Some(Vec::new());
        let outcome = self.run(record);
        let nodes = self
            .stream
            .recording
            .take()
            .expect("a capture should end once");
        outcome?;
        self.graphs.push(nodes);
        Ok(GraphId(self.graphs.len() - 1))
    }

    /// One stream records in order.
    fn graph(&self, graph: GraphId) -> Result<Graph, DeviceError> {
        let nodes: Vec<Node> = self.graphs[graph.0]
            .iter()
            .map(RecordedNode::describe)
            .collect();
        let edges = (1..nodes.len()).map(|to| Edge {
            from: to - 1,
            to,
            kind: EdgeKind::Full,
        });
        Ok(Graph {
            edges: edges.collect(),
            nodes,
        })
    }

    fn is_memory(&self, address: u64) -> bool {
        let below = self.allocations.range(..=address).next_back();
        below.is_some_and(|(start, layout)| address < start + layout.size() as u64)
    }

    /// The host has none.
    fn state(&self) -> Result<DeviceState, DeviceError> {
        Ok(DeviceState::new())
    }

    /// Launches run to their end.
    fn drain(&self) -> Result<Drained, DeviceError> {
        Ok(Drained::WasIdle)
    }

    fn discard(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        self.graphs[graph.0] = Vec::new();
        Ok(())
    }

    fn replay(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        let _raised = self.fences.as_ref().map(Fences::raise);
        let run = |node: &RecordedNode| node.run().map_err(DeviceError::Emulated);
        self.graphs[graph.0].iter().try_for_each(run)
    }

    fn time(&mut self, replays: &[Replay]) -> Result<Timings, DeviceError> {
        let mut ns = Vec::with_capacity(replays.len());
        for replay in replays {
            if let Some(lead_in) = replay.lead_in {
                self.replay(lead_in)?;
            }
            let start = Instant::now();
            self.replay(replay.graph)?;
            ns.push(start.elapsed().as_nanos() as f64);
        }
        let sm_mhz = vec![None; ns.len()];
        Ok(Timings { ns, sm_mhz })
    }

    /// Recording stands for submitting: nothing runs meanwhile, nor afterwards.
    fn submit_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        let start = Instant::now();
        let graph = self.capture(1, record)?;
        let elapsed = start.elapsed().as_nanos() as f64;
        self.discard(graph)?;
        Ok(elapsed)
    }

    fn wall_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        let start = Instant::now();
        self.run(record)?;
        Ok(start.elapsed().as_nanos() as f64)
    }

    fn peaks(&mut self) -> Result<Option<Peaks>, DeviceError> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_cannot_be_had_is_an_error_with_its_size() {
        let error = EmulatedDevice::new().allocate(1 << 62).unwrap_err();
        assert!(
            error.to_string().contains("4611686018427387904 bytes"),
            "{error}"
        );
        assert!(!error.is_fatal());
    }

    #[test]
    fn a_span_outside_every_allocation_is_refused() {
        let mut device = EmulatedDevice::new();
        let span = device.allocate(64).unwrap();
        assert!(device.write(span.address, &[0; 64]).is_ok());
        assert!(device.write(span.address, &[0; 65]).is_err());
    }
}
