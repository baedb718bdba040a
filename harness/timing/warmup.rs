//! The warm-up: as long as times still fall, and no longer.

use super::RowGraphs;
use crate::device::{Device, DeviceError};

/// Last replays of a side that have to agree.
const WINDOW: usize = 3;

/// They agree within this share of the fastest: half of it is what one sample scatters by at a few microseconds.
const AGREEMENT: f64 = 0.02;

/// Replays both graphs in turn until the last few of each agree, `most` rounds at most; returns how many it took.
pub fn warm_up(device: &mut dyn Device, graphs: &RowGraphs, most: u32) -> Result<u32, DeviceError> {
    until_agreed(device, graphs, WINDOW, most)
}

/// The same for kernels that ran just before, on other buffers: one replay less of each has to agree.
pub fn warm_up_again(
    device: &mut dyn Device,
    graphs: &RowGraphs,
    most: u32,
) -> Result<u32, DeviceError> {
    until_agreed(device, graphs, WINDOW - 1, most)
}

fn until_agreed(
    device: &mut dyn Device,
    graphs: &RowGraphs,
    window: usize,
    most: u32,
) -> Result<u32, DeviceError> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 1..=most {
        let timings = device.time(&[graphs.baseline, graphs.candidate])?;
        for (times, ns) in times.iter_mut().zip(timings.ns) {
            times.push(ns);
        }
        if times.iter().all(|times| agree(times, window)) {
            return Ok(round);
        }
    }
    Ok(most)
}

fn agree(times: &[f64], window: usize) -> bool {
    let Some(last) = times.len().checked_sub(window).map(|from| &times[from..]) else {
        return false;
    };
    let least = last.iter().copied().fold(f64::INFINITY, f64::min);
    let most = last.iter().copied().fold(0.0, f64::max);
    most <= least * (1.0 + AGREEMENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{GraphId, Replay, ScriptedDevice};

    const GRAPHS: RowGraphs = RowGraphs {
        baseline: Replay::bare(GraphId(0)),
        candidate: Replay::bare(GraphId(1)),
    };

    fn device(mut time: impl FnMut(usize) -> f64 + 'static) -> ScriptedDevice {
        let mut replays = 0;
        ScriptedDevice::new(Box::new(move |_| {
            replays += 1;
            time(replays)
        }))
    }

    fn rounds(time: impl FnMut(usize) -> f64 + 'static) -> u32 {
        warm_up(&mut device(time), &GRAPHS, 30).expect("a scripted device should not fail")
    }

    #[test]
    fn steady_times_take_a_window() {
        assert_eq!(rounds(|_| 1000.0), WINDOW as u32);
        let again = warm_up_again(&mut device(|_| 1000.0), &GRAPHS, 30);
        assert_eq!(again.unwrap(), WINDOW as u32 - 1);
    }

    #[test]
    fn clocks_that_rise_are_waited_for() {
        let found = rounds(|replay| 1000.0 + 1000.0 / replay as f64);
        assert!((5..30).contains(&found), "{found}");
    }

    #[test]
    fn times_that_never_settle_end_it_all_the_same() {
        assert_eq!(rounds(|replay| 1000.0 * (1 + replay / 2 % 2) as f64), 30);
    }
}
