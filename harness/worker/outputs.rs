//! What a call writes: its elements, which it must write all of, and the gaps between them, which it must leave alone.
//!
//! Outputs with gaps are few and small, so what concerns their bytes happens on the host.

use super::placement::{GUARD_PATTERN, Placement};
use crate::device::{Device, DeviceError, Span};
use crate::task::Case;
use crate::tensor::{Role, TensorSpec};

/// The written storages of one buffer set.
pub(super) struct Outputs {
    /// Without gaps; those that are not also inputs apart, as they alone are poisoned.
    dense: Vec<Span>,
    poisonable: Vec<Span>,
    gapped: Vec<Gapped>,
}

/// What outputs hold after a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Inspection {
    /// Changes with any bit of any element.
    pub(super) digest: u64,
    /// Bytes between elements that changed.
    pub(super) gap_damage: u64,
}

/// A written storage with gaps.
struct Gapped {
    span: Span,
    /// By byte: whether it belongs to an element.
    covered: Vec<bool>,
    role: Role,
}

impl Outputs {
    pub(super) fn of(case: &Case, placement: &Placement) -> Self {
        let mut outputs = Self {
            dense: Vec::new(),
            poisonable: Vec::new(),
            gapped: Vec::new(),
        };
        for spec in case.outputs() {
            let span = placement.storages[spec.storage];
            if spec.bytes() < span.bytes {
                let covered = covered(spec, span.bytes);
                outputs.gapped.push(Gapped {
                    span,
                    covered,
                    role: spec.role,
                });
                continue;
            }
            outputs.dense.push(span);
            if spec.role == Role::Out {
                outputs.poisonable.push(span);
            }
        }
        outputs
    }

    /// Poisons every element of every output that is not also an input; gaps keep the guard pattern.
    pub(super) fn poison(&self, device: &mut dyn Device, poison: u32) -> Result<(), DeviceError> {
        device.paint(&self.poisonable, poison)?;
        let poisoned = self
            .gapped
            .iter()
            .filter(|storage| storage.role == Role::Out);
        poisoned
            .into_iter()
            .try_for_each(|storage| device.write(storage.span.address, &storage.image(poison)))
    }

    pub(super) fn inspect(&self, device: &mut dyn Device) -> Result<Inspection, DeviceError> {
        let mut inspection = Inspection {
            digest: device.digest(&self.dense)?,
            gap_damage: 0,
        };
        for storage in &self.gapped {
            let mut bytes = vec![0; storage.covered.len()];
            device.read(storage.span.address, &mut bytes)?;
            let (digest, damage) = storage.inspect(&bytes);
            inspection.digest = inspection.digest.rotate_left(1) ^ digest;
            inspection.gap_damage += damage;
        }
        Ok(inspection)
    }
}

fn covered(spec: &TensorSpec, bytes: u64) -> Vec<bool> {
    let mut covered = vec![false; bytes as usize];
    let size = spec.dtype.bytes();
    for index in 0..spec.elements() {
        covered[spec.position(index) as usize * size..][..size].fill(true);
    }
    covered
}

impl Gapped {
    fn image(&self, poison: u32) -> Vec<u8> {
        let byte = |(place, covered): (usize, &bool)| {
            let pattern = if *covered { poison } else { GUARD_PATTERN };
            pattern.to_le_bytes()[place % 4]
        };
        self.covered.iter().enumerate().map(byte).collect()
    }

    /// A digest of the elements, and how many bytes between them changed.
    fn inspect(&self, bytes: &[u8]) -> (u64, u64) {
        let guard = GUARD_PATTERN.to_le_bytes();
        let mut damage = 0;
        let mut elements = blake3::Hasher::new();
        for (place, (byte, covered)) in bytes.iter().zip(&self.covered).enumerate() {
            if *covered {
                elements.update(&[*byte]);
            } else if *byte != guard[place % 4] {
                damage += 1;
            }
        }
        let hash = elements.finalize();
        let digest = hash.as_bytes()[..8]
            .try_into()
            .expect("a blake3 hash should have 32 bytes");
        (u64::from_le_bytes(digest), damage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gapped() -> Gapped {
        let covered = vec![true, true, false, false, true];
        Gapped {
            span: Span {
                address: 0,
                bytes: 5,
            },
            covered,
            role: Role::Out,
        }
    }

    #[test]
    fn poison_falls_on_elements_and_the_guard_pattern_between_them() {
        let guard = GUARD_PATTERN.to_le_bytes();
        assert_eq!(
            gapped().image(0x4433_2211),
            [0x11, 0x22, guard[2], guard[3], 0x11]
        );
    }

    #[test]
    fn a_byte_between_elements_is_damage_and_an_element_changes_the_digest() {
        let image = gapped().image(0);
        let (digest, damage) = gapped().inspect(&image);
        assert_eq!(damage, 0);
        let changed = |place: usize| {
            let mut bytes = image.clone();
            bytes[place] ^= 1;
            gapped().inspect(&bytes)
        };
        assert_eq!(changed(2), (digest, 1));
        assert_eq!(changed(4).1, 0);
        assert_ne!(changed(4).0, digest);
    }
}
