//! What parent and worker say to each other.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::sandbox::{Confinement, Sandbox};
use super::side::SideStatus;
use crate::device::{DeviceError, Facts, Peaks};
use crate::ledger::GraphRecord;
use crate::stats::Block;
use crate::task::Case;
use crate::timing::ClockWatch;
use crate::toolchain::Side;

/// Longest message that either end accepts, in bytes; the worker may be hostile.
const MESSAGE_LIMIT: u32 = 64 << 20;

/// A message's length, in front of it.
const PREFIX_BYTES: usize = size_of::<u32>();

/// Most messages are no longer than this, in bytes.
const USUAL_BYTES: usize = 64 << 10;

/// Device that a worker opens.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum DeviceChoice {
    Emulated,
    /// The GPU with this UUID, and the compiled support library.
    Cuda {
        uuid: String,
        support: PathBuf,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// Opens the device and locks the worker in, in this order.
    Open {
        device: DeviceChoice,
        confinement: Confinement,
    },
    /// Loads sides, in this order; the first request behind `Open`, and only once.
    Load {
        sides: Vec<SideLibrary>,
    },
    Check(Box<CheckRequest>),
    Time(Box<TimeRequest>),
    /// Draws the inputs of one buffer set of the timed row afresh, at the same addresses, and replays the timed graphs once.
    Redraw {
        seed: u64,
        set: u32,
    },
    /// Copies the outputs of the last replays of these buffer sets of `side`.
    Fetch {
        side: Side,
        sets: Vec<u32>,
        area: u64,
    },
    Peaks,
    /// Answered by the worker's end.
    Quit,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply {
    Opened {
        facts: Facts,
        sandbox: Sandbox,
        spent: Vec<(String, f64)>,
    },
    Loaded,
    Checked(Box<CheckReply>),
    Timed(Box<TimeReply>),
    Redrawn,
    Fetched(FetchedOutputs),
    Peaks(Option<Peaks>),
    Failed(Fault),
}

/// Why a request failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Fault {
    #[error(transparent)]
    Device(#[from] DeviceError),
    #[error("loading the {side} from {path}: {reason}")]
    Load {
        side: Side,
        path: String,
        reason: String,
    },
    #[error("{0}")]
    Contract(String),
}

/// One case of one side, run for its gates.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckRequest {
    pub case: Case,
    pub side: Side,
    pub seed: u64,
    /// Two patterns for memory that must be overwritten: outputs are painted with one a run.
    pub poison: [u32; 2],
    /// Where the copies of its outputs begin in the shared memory.
    pub area: u64,
}

/// What a checked call did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckReply {
    /// What `kda_launch` returned; of a candidate that declined, what the baseline then returned.
    pub status: SideStatus,
    pub route: RouteReply,
    pub declined: bool,
    pub graph: GraphRecord,
    /// Parameters of each of its nodes, for a reader.
    pub graph_params: Vec<String>,
    /// What the captured graph may not hold.
    pub graph_faults: Vec<String>,
    /// Settings of the device that the call changed.
    pub device_changes: Vec<String>,
    /// Guard words around any allocation that changed.
    pub guard_damage: u64,
    /// Words of the poisoned outputs that a refused call changed.
    pub refused_damage: u64,
    pub inputs_changed: bool,
    /// Outputs after the run on the first poison; empty when nothing was launched.
    pub outputs: Vec<OutputCopy>,
    /// Outputs after the run on the second poison, where they differ from the first.
    pub second_outputs: Vec<OutputCopy>,
    /// Milliseconds of the worker by what it did, for whoever makes it faster.
    pub spent: Vec<(String, f64)>,
}

/// A storage that was copied to shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputCopy {
    pub set: u32,
    pub storage: usize,
    pub copied: Copied,
}

/// Outputs that are looked at after a row's samples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedOutputs {
    /// What the copied call found in storages that it overwrites, where those are its inputs too.
    pub started_from: Vec<OutputCopy>,
    pub outputs: Vec<OutputCopy>,
}

/// Place in the shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    pub offset: u64,
    pub bytes: u64,
}

/// `kda_route`'s answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteReply {
    pub status: SideStatus,
    pub bucket: String,
    pub condition: String,
    pub path: String,
    pub why: String,
    pub declined: bool,
}

/// Which two implementations stand as baseline and candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Pairing {
    #[default]
    Task,
    /// The baseline against a second copy of its object.
    Twins,
    /// The harness's own copy, which moves 2 % more bytes as the baseline.
    Planted,
}

/// A shared library that a worker loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideLibrary {
    pub pairing: Pairing,
    pub side: Side,
    pub path: PathBuf,
}

/// One row, timed on both sides.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TimeRequest {
    pub pairing: Pairing,
    pub case: Case,
    pub seed: u64,
    pub plan: TimePlan,
}

/// How much to sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimePlan {
    /// Duration that one sample aims at.
    pub sample_ns: f64,
    /// Most rounds of warm-up before a lane; it ends as soon as times agree.
    pub warmup_rounds: u32,
    pub pilot_blocks: u32,
    pub max_blocks: u32,
    /// Blocks fixed by an earlier process; the pilot decides when absent.
    pub blocks: Option<u32>,
    pub hot_blocks: u32,
    pub dirty_blocks: u32,
    /// Of the baseline beside the candidate and alone.
    pub beside_blocks: u32,
    /// Blocks of host-side samples, for `submit` and `wall` each.
    pub host_blocks: u32,
    /// Duration that the calls of a host-side lane aim at.
    pub host_ns: f64,
    pub margin: f64,
    /// Calls of a row in one graph at most.
    pub max_calls: u32,
}

