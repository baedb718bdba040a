//! The isolated process that loads untrusted code, and the parent's handle on it.
//!
//! Requests and replies are MessagePack on a socket pair; outputs travel through shared memory. The parent holds oracle,
//! comparison and ledger; the worker holds the device and both sides.

mod attest;
mod call;
mod check;
mod client;
#[cfg(test)]
mod fuzz;
mod outputs;
mod placement;
mod protocol;
mod serve;
mod shared;
mod side;
mod time;

pub use call::{CallFrame, TensorMemory};
pub use check::CHECK_SET;
pub use client::{Worker, WorkerError, WorkerSpec, inherited};
pub use placement::input_key;
pub use protocol::{
    CheckReply, CheckRequest, Copied, DeviceChoice, Fault, LaneSamples, OutputCopy, RouteReply,
    TimePlan, TimeReply, TimeRequest,
};
pub use serve::serve;
pub use shared::SharedMemory;
pub use side::SideStatus;
