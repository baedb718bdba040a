//! Where a call's storages lie in device memory, with guards around each.

use rand::{Rng, RngExt};

use super::call::{CallFrame, TensorMemory};
use super::protocol::Fault;
use crate::device::{Device, DeviceError, Span};
use crate::task::Case;
use crate::tensor::{Role, TensorSpec, fill_key};

/// Guard before a storage, in bytes; the one behind fills up to the next multiple and then has the same size.
const GUARD_BYTES: u64 = 256;

/// Storages start at a random multiple of this within [`OFFSET_STEPS`], so that no process repeats another's luck.
const ALIGNMENT: u64 = 256;
const OFFSET_STEPS: u64 = 16;

/// What guards hold.
pub(super) const GUARD_PATTERN: u32 = 0xC0DE_C0DE;

/// A growing block of device memory, reused from case to case.
#[derive(Default)]
pub(super) struct Arena {
    block: Option<Span>,
}

impl Arena {
    /// At least `bytes`; what the arena held before is gone.
    pub(super) fn reserve(
        &mut self,
        device: &mut dyn Device,
        bytes: u64,
    ) -> Result<Span, DeviceError> {
        if let Some(block) = self.block.filter(|block| block.bytes >= bytes) {
            return Ok(block);
        }
        if let Some(block) = self.block.take() {
            device.release(block)?;
        }
        let block = device.allocate(bytes)?;
        self.block = Some(block);
        Ok(block)
    }
}

/// One buffer set of a case.
pub(super) struct Placement {
    pub(super) storages: Vec<Span>,
    pub(super) guards: Vec<Span>,
    /// Workspace of the side, and of the baseline behind a candidate.
    pub(super) workspaces: [Span; 2],
    pub(super) frame: CallFrame,
    /// Host memory behind tensors that a refusal passes as such.
    _host: Vec<Vec<u64>>,
}

/// Bytes that one buffer set takes at most.
pub(super) fn set_bytes(case: &Case, workspaces: [u64; 2]) -> u64 {
    let regions = case.storage_bytes.iter().chain(&workspaces);
    regions
        .map(|bytes| padded(*bytes) + 2 * GUARD_BYTES + OFFSET_STEPS * ALIGNMENT)
        .sum()
}

fn padded(bytes: u64) -> u64 {
    bytes.next_multiple_of(ALIGNMENT)
}

impl Placement {
    /// Lays one buffer set out from `cursor` on, which moves behind it.
    pub(super) fn new(
        case: &Case,
        workspaces: [u64; 2],
        cursor: &mut u64,
        random: &mut impl Rng,
    ) -> Self {
        let mut guards = Vec::new();
        let mut place = |bytes: u64| {
            let start = *cursor + random.random_range(0..OFFSET_STEPS) * ALIGNMENT;
            let address = start + GUARD_BYTES;
            let end = address + padded(bytes) + GUARD_BYTES;
            guards.push(Span {
                address: start,
                bytes: GUARD_BYTES,
            });
            guards.push(Span {
                address: address + bytes,
                bytes: end - address - bytes,
            });
            *cursor = end;
            Span { address, bytes }
        };
        let storages: Vec<Span> = case
            .storage_bytes
            .iter()
            .map(|bytes| place(*bytes))
            .collect();
        let workspaces = workspaces.map(place);
        let mut host = Vec::new();
        let frame = CallFrame::new(case, |spec| {
            if !spec.on_host {
                return TensorMemory {
                    storage: storages[spec.storage].address,
                    on_host: false,
                };
            }
            let memory = vec![0_u64; case.storage_bytes[spec.storage].div_ceil(8) as usize];
            let storage = memory.as_ptr() as u64;
            host.push(memory);
            TensorMemory {
                storage,
                on_host: true,
            }
        });
        Self {
            storages,
            guards,
            workspaces,
            frame,
            _host: host,
        }
    }

