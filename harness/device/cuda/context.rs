//! Context, memory and the device trait of one GPU.

use std::ffi::CStr;
use std::path::Path;
use std::sync::Arc;

use cudarc::driver::sys::{self, CUdevice_attribute_enum as Attribute, CUresult};
use cudarc::driver::{CudaContext, CudaStream, DriverError};

use super::capture::CapturedGraph;
use super::pinning::Pinning;
use super::state;
use super::support::Support;
use super::timing::{Events, STAMP_BYTES, STAMPS};
use crate::device::interface::{
    CallRecorder, Device, DeviceState, Drained, Facts, GraphId, Recorder, Replay, Span, Stream,
    Timings,
};
use crate::device::{DeviceError, Graph, Peaks};
use crate::tensor::{Fill, TensorSpec};

/// Smallest footprint that a settle reads, as a multiple of the L2.
const SETTLE_L2_MULTIPLE: u64 = 2;

/// The visible GPU with number 0. The worker that owns it sees no other.
pub struct CudaDevice {
    // Fields drop in order: everything of the context before the context.
    pub(super) graphs: Vec<Option<CapturedGraph>>,
    pub(super) events: Events,
    pub(super) support: Support,
    pub(super) settle: Span,
    /// Device memory for a counter and a sink.
    pub(super) scratch: Span,
    pub(super) stamps: Span,
    pinning: Pinning,
    /// Pinned host word that a held stream waits for.
    pub(super) released: *mut u32,
    pub(super) stream: Arc<CudaStream>,
    context: Arc<CudaContext>,
    facts: Facts,
}

/// Bytes of [`CudaDevice::scratch`]: a counter and a sink.
const SCRATCH_BYTES: u64 = 16;

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
            pinning: Pinning::default(),
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

    /// Runs a support function that adds into a counter, and reads the counter.
    fn count(
        &mut self,
        spans: &[Span],
        run: impl FnOnce(&Support, u64, Stream) -> Result<(), DeviceError>,
    ) -> Result<u64, DeviceError> {
        if spans.is_empty() {
            return Ok(0);
        }
        let counter = self.scratch.address;
        let mut value = [0; 8];
        // SAFETY: the counter is a device word, the stream is live.
        check("cuMemsetD8Async", unsafe {
            sys::cuMemsetD8Async(counter, 0, value.len(), self.stream.cu_stream())
        })?;
        run(&self.support, counter, self.raw_stream())?;
        self.read(counter, &mut value)?;
        Ok(u64::from_le_bytes(value))
    }
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
        let mut done = 0;
        while done < bytes.len() {
            let rest = &mut bytes[done..];
            let reach = self.pinning.reach(rest.as_ptr().addr(), rest.len());
            // SAFETY: the target is live for the call; the stream is drained before it returns.
            check("cuMemcpyDtoHAsync", unsafe {
                sys::cuMemcpyDtoHAsync_v2(
                    rest.as_mut_ptr().cast(),
                    address + done as u64,
                    reach,
                    self.stream.cu_stream(),
                )
            })?;
            done += reach;
        }
        self.synchronize()
    }

    fn pin(&mut self, memory: &mut [u8]) {
        self.pinning = Pinning::of(memory);
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
        self.support.paint(spans, pattern, self.raw_stream())
    }

    fn damage(&mut self, spans: &[Span], pattern: u32) -> Result<u64, DeviceError> {
        self.count(spans, |support, counter, stream| {
            support.check(spans, pattern, counter, stream)
        })
    }

    fn digest(&mut self, spans: &[Span]) -> Result<u64, DeviceError> {
        self.count(spans, |support, counter, stream| {
            support.digest(spans, counter, stream)
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
        let stream = self.stream.cu_stream();
        let support = &self.support;
        let graph = CapturedGraph::record(stream, calls, &mut |stream| {
            (0..calls).try_for_each(|call| {
                support.touch(&producers[call as usize % producers.len()], stream)?;
                record(call, stream)
            })
        })?;
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
        self.graphs[graph.0] = None;
        Ok(())
    }

    fn replay(&mut self, graph: GraphId) -> Result<(), DeviceError> {
        self.captured(graph).launch(self.stream.cu_stream())?;
        self.synchronize()
    }

    fn time(&mut self, replays: &[Replay]) -> Result<Timings, DeviceError> {
        self.time_replays(replays)
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
