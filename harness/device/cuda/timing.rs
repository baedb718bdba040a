//! Clocks of a GPU: events around graph replays, host time under a held stream, and a call with its wait.

use std::ptr;
use std::time::Instant;

use cudarc::driver::sys::{self, CUevent};

use super::context::{CudaDevice, check};
use crate::device::DeviceError;
use crate::device::interface::{Device, Recorder, Replay, Timings};

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

/// Most replays in one call of [`CudaDevice::time_replays`]; each takes a stamp, and the last one two.
pub(super) const STAMPS: usize = 64;

/// Counters of one multiprocessor at one moment, as support.cu writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Stamp {
    cycles: u64,
    nanoseconds: u64,
    multiprocessor: u64,
}

/// Bytes of a stamp.
pub(super) const STAMP_BYTES: u64 = size_of::<Stamp>() as u64;

impl Stamp {
    fn read(bytes: &[u8]) -> Self {
        let word = |at: usize| {
            let bytes = bytes[8 * at..][..8].try_into();
            u64::from_le_bytes(bytes.expect("eight bytes should be eight bytes"))
        };
        Self {
            cycles: word(0),
            nanoseconds: word(1),
            multiprocessor: word(2),
        }
    }

    /// SM clock between two stamps; `None` where they are of two multiprocessors, whose counters differ.
    fn mhz_until(self, later: Self) -> Option<f64> {
        let ns = later.nanoseconds.checked_sub(self.nanoseconds)?;
        let cycles = later.cycles.checked_sub(self.cycles)?;
        (self.multiprocessor == later.multiprocessor && ns > 0)
            .then(|| cycles as f64 / ns as f64 * 1e3)
    }
}

impl CudaDevice {
    /// Settles, leads in and then times, each replay. The stream is held until all of it is enqueued: a graph of hundreds
    /// of nodes takes the host longer to launch than a settle takes the device, and that gap would lie between the events.
    ///
    /// Behind each settle, and at the end, a stamp of one multiprocessor's counters is taken: two of them give the
    /// SM clock in between.
    pub(super) fn time_replays(&mut self, replays: &[Replay]) -> Result<Timings, DeviceError> {
        assert!(
            replays.len() < STAMPS,
            "a call should time fewer than {STAMPS} replays"
        );
        let stream = self.stream.cu_stream();
        let sink = self.scratch.address + 8;
        let events = self.events.reserve(2 * replays.len())?.to_vec();
        // SAFETY: the context is current on this thread.
        check("cuCtxResetPersistingL2Cache", unsafe {
            sys::cuCtxResetPersistingL2Cache()
        })?;
        self.hold()?;
        let stamp = |number: usize| {
            let address = self.stamps.address + number as u64 * STAMP_BYTES;
            self.support.stamp(address, self.raw_stream())
        };
        let enqueued = replays
            .iter()
            .zip(events.chunks_exact(2))
            .enumerate()
            .try_for_each(|(number, (replay, pair))| {
                self.support.read(
                    self.settle.address,
                    self.settle.bytes,
                    sink,
                    self.raw_stream(),
                )?;
                stamp(number)?;
                if let Some(lead_in) = replay.lead_in {
                    self.captured(lead_in).launch(stream)?;
                }
                // SAFETY: events and stream are live.
                check("cuEventRecord", unsafe {
                    sys::cuEventRecord(pair[0], stream)
                })?;
                self.captured(replay.graph).launch(stream)?;
                // SAFETY: as above.
                check("cuEventRecord", unsafe {
                    sys::cuEventRecord(pair[1], stream)
                })
            });
        let enqueued = enqueued.and_then(|()| stamp(replays.len()));
        self.release_hold();
        self.synchronize()?;
        enqueued?;
        let ns = events
            .chunks_exact(2)
            .map(|pair| elapsed_ns(pair[0], pair[1]));
        Ok(Timings {
            ns: ns.collect::<Result<_, _>>()?,
            sm_mhz: self.clocks_between(replays.len())?,
        })
    }

    /// SM clock from each of the first stamps to the next.
    fn clocks_between(&mut self, count: usize) -> Result<Vec<Option<f64>>, DeviceError> {
        let mut bytes = vec![0; (count + 1) * STAMP_BYTES as usize];
        self.read(self.stamps.address, &mut bytes)?;
        let stamps: Vec<Stamp> = bytes
            .chunks_exact(STAMP_BYTES as usize)
            .map(Stamp::read)
            .collect();
        Ok(stamps
            .windows(2)
            .map(|pair| pair[0].mhz_until(pair[1]))
            .collect())
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

    /// Device time of what `enqueue` puts on the stream, which is held until all of it is there.
    pub(super) fn time_region(
        &mut self,
        enqueue: impl FnOnce(&mut Self) -> Result<(), DeviceError>,
    ) -> Result<f64, DeviceError> {
        let events = self.events.reserve(2)?.to_vec();
        let stream = self.stream.cu_stream();
        self.hold()?;
        // SAFETY: events and stream are live.
        let started = check("cuEventRecord", unsafe {
            sys::cuEventRecord(events[0], stream)
        });
        let enqueued = started.and_then(|()| enqueue(self));
        // SAFETY: as above.
        let ended = check("cuEventRecord", unsafe {
            sys::cuEventRecord(events[1], stream)
        });
        self.release_hold();
        self.synchronize()?;
        enqueued.and(ended)?;
        elapsed_ns(events[0], events[1])
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

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(cycles: u64, nanoseconds: u64, multiprocessor: u64) -> Stamp {
        Stamp {
            cycles,
            nanoseconds,
            multiprocessor,
        }
    }

    #[test]
    fn two_stamps_of_one_multiprocessor_give_its_clock() {
        let first = stamp(5000, 1_000_000, 3);
        assert_eq!(
            first.mhz_until(stamp(5000 + 1_980_000, 2_000_000, 3)),
            Some(1980.0)
        );
        assert_eq!(first.mhz_until(stamp(5000 + 1_980_000, 2_000_000, 4)), None);
        assert_eq!(first.mhz_until(stamp(1, 2_000_000, 3)), None);
    }
}