    /// Draws every input and paints what lies between inputs' elements, guards and workspaces.
    pub(super) fn prepare(
        &self,
        device: &mut dyn Device,
        case: &Case,
        seed: u64,
        set: u32,
    ) -> Result<(), Fault> {
        device.paint(&self.guards, GUARD_PATTERN)?;
        device.fence(&self.guards);
        let gaps: Vec<Span> = self.gaps(case).collect();
        device.paint(&gaps, GUARD_PATTERN)?;
        self.draw(device, case, seed, set)
    }

    /// Storages with bytes between their elements.
    pub(super) fn gaps(&self, case: &Case) -> impl Iterator<Item = Span> {
        let gapped = self.storages.iter().enumerate();
        gapped
            .filter(|(storage, _)| has_gaps(case, *storage))
            .map(|(_, span)| *span)
    }

    /// Draws every input afresh, at the same addresses.
    pub(super) fn draw(
        &self,
        device: &mut dyn Device,
        case: &Case,
        seed: u64,
        set: u32,
    ) -> Result<(), Fault> {
        for spec in case.inputs().filter(|spec| !spec.on_host) {
            device.draw(
                self.storages[spec.storage].address,
                spec,
                &spec.fill,
                input_key(case, seed, set, spec),
            )?;
        }
        Ok(())
    }

    /// Storages that a call overwrites whole: outputs that are not also inputs.
    pub(super) fn poisonable(&self, case: &Case) -> Vec<Span> {
        self.spans(case, |role| role == Some(Role::Out))
    }

    /// Storages that a call reads.
    pub(super) fn inputs(&self, case: &Case) -> Vec<Span> {
        let read = |storage| {
            let mut inputs = case.inputs();
            inputs.any(|spec| spec.storage == storage && !spec.on_host)
        };
        let storages = self.storages.iter().enumerate();
        storages
            .filter(|(storage, _)| read(*storage))
            .map(|(_, span)| *span)
            .collect()
    }

    /// Storages that a call must leave alone.
    pub(super) fn read_only(&self, case: &Case) -> Vec<Span> {
        self.spans(case, |role| role.is_none())
    }

    /// Storages that a call writes.
    pub(super) fn written(&self, case: &Case) -> Vec<Span> {
        self.spans(case, |role| role.is_some())
    }

    /// Storages by the role of the output in them, if any.
    fn spans(&self, case: &Case, keep: impl Fn(Option<Role>) -> bool) -> Vec<Span> {
        let role = |storage| {
            case.outputs()
                .find(|spec| spec.storage == storage)
                .map(|spec| spec.role)
        };
        (0..self.storages.len())
            .filter(|storage| keep(role(*storage)))
            .map(|storage| self.storages[storage])
            .collect()
    }

    /// Every buffer that the call may point into, in a fixed order: storages, workspaces, and the places of tensors
    /// without elements, which may lie outside their storage.
    pub(super) fn buffers(&self, case: &Case) -> Vec<Span> {
        let place = |spec: &TensorSpec| Span {
            address: self.storages[spec.storage]
                .address
                .wrapping_add_signed(spec.offset * spec.dtype.bytes() as i64),
            bytes: 0,
        };
        let empty = case
            .present()
            .filter(|spec| spec.elements() == 0)
            .map(place);
        let whole = self.storages.iter().chain(&self.workspaces).copied();
        whole.chain(empty).collect()
    }
}

/// Key of an input's draw; parent and worker agree on it.
pub fn input_key(case: &Case, seed: u64, set: u32, spec: &TensorSpec) -> u64 {
    fill_key(seed, &case.id, set, &spec.name)
}

/// Whether some bytes of a storage belong to no element.
fn has_gaps(case: &Case, storage: usize) -> bool {
    let tensors = case
        .present()
        .filter(|spec| spec.storage == storage && !spec.on_host);
    tensors.map(TensorSpec::distinct_bytes).sum::<u64>() < case.storage_bytes[storage]
}
