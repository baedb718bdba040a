//! Context, memory and the device trait of one GPU.

use std::ffi::CStr;
use std::path::Path;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use cudarc::driver::{CudaContext, CudaStream, DriverError};

use super::capture::CapturedGraph;
use super::state;
use super::support::Support;
use super::timing::{Events, STAMP_BYTES, STAMPS};
use crate::device::interface::{
    CallRecorder, Device, DeviceState, Drained, Facts, GraphId, Recorder, Span, Stream, Timings,
};
use crate::device::{DeviceError, Graph, Peaks};
use crate::tensor::{Fill, TensorSpec};

/// Smallest footprint that a settle reads, as a multiple of the L2.
const SETTLE_L2_MULTIPLE: u64 = 2;

/// Host memory that is pinned for outputs; what lies beyond is copied through the driver's own buffers. Bounded because
/// every worker pins afresh, and pinning touches every page.
const PINNED_BYTES_AT_MOST: usize = 1 << 30;

/// `CU_MEMHOSTREGISTER_PORTABLE`.
const PORTABLE: u32 = 1;

/// The visible GPU with number 0. The worker that owns it sees no other.
pub struct CudaDevice {
    // Fields drop in order: everything of the context before the context.
    pub(super) graphs: Vec<Option<CapturedGraph>>,
    pub(super) events: Events,
    pub(super) support: Support,
    pub(super) settle: Span,
    /// Device memory for span tables, counters and sinks.
    pub(super) scratch: Span,
    pub(super) stamps: Span,
    /// Where the pinned part of the memory for outputs ends; 0 where none is.
    pinned_end: usize,
    /// Pinned host word that a held stream waits for.
    pub(super) released: *mut u32,
    pub(super) stream: Arc<CudaStream>,
    context: Arc<CudaContext>,
    facts: Facts,
}

/// Bytes of [`CudaDevice::scratch`]: a counter, a sink and a table of spans.
const SCRATCH_BYTES: u64 = 64 << 10;

/// Where the span table starts in the scratch memory, in bytes.
pub(super) const SPANS_OFFSET: u64 = 256;

/// Turns a driver status into a result that names the call.
pub(super) fn check(call: &str, status: CUresult) -> Result<(), DeviceError> {
    if status == CUresult::CUDA_SUCCESS {
        return Ok(());
    }
    let error = DriverError(status);
    let text = |text: Result<&CStr, DriverError>| {
        text.map_or_else(
            |_| format!("{status:?}"),
            |text| text.to_string_lossy().into_owned(),
        )
    };
    Err(DeviceError::Cuda {
        call: call.to_owned(),
        name: text(error.error_name()),
        text: text(error.error_string()),
    })
}

impl CudaDevice {
    /// Opens the first visible GPU; `support` is the compiled `kernels/device/support.cu`.
    pub fn open(support: &Path) -> Result<Self, DeviceError> {
        // SAFETY: only looks for the library.
        if !unsafe { sys::is_culib_present() } {
            return Err(DeviceError::NoDriver("libcuda.so was not found".to_owned()));
        }
        let failed = |call: &'static str| {
            move |error: DriverError| {
                check(call, error.0).expect_err("a failed call should have a status")
            }
        };
        let context = CudaContext::new(0).map_err(failed("opening GPU 0"))?;
        let stream = context.new_stream().map_err(failed("cuStreamCreate"))?;
        let facts = facts(&context)?;
        let settle = allocate(SETTLE_L2_MULTIPLE * facts.l2_bytes)?;
        let scratch = allocate(SCRATCH_BYTES)?;
        let stamps = allocate(STAMPS as u64 * STAMP_BYTES)?;
        let mut released = std::ptr::null_mut();
        // SAFETY: the out pointer is valid; the memory is page-locked and mapped, freed with the process.
        check("cuMemHostAlloc", unsafe {
            sys::cuMemHostAlloc(
                &raw mut released,
                size_of::<u32>(),
                sys::CU_MEMHOSTALLOC_DEVICEMAP,
            )
        })?;
        let mut device = Self {
            graphs: Vec::new(),
            events: Events::default(),
            support: Support::load(support)?,
            settle,
            pinned_end: 0,
            scratch,
            stamps,
            released: released.cast(),
            stream,
            context,
            facts,
        };
        device.paint(&[settle], 0)?;
        Ok(device)
    }

    pub(super) fn raw_stream(&self) -> Stream {
        Stream(self.stream.cu_stream().cast())
    }

    pub(super) fn synchronize(&self) -> Result<(), DeviceError> {
        // SAFETY: the stream lives as long as `self`.
        check("cuStreamSynchronize", unsafe {
            sys::cuStreamSynchronize(self.stream.cu_stream())
        })
    }

    /// Uploads the span table; returns its device address and the longest span.
    fn upload(&mut self, spans: &[Span]) -> Result<(u64, u64), DeviceError> {
        // SAFETY: Span is two u64 and has no padding.
        let bytes =
            unsafe { std::slice::from_raw_parts(spans.as_ptr().cast::<u8>(), size_of_val(spans)) };
        assert!(
            bytes.len() as u64 + SPANS_OFFSET <= SCRATCH_BYTES,
            "a call should have fewer than 4000 spans"
        );
        let table = self.scratch.address + SPANS_OFFSET;
        self.write(table, bytes)?;
        Ok((
            table,
            spans.iter().map(|span| span.bytes).max().unwrap_or(0),
        ))
    }

    /// A table a producer in one piece of memory that is theirs alone.
    fn span_tables(&mut self, producers: &[Vec<Span>]) -> Result<SpanTables, DeviceError> {
        let spans = producers.concat();
        // SAFETY: Span is two u64 and has no padding.
        let bytes = unsafe {
            std::slice::from_raw_parts(spans.as_ptr().cast::<u8>(), size_of_val(&*spans))
        };
        let memory = allocate(bytes.len() as u64)?;
        self.write(memory.address, bytes)?;
        let mut address = memory.address;
        let of = producers.iter().map(|spans| {
            let table = SpanTable {
                address,
                count: spans.len(),
                longest: spans.iter().map(|span| span.bytes).max().unwrap_or(0),
            };
            address += size_of_val(&**spans) as u64;
            table
        });
        Ok(SpanTables {
            of: of.collect(),
            memory,
        })
    }

    /// Runs a support function that adds into a counter, and reads the counter.
    fn count(
        &mut self,
        spans: &[Span],
        run: impl FnOnce(&Support, u64, u64, u64, Stream) -> Result<(), DeviceError>,
    ) -> Result<u64, DeviceError> {
        if spans.is_empty() {
            return Ok(0);
        }
        let counter = self.scratch.address;
        self.write(counter, &[0; 8])?;
        let (table, longest) = self.upload(spans)?;
        run(&self.support, table, longest, counter, self.raw_stream())?;
        let mut value = [0; 8];
        self.read(counter, &mut value)?;
        Ok(u64::from_le_bytes(value))
    }
}

