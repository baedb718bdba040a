//! The harness's own kernels (`kernels/device/support.cu`), loaded like a side.

use std::path::Path;

use libloading::Library;

use crate::device::DeviceError;
use crate::device::interface::{Span, Stream};
use crate::tensor::{Dtype, Fill, TensorSpec};

type DrawFn = unsafe extern "C" fn(
    u64,
    i32,
    i32,
    *const i64,
    *const i64,
    i32,
    f64,
    f64,
    u64,
    *mut std::ffi::c_void,
) -> i32;
type PaintFn = unsafe extern "C" fn(*const Span, u32, u32, *mut std::ffi::c_void) -> i32;
type CheckFn = unsafe extern "C" fn(*const Span, u32, u32, u64, *mut std::ffi::c_void) -> i32;
type DigestFn = unsafe extern "C" fn(*const Span, u32, u64, *mut std::ffi::c_void) -> i32;
type ReadFn = unsafe extern "C" fn(u64, u64, u64, *mut std::ffi::c_void) -> i32;
type HoldFn = unsafe extern "C" fn(u64, u64, *mut std::ffi::c_void) -> i32;
type EmptyFn = unsafe extern "C" fn(*mut std::ffi::c_void) -> i32;
type TouchFn = unsafe extern "C" fn(*const Span, u32, *mut std::ffi::c_void) -> i32;
type CopyFn = unsafe extern "C" fn(u64, u64, u64, i32, *mut std::ffi::c_void) -> i32;
type SpinFn = unsafe extern "C" fn(u64, u32, i32, *mut std::ffi::c_void) -> i32;
type StampFn = unsafe extern "C" fn(u64, *mut std::ffi::c_void) -> i32;

/// Which pipe a spin keeps busy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pipe {
    Fma,
    Tensor,
}

impl Pipe {
    /// Operations of one round of one block, as in support.cu.
    pub(super) fn operations(self) -> f64 {
        match self {
            Self::Fma => 256.0 * 32.0,
            Self::Tensor => 8.0 * 8.0 * 4096.0,
        }
    }
}

/// Entry points of the support library.
pub(super) struct Support {
    draw: DrawFn,
    paint: PaintFn,
    check: CheckFn,
    digest: DigestFn,
    read: ReadFn,
    hold: HoldFn,
    empty: EmptyFn,
    touch: TouchFn,
    copy: CopyFn,
    fma: SpinFn,
    mma: SpinFn,
    stamp: StampFn,
    _library: Library,
}

impl Support {
    pub(super) fn load(path: &Path) -> Result<Self, DeviceError> {
        let failed = |error: libloading::Error| DeviceError::Support {
            path: path.display().to_string(),
            reason: error.to_string(),
        };
        // SAFETY: the library is ours, built from kernels/device/support.cu; its initialisers only register kernels.
        let library = unsafe { Library::new(path) }.map_err(failed)?;
        // SAFETY: the types repeat the signatures in support.cu.
        unsafe {
            Ok(Self {
                draw: *library.get(b"kda_support_draw").map_err(failed)?,
                paint: *library.get(b"kda_support_paint").map_err(failed)?,
                check: *library.get(b"kda_support_check").map_err(failed)?,
                digest: *library.get(b"kda_support_digest").map_err(failed)?,
                read: *library.get(b"kda_support_read").map_err(failed)?,
                hold: *library.get(b"kda_support_hold").map_err(failed)?,
                empty: *library.get(b"kda_support_empty").map_err(failed)?,
                touch: *library.get(b"kda_support_touch").map_err(failed)?,
                copy: *library.get(b"kda_support_copy").map_err(failed)?,
                fma: *library.get(b"kda_support_fma").map_err(failed)?,
                mma: *library.get(b"kda_support_mma").map_err(failed)?,
                stamp: *library.get(b"kda_support_stamp").map_err(failed)?,
                _library: library,
            })
        }
    }

    pub(super) fn draw(
        &self,
        storage: u64,
        spec: &TensorSpec,
        fill: &Fill,
        key: u64,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        let address = storage + spec.offset as u64 * spec.dtype.bytes() as u64;
        let (kind, first, second) = fill_arguments(fill);
        let dims = spec.shape.len() as i32;
        // SAFETY: shape and strides have `dims` entries and are read during the call.
        let status = unsafe {
            (self.draw)(
                address,
                dtype_code(spec.dtype),
                dims,
                spec.shape.as_ptr(),
                spec.strides.as_ptr(),
                kind,
                first,
                second,
                key,
                stream.0,
            )
        };
        launched("draw", status)
    }

