//! What a call may leave behind on a GPU: settings of the context, and work on other streams.

use std::thread;
use std::time::{Duration, Instant};

use cudarc::driver::sys::{self, CUfunc_cache, CUlimit, CUpointer_attribute, CUresult};

use super::context::check;
use crate::device::{DeviceError, DeviceState, Drained};

/// How long work outside a call's stream may take before it counts as lingering.
const DRAIN_LIMIT: Duration = Duration::from_secs(2);

/// `CU_STREAM_LEGACY`: it waits for every blocking stream, and every blocking stream waits for it.
const LEGACY_STREAM: sys::CUstream = std::ptr::without_provenance_mut(1);

/// Limits of the context and its cache preference.
pub(super) fn state() -> Result<DeviceState, DeviceError> {
    const LIMITS: [(&str, CUlimit); 5] = [
        ("stack bytes of a thread", CUlimit::CU_LIMIT_STACK_SIZE),
        ("printf buffer bytes", CUlimit::CU_LIMIT_PRINTF_FIFO_SIZE),
        ("device heap bytes", CUlimit::CU_LIMIT_MALLOC_HEAP_SIZE),
        (
            "L2 fetch granularity",
            CUlimit::CU_LIMIT_MAX_L2_FETCH_GRANULARITY,
        ),
        (
            "persisting L2 bytes",
            CUlimit::CU_LIMIT_PERSISTING_L2_CACHE_SIZE,
        ),
    ];
    let mut state = DeviceState::new();
    for (name, limit) in LIMITS {
        let mut value = 0;
        // SAFETY: the out pointer is valid; the context is current.
        check("cuCtxGetLimit", unsafe {
            sys::cuCtxGetLimit(&raw mut value, limit)
        })?;
        state.push((name, value as u64));
    }
    let mut preference = CUfunc_cache::CU_FUNC_CACHE_PREFER_NONE;
    // SAFETY: as above.
    check("cuCtxGetCacheConfig", unsafe {
        sys::cuCtxGetCacheConfig(&raw mut preference)
    })?;
    state.push(("cache preference", preference as u64));
    Ok(state)
}

/// Whether the driver knows memory at this address.
pub(super) fn is_memory(address: u64) -> bool {
    let mut kind: u32 = 0;
    // SAFETY: the out pointer is valid for this attribute; any address may be asked about.
    let status = unsafe {
        sys::cuPointerGetAttribute(
            (&raw mut kind).cast(),
            CUpointer_attribute::CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
            address,
        )
    };
    status == CUresult::CUDA_SUCCESS
}

/// Waits for the legacy stream, where a launch without a stream goes: it is neither captured nor refused there.
pub(super) fn drain() -> Result<Drained, DeviceError> {
    let started = Instant::now();
    let mut drained = Drained::WasIdle;
    loop {
        // SAFETY: the legacy stream exists in every context.
        match unsafe { sys::cuStreamQuery(LEGACY_STREAM) } {
            CUresult::CUDA_ERROR_NOT_READY if started.elapsed() < DRAIN_LIMIT => {
                drained = Drained::Waited;
                thread::sleep(Duration::from_micros(50));
            }
            CUresult::CUDA_ERROR_NOT_READY => {
                return Err(DeviceError::Lingering {
                    seconds: DRAIN_LIMIT.as_secs(),
                });
            }
            status => return check("cuStreamQuery", status).map(|()| drained),
        }
    }
}