/// Samples of one row in one process.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TimeReply {
    pub calls_per_sample: u32,
    pub buffer_sets: u32,
    /// Blocks that the row needs in every process.
    pub blocks: u32,
    pub device: LaneSamples,
    pub device_hot: LaneSamples,
    /// Empty where a producer takes so long that nothing is left of a call.
    pub device_dirty: LaneSamples,
    /// The baseline twice, cold: among replays of the candidate where a block has the baseline, and among its own.
    pub beside: LaneSamples,
    pub submit: LaneSamples,
    pub wall: LaneSamples,
    pub baseline_graph: GraphRecord,
    pub candidate_graph: GraphRecord,
    pub declined: bool,
    /// What the graphs of a sample may not hold, calls that differ from the first among it.
    pub graph_faults: Vec<String>,
    /// Sides whose timed replays left other bits than one replay of the same calls captured afresh.
    pub unlike_fresh: Vec<Side>,
    /// Settings of the device that sampling changed.
    pub device_changes: Vec<String>,
    /// Over all device lanes.
    pub clocks: ClockWatch,
    /// Rounds of warm-up that the headline lane took.
    pub warmup_rounds: u32,
    /// Milliseconds of the worker by what it did, for whoever makes it faster.
    pub spent: Vec<(String, f64)>,
}

impl TimeReply {
    /// Whether these may be samples at all: a worker can send any number, and statistics need times.
    pub(super) fn is_possible(&self) -> bool {
        let lanes = [
            &self.device,
            &self.device_hot,
            &self.device_dirty,
            &self.beside,
            &self.submit,
            &self.wall,
        ];
        let mut times = lanes.into_iter().flatten().flat_map(|block| block.ns);
        self.calls_per_sample > 0
            && self.buffer_sets > 0
            && times.all(|ns| ns.is_finite() && ns > 0.0)
            && self
                .clocks
                .sm_mhz
                .iter()
                .flatten()
                .all(|mhz| mhz.is_finite())
    }
}

/// Blocks of one lane, in the order they were taken.
pub type LaneSamples = Vec<Block>;

/// Writes one length-prefixed message.
pub(super) fn send(stream: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let mut bytes = vec![0; PREFIX_BYTES];
    // MessagePack and not JSON: infinities and NaN are values like any other here.
    rmp_serde::encode::write_named(&mut bytes, message).map_err(io::Error::other)?;
    let length = bytes.len() - PREFIX_BYTES;
    let prefix = u32::try_from(length)
        .ok()
        .filter(|length| *length <= MESSAGE_LIMIT)
        .ok_or_else(|| io::Error::other(format!("a message of {length} bytes is too long")))?;
    bytes[..PREFIX_BYTES].copy_from_slice(&prefix.to_le_bytes());
    // In one piece: the other end wakes once.
    stream.write_all(&bytes)?;
    stream.flush()
}

/// Reads one length-prefixed message; `None` when the other end is gone.
pub(super) fn receive<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<Option<T>> {
    let mut prefix = [0; PREFIX_BYTES];
    match stream.read_exact(&mut prefix) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let length = u32::from_le_bytes(prefix);
    if length > MESSAGE_LIMIT {
        return Err(io::Error::other(format!(
            "a message of {length} bytes is longer than any of the protocol"
        )));
    }
    // What the other end says is long is believed as it arrives; room for most messages saves reads.
    let mut bytes = Vec::with_capacity((length as usize).min(USUAL_BYTES));
    stream.take(u64::from(length)).read_to_end(&mut bytes)?;
    if bytes.len() < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    rmp_serde::from_slice(&bytes)
        .map(Some)
        .map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Fill;

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let mut wire = Vec::new();
        send(&mut wire, &Request::Peaks).unwrap();
        let received: Option<Request> = receive(&mut wire.as_slice()).unwrap();
        assert!(matches!(received, Some(Request::Peaks)));
    }

    #[test]
    fn fills_that_are_not_finite_arrive() {
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let mut wire = Vec::new();
            send(&mut wire, &Fill::Constant { value }).unwrap();
            let received = receive(&mut wire.as_slice()).unwrap();
            let Some(Fill::Constant { value: arrived }) = received else {
                panic!("{received:?}")
            };
            assert_eq!(arrived.to_bits(), value.to_bits());
        }
    }

    #[test]
    fn the_end_of_the_other_side_is_no_error_but_half_a_message_is() {
        assert!(receive::<Request>(&mut [].as_slice()).unwrap().is_none());
        assert!(receive::<Request>(&mut [9, 0, 0, 0, b'"'].as_slice()).is_err());
    }

    #[test]
    fn an_endless_message_is_refused_before_it_is_read() {
        assert!(
            receive::<Request>(&mut [255; 8].as_slice())
                .unwrap_err()
                .to_string()
                .contains("longer")
        );
    }
}