    pub(super) fn paint(
        &self,
        spans: &[Span],
        pattern: u32,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: spans of live device memory, which are read during the call.
        launched("paint", unsafe {
            (self.paint)(spans.as_ptr(), spans.len() as u32, pattern, stream.0)
        })
    }

    pub(super) fn check(
        &self,
        spans: &[Span],
        pattern: u32,
        counter: u64,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: as in `paint`; the counter is a device word.
        launched("check", unsafe {
            (self.check)(
                spans.as_ptr(),
                spans.len() as u32,
                pattern,
                counter,
                stream.0,
            )
        })
    }

    pub(super) fn digest(
        &self,
        spans: &[Span],
        counter: u64,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: as in `paint`; the counter is a device word.
        launched("digest", unsafe {
            (self.digest)(spans.as_ptr(), spans.len() as u32, counter, stream.0)
        })
    }

    pub(super) fn read(
        &self,
        address: u64,
        bytes: u64,
        sink: u64,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: `bytes` of live device memory, and a device word to sink into.
        launched("read", unsafe {
            (self.read)(address, bytes, sink, stream.0)
        })
    }

    pub(super) fn hold(
        &self,
        released: *const u32,
        limit_ns: u64,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: the word is page-locked, mapped, and outlives the kernel.
        launched("hold", unsafe {
            (self.hold)(released as u64, limit_ns, stream.0)
        })
    }

    pub(super) fn touch(&self, spans: &[Span], stream: Stream) -> Result<(), DeviceError> {
        // SAFETY: as in `paint`.
        launched("touch", unsafe {
            (self.touch)(spans.as_ptr(), spans.len() as u32, stream.0)
        })
    }

    pub(super) fn copy(
        &self,
        to: u64,
        from: u64,
        bytes: u64,
        passes: i32,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        // SAFETY: both are `bytes` of live device memory.
        launched("copy", unsafe {
            (self.copy)(to, from, bytes, passes, stream.0)
        })
    }

    /// Keeps a pipe busy for `rounds` in each of `blocks` blocks.
    pub(super) fn spin(
        &self,
        pipe: Pipe,
        sink: u64,
        blocks: u32,
        rounds: i32,
        stream: Stream,
    ) -> Result<(), DeviceError> {
        let function = match pipe {
            Pipe::Fma => self.fma,
            Pipe::Tensor => self.mma,
        };
        // SAFETY: the sink is a device word.
        launched("spin", unsafe { function(sink, blocks, rounds, stream.0) })
    }

    /// Writes a [`Stamp`] to device memory at `stamp`.
    pub(super) fn stamp(&self, stamp: u64, stream: Stream) -> Result<(), DeviceError> {
        // SAFETY: three device words.
        launched("stamp", unsafe { (self.stamp)(stamp, stream.0) })
    }

    pub(super) fn empty(&self, stream: Stream) -> Result<(), DeviceError> {
        // SAFETY: the stream is live.
        launched("empty", unsafe { (self.empty)(stream.0) })
    }
}

fn launched(kernel: &str, status: i32) -> Result<(), DeviceError> {
    match status {
        0 => Ok(()),
        code => Err(DeviceError::Cuda {
            call: format!("launching the support kernel {kernel}"),
            name: format!("cudaError {code}"),
            text: "see cudaError_t in driver_types.h".to_owned(),
        }),
    }
}

/// Place of a dtype in the `Dtype` of support.cu.
fn dtype_code(dtype: Dtype) -> i32 {
    match dtype {
        Dtype::Bf16 => 0,
        Dtype::F16 => 1,
        Dtype::F32 => 2,
        Dtype::F64 => 3,
        Dtype::I32 => 4,
        Dtype::I64 => 5,
        Dtype::U8 => 6,
        Dtype::Bool => 7,
    }
}

/// Kind and the two numbers of a fill in support.cu.
fn fill_arguments(fill: &Fill) -> (i32, f64, f64) {
    match *fill {
        Fill::Normal { mean, std } => (0, f64::from(mean), f64::from(std)),
        Fill::Uniform { low, high } => (1, f64::from(low), f64::from(high)),
        Fill::Integers { low, high } => (2, low as f64, high as f64),
        Fill::Constant { value } => (3, value, 0.0),
        Fill::Arange => (4, 0.0, 0.0),
        Fill::Cycle { ref of } => of.first().map_or((3, 0.0, 0.0), fill_arguments),
    }
}
