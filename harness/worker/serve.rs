//! The worker's loop: it answers requests until the parent is gone.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::net::UnixStream;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::call::{CallFrame, TensorMemory};
use super::check::Outcome;
use super::placement::{Arena, Placement};
use super::protocol::{
    DeviceChoice, Fault, Pairing, Reply, Request, RouteReply, SideLibrary, receive, send,
};
use super::sandbox::{Confinement, Sandbox};
use super::shared::SharedMemory;
use super::side::{LoadedSide, SideStatus};
use super::spent::Spent;
use super::time::TimedRow;
use crate::device::{CudaDevice, Device, DeviceState, EmulatedDevice, Stream};
use crate::task::Case;
use crate::toolchain::Side;

/// Everything a worker holds.
pub(super) struct Session {
    // Captured graphs refer to the sides' kernels: the device goes first.
    pub(super) device: Box<dyn Device>,
    pub(super) sides: Sides,
    pub(super) arena: Arena,
    pub(super) shared: SharedMemory,
    /// Placement only; what decides a verdict is drawn by the parent.
    pub(super) random: SmallRng,
    pub(super) timed: Option<TimedRow>,
    /// Settings of the device before any side was called.
    pub(super) state: DeviceState,
    /// Something ran on another stream than the call's, and nobody was told of it yet.
    pub(super) has_strayed: bool,
}

/// Answers the parent on `socket`; outputs go through `memory`.
pub fn serve(socket: UnixStream, memory: File) -> io::Result<()> {
    let mut shared = Some(SharedMemory::map(memory)?);
    let mut session: Option<Session> = None;
    let mut socket = socket;
    while let Some(request) = receive::<Request>(&mut socket)? {
        let answer = match (request, &mut session) {
            (Request::Quit, _) => return Ok(()),
            (
                Request::Open {
                    device,
                    confinement,
                },
                none @ None,
            ) => match Session::open(device, confinement, &mut shared) {
                Ok((opened, sandbox, spent)) => {
                    let facts = opened.device.facts().clone();
                    *none = Some(opened);
                    Ok(Reply::Opened {
                        facts,
                        sandbox,
                        spent: spent.laps(),
                    })
                }
                Err(fault) => Err(fault),
            },
            (request, Some(session)) => session.answer(request),
            (_, None) => Err(Fault::Contract("the device is not open".to_owned())),
        };
        let fatal = matches!(&answer, Err(Fault::Device(error)) if error.is_fatal());
        send(&mut socket, &answer.unwrap_or_else(Reply::Failed))?;
        if fatal {
            // A sticky device error: every later answer would repeat it.
            return Ok(());
        }
    }
    Ok(())
}

impl Session {
    fn open(
        device: DeviceChoice,
        confinement: Confinement,
        shared: &mut Option<SharedMemory>,
    ) -> Result<(Self, Sandbox, Spent), Fault> {
        let mut spent = Spent::start();
        let mut device: Box<dyn Device> = match device {
            DeviceChoice::Emulated => Box::new(EmulatedDevice::new()),
            DeviceChoice::Cuda { support, .. } => Box::new(CudaDevice::open(&support)?),
        };
        let state = device.state()?;
        spent.lap("device");
        // The driver has opened its files and started its threads; from here on untrusted code runs.
        let sandbox = Sandbox::enter(confinement);
        let mut shared = shared
            .take()
            .ok_or_else(|| Fault::Contract("the device is open already".to_owned()))?;
        spent.lap("sandbox");
        device.pin(shared.bytes_mut());
        spent.lap("pin");
        let session = Self {
            state,
            has_strayed: false,
            device,
            sides: Sides {
                loaded: BTreeMap::new(),
                pairing: Pairing::Task,
            },
            arena: Arena::default(),
            shared,
            random: SmallRng::from_rng(&mut rand::rng()),
            timed: None,
        };
        Ok((session, sandbox, spent))
    }

    fn load(&mut self, sides: Vec<SideLibrary>) -> Result<(), Fault> {
        if !self.sides.loaded.is_empty() {
            return Err(Fault::Contract("sides are loaded already".to_owned()));
        }
        for SideLibrary {
            pairing,
            side,
            path,
        } in sides
        {
            let library = match pairing {
                Pairing::Task | Pairing::Twins => LoadedSide::load(side, &path)?,
                Pairing::Planted => LoadedSide::planted(side, &path)?,
            };
            self.sides.loaded.insert((pairing, side), library);
        }
        Ok(())
    }

    fn answer(&mut self, request: Request) -> Result<Reply, Fault> {
        match request {
            Request::Load { sides } => self.load(sides).map(|()| Reply::Loaded),
            Request::Check(request) => self
                .check(&request)
                .map(|reply| Reply::Checked(Box::new(reply))),
            Request::Time(request) => self
                .time(*request)
                .map(|reply| Reply::Timed(Box::new(reply))),
            Request::Redraw { seed, set } => self.redraw(seed, set).map(|()| Reply::Redrawn),
            Request::Fetch { side, sets, area } => {
                self.fetch(side, &sets, area).map(Reply::Fetched)
            }
            Request::Peaks => Ok(Reply::Peaks(self.device.peaks()?)),
            Request::Open { .. } | Request::Quit => {
                Err(Fault::Contract("the device is open already".to_owned()))
            }
        }
    }
}

/// The loaded sides, of which those of one pairing are called.
pub(super) struct Sides {
    loaded: BTreeMap<(Pairing, Side), LoadedSide>,
    pub(super) pairing: Pairing,
}

impl Sides {
    fn get(&self, side: Side) -> Result<&LoadedSide, Fault> {
        self.loaded
            .get(&(self.pairing, side))
            .ok_or_else(|| Fault::Contract(format!("the {side} is not loaded")))
    }

    /// Workspace of the side itself, and of the baseline that stands behind a candidate.
    pub(super) fn workspace_bytes(&self, side: Side, case: &Case) -> Result<[u64; 2], Fault> {
        // Asked before any input exists: with null pointers.
        let frame = CallFrame::new(case, |spec| TensorMemory {
            storage: 0,
            on_host: spec.on_host,
        });
        let own = self.get(side)?.workspace_bytes(frame.call());
        let fallback = match side {
            Side::Baseline => 0,
            Side::Candidate => self.get(Side::Baseline)?.workspace_bytes(frame.call()),
        };
        Ok([own, fallback])
    }

    pub(super) fn route(&self, side: Side, placement: &Placement) -> RouteReply {
        self.get(side).map_or_else(
            |_| RouteReply::default(),
            |loaded| loaded.route(placement.frame.call()),
        )
    }

    /// Launches the call; what a candidate declines, the baseline serves, as production would.
    pub(super) fn launch(&self, side: Side, placement: &Placement, stream: Stream) -> Outcome {
        let launch = |side: Side, workspace: usize| {
            let span = placement.workspaces[workspace];
            let address = if span.bytes == 0 { 0 } else { span.address };
            let call = placement.frame.on(address, span.bytes, stream.0);
            self.get(side)
                .map_or(SideStatus::Unknown(-1), |loaded| loaded.launch(&call))
        };
        let status = launch(side, 0);
        if side == Side::Candidate && status == SideStatus::Declined {
            return Outcome {
                status: launch(Side::Baseline, 1),
                declined: true,
            };
        }
        Outcome {
            status,
            declined: false,
        }
    }
}
