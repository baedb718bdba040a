//! What NVML says of the GPU while rows are timed: what slows its clocks, and who else is on it.

use std::time::{Duration, Instant};

use super::Machine;
use crate::device::{Monitor, MonitorError};
use crate::ledger::{ClockRecord, DuringRecord};

/// Looks no closer than this: NVML asks the GPU's own controller, which has the clocks to see to.
const INTERVAL: Duration = Duration::from_millis(250);

/// Looks while a worker samples; the parent has nothing else to do then. Blind where there is no GPU.
#[derive(Default)]
pub(super) struct GpuWatch<'a> {
    gpu: Option<(&'a Monitor, &'a str)>,
    last: Option<Instant>,
    seen: Option<DuringRecord>,
}

impl<'a> GpuWatch<'a> {
    pub(super) fn of(machine: &'a Machine) -> Self {
        let gpu = match machine {
            Machine::Emulated { .. } => None,
            Machine::Gpu { gpu, monitor, .. } => Some((&**monitor, gpu.uuid.as_str())),
        };
        Self {
            gpu,
            ..Self::default()
        }
    }

    /// Looks if the last look is long enough ago. So many workers of this run have a context on the GPU.
    pub(super) fn look(&mut self, workers: usize) {
        let Some((monitor, uuid)) = self.gpu else {
            return;
        };
        if self.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            return;
        }
        self.last = Some(Instant::now());
        add(&mut self.seen, monitor.clocks(uuid), workers as u32);
    }

    pub(super) fn seen(&mut self) -> Option<DuringRecord> {
        self.seen.take()
    }
}

fn add(seen: &mut Option<DuringRecord>, look: Result<ClockRecord, MonitorError>, workers: u32) {
    let now = match look {
        Ok(now) => now,
        Err(_) => {
            seen.get_or_insert_default().failed_looks += 1;
            return;
        }
    };
    let seen = seen.get_or_insert_default();
    let widen = |range: &mut [u32; 2], mhz: u32| {
        *range = match seen.looks {
            0 => [mhz; 2],
            _ => [range[0].min(mhz), range[1].max(mhz)],
        };
    };
    widen(&mut seen.sm_mhz, now.sm_mhz);
    widen(&mut seen.memory_mhz, now.memory_mhz);
    seen.looks += 1;
    seen.temperature_c = seen.temperature_c.max(now.temperature_c);
    seen.power_w = seen.power_w.max(now.power_w);
    seen.throttled_looks += u32::from(!now.throttle.is_empty());
    seen.throttle.extend(now.throttle);
    seen.throttle.sort_unstable();
    seen.throttle.dedup();
    let others = now.other_processes.saturating_sub(workers);
    seen.other_processes = seen.other_processes.max(others);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clocks(sm_mhz: u32, throttle: &[&str], processes: u32) -> ClockRecord {
        ClockRecord {
            sm_mhz,
            memory_mhz: 2619,
            temperature_c: 40 + processes,
            power_w: 300.0,
            throttle: throttle.iter().map(|reason| (*reason).to_owned()).collect(),
            other_processes: processes,
        }
    }

    #[test]
    fn looks_add_up_to_the_range_of_clocks_and_every_reason() {
        let mut seen = None;
        add(&mut seen, Ok(clocks(1980, &[], 1)), 1);
        add(&mut seen, Ok(clocks(1755, &["sw-power-cap"], 1)), 1);
        add(&mut seen, Ok(clocks(1900, &["sw-power-cap"], 1)), 1);
        let seen = seen.unwrap();
        assert_eq!((seen.looks, seen.failed_looks), (3, 0));
        assert_eq!((seen.sm_mhz, seen.memory_mhz), ([1755, 1980], [2619, 2619]));
        assert_eq!((seen.throttled_looks, seen.throttle.len()), (2, 1));
    }

    #[test]
    fn workers_of_the_run_are_no_other_processes() {
        let mut seen = None;
        add(&mut seen, Ok(clocks(1980, &[], 1)), 1);
        assert_eq!(seen.as_ref().unwrap().other_processes, 0);
        add(&mut seen, Ok(clocks(1980, &[], 3)), 1);
        add(&mut seen, Ok(clocks(1980, &[], 0)), 1);
        assert_eq!(seen.as_ref().unwrap().other_processes, 2);
        // Nor are those that wait for their turn.
        add(&mut seen, Ok(clocks(1980, &[], 5)), 5);
        assert_eq!(seen.unwrap().other_processes, 2);
    }

    #[test]
    fn a_look_that_fails_is_counted() {
        let mut seen = None;
        let failure = nvml_wrapper::error::NvmlError::GpuLost;
        add(&mut seen, Err(failure.into()), 1);
        let seen = seen.unwrap();
        assert_eq!((seen.looks, seen.failed_looks), (0, 1));
    }

    #[test]
    fn without_a_gpu_nothing_is_seen() {
        let mut watch = GpuWatch::default();
        watch.look(1);
        assert_eq!(watch.seen(), None);
    }
}