/// Spans of one producer, in device memory.
struct SpanTable {
    address: u64,
    count: usize,
    longest: u64,
}

struct SpanTables {
    of: Vec<SpanTable>,
    memory: Span,
}

fn facts(context: &CudaContext) -> Result<Facts, DeviceError> {
    let failed =
        |error: DriverError| check("reading device attributes", error.0).expect_err("it failed");
    let attribute = |attribute| context.attribute(attribute).map_err(failed);
    let mut version = 0;
    // SAFETY: the out pointer is valid.
    check("cuDriverGetVersion", unsafe {
        sys::cuDriverGetVersion(&raw mut version)
    })?;
    let uuid = context.uuid().map_err(failed)?;
    let hex: String = uuid
        .bytes
        .iter()
        .map(|byte| format!("{:02x}", *byte as u8))
        .collect();
    Ok(Facts {
        name: context.name().map_err(failed)?,
        uuid: format!(
            "GPU-{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        ),
        driver: format!("CUDA {}.{}", version / 1000, version % 1000 / 10),
        compute_capability: format!(
            "{}.{}",
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?,
            attribute(Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?
        ),
        multiprocessors: attribute(Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)? as u32,
        l2_bytes: attribute(Attribute::CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE)? as u64,
        memory_bytes: context.total_mem().map_err(failed)? as u64,
    })
}

/// Allocates on the current context.
fn allocate(bytes: u64) -> Result<Span, DeviceError> {
    let mut address = 0;
    // SAFETY: the out pointer is valid.
    let status = unsafe { sys::cuMemAlloc_v2(&raw mut address, bytes.max(1) as usize) };
    if status == CUresult::CUDA_ERROR_OUT_OF_MEMORY {
        let (mut free, mut total) = (0, 0);
        // SAFETY: both out pointers are valid.
        check("cuMemGetInfo", unsafe {
            sys::cuMemGetInfo_v2(&raw mut free, &raw mut total)
        })?;
        return Err(DeviceError::OutOfMemory {
            wanted: bytes,
            free: free as u64,
            total: total as u64,
        });
    }
    check("cuMemAlloc", status)?;
    Ok(Span { address, bytes })
}

impl Device for CudaDevice {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn allocate(&mut self, bytes: u64) -> Result<Span, DeviceError> {
        allocate(bytes)
    }

    fn release(&mut self, span: Span) -> Result<(), DeviceError> {
        // SAFETY: allocated by `allocate`; the caller gives it up.
        check("cuMemFree", unsafe { sys::cuMemFree_v2(span.address) })
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> Result<(), DeviceError> {
        // SAFETY: the source is live for the call; the stream is drained before it returns.
        check("cuMemcpyHtoDAsync", unsafe {
            sys::cuMemcpyHtoDAsync_v2(
                address,
                bytes.as_ptr().cast(),
                bytes.len(),
                self.stream.cu_stream(),
            )
        })?;
        self.synchronize()
    }

    fn read(&mut self, address: u64, bytes: &mut [u8]) -> Result<(), DeviceError> {
        // One copy may not go to pinned and to other memory.
        let pinned = self
            .pinned_end
            .saturating_sub(bytes.as_ptr().addr())
            .min(bytes.len());
        let (first, second) = bytes.split_at_mut(pinned);
        for (offset, part) in [(0, first), (pinned as u64, second)] {
            if part.is_empty() {
                continue;
            }
            // SAFETY: the target is live for the call; the stream is drained before it returns.
            check("cuMemcpyDtoHAsync", unsafe {
                sys::cuMemcpyDtoHAsync_v2(
                    part.as_mut_ptr().cast(),
                    address + offset,
                    part.len(),
                    self.stream.cu_stream(),
                )
            })?;
        }
        self.synchronize()
    }

    fn pin(&mut self, memory: &mut [u8]) {
        let bytes = memory.len().min(PINNED_BYTES_AT_MOST);
        // SAFETY: the range is mapped, and stays so until after the context is gone, which unregisters it.
        let status =
            unsafe { sys::cuMemHostRegister_v2(memory.as_mut_ptr().cast(), bytes, PORTABLE) };
        match check("cuMemHostRegister", status) {
            Ok(()) => self.pinned_end = memory.as_ptr().addr() + bytes,
            // Reads are slower then, and right all the same.
            Err(error) => tracing::debug!(%error, bytes, "output memory is not pinned"),
        }
    }

    fn draw(
        &mut self,
        storage: u64,
        spec: &TensorSpec,
        fill: &Fill,
        key: u64,
    ) -> Result<(), DeviceError> {
        self.support
            .draw(storage, spec, fill, key, self.raw_stream())
    }

    fn paint(&mut self, spans: &[Span], pattern: u32) -> Result<(), DeviceError> {
        if spans.is_empty() {
            return Ok(());
        }
        let (table, longest) = self.upload(spans)?;
        self.support
            .paint(table, spans.len(), longest, pattern, self.raw_stream())
    }

    fn damage(&mut self, spans: &[Span], pattern: u32) -> Result<u64, DeviceError> {
        self.count(spans, |support, table, longest, counter, stream| {
            support.check(table, spans.len(), longest, pattern, counter, stream)
        })
    }

    fn digest(&mut self, spans: &[Span]) -> Result<u64, DeviceError> {
        self.count(spans, |support, table, longest, counter, stream| {
            support.digest(table, spans.len(), longest, counter, stream)
        })
    }

    fn capture(&mut self, calls: u32, record: &mut Recorder) -> Result<GraphId, DeviceError> {
        let graph = CapturedGraph::record(self.stream.cu_stream(), calls, record)?;
        self.graphs.push(Some(graph));
        Ok(GraphId(self.graphs.len() - 1))
    }

    fn capture_produced(
        &mut self,
        producers: &[Vec<Span>],
        calls: u32,
        record: &mut CallRecorder,
    ) -> Result<GraphId, DeviceError> {
        let tables = self.span_tables(producers)?;
        let stream = self.stream.cu_stream();
        let support = &self.support;
        let mut graph = CapturedGraph::record(stream, calls, &mut |stream| {
            (0..calls).try_for_each(|call| {
                let table = &tables.of[call as usize % tables.of.len()];
                support.touch(table.address, table.count, table.longest, stream)?;
                record(call, stream)
            })
        })?;
        // The nodes read the tables at every replay.
        graph.keep(tables.memory);
        self.graphs.push(Some(graph));
        Ok(GraphId(self.graphs.len() - 1))
    }

    fn graph(&self, graph: GraphId) -> Result<Graph, DeviceError> {
        self.captured(graph).read()
    }

    fn is_memory(&self, address: u64) -> bool {
        state::is_memory(address)
    }

    fn state(&self) -> Result<DeviceState, DeviceError> {
        state::state()
    }

    fn drain(&self) -> Result<Drained, DeviceError> {
        state::drain()
    }

    fn discard(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        let discarded = self.graphs[graph.0].take();
        match discarded.and_then(|graph| graph.kept()) {
            Some(memory) => self.release(memory),
            None => Ok(()),
        }
    }

    fn replay(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        self.captured(graph).launch(self.stream.cu_stream())?;
        self.synchronize()
    }

    fn time(&mut self, graphs: &[GraphId]) -> Result<Timings, DeviceError> {
        self.time_replays(graphs)
    }

    fn submit_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.time_submission(record)
    }

    fn wall_time(&mut self, record: &mut Recorder) -> Result<f64, DeviceError> {
        self.time_call(record)
    }

    fn peaks(&mut self) -> Result<Option<Peaks>, DeviceError> {
        self.measure_peaks().map(Some)
    }
}

impl CudaDevice {
    pub(super) fn captured(&self, graph: GraphId) -> &CapturedGraph {
        self.graphs[graph.0]
            .as_ref()
            .expect("a discarded graph should not be used")
    }
}

impl Drop for CudaDevice {
    fn drop(&mut self) {
        // A worker that drops its device ends: the driver frees what a failed context can no longer free.
        let _ = self.context.bind_to_thread();
    }
}
