//! The isolated process that loads untrusted code, and the parent's handle on it.
//!
//! Requests and replies are MessagePack on a socket pair; outputs travel through shared memory. The parent holds oracle,
//! comparison and ledger; the worker holds the device and both sides.

mod attest;
mod audit;
mod call;
mod check;
mod client;
mod cold;
mod deadline;
#[cfg(test)]
mod fuzz;
mod lanes;
mod last_words;
mod memory_watch;
mod outputs;
mod placement;
mod process;
mod protocol;
mod sandbox;
mod serve;
mod shared;
mod side;
mod spent;
mod time;

pub use call::{CallFrame, TensorMemory};
pub use check::CHECK_SET;
pub use client::{Worker, WorkerError, WorkerSpec, inherited};
pub use memory_watch::default_memory_limit;
pub use placement::input_key;
pub use process::Instrument;
pub use protocol::{
    CheckReply, CheckRequest, Copied, DeviceChoice, Fault, FetchedOutputs, LaneSamples, OutputCopy,
    Pairing, RouteReply, SideLibrary, TimePlan, TimeReply, TimeRequest,
};
pub use sandbox::{Confinement, Sandbox};
pub use serve::serve;
pub use shared::SharedMemory;
pub use side::SideStatus;
