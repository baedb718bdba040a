//! What a capture holds, as data.

use serde::{Deserialize, Serialize};

use super::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Kernel,
    Memset,
    Memcpy,
}

/// One node of a captured graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: NodeKind,
    /// Kernel name as the object has it; empty for memsets and memcpys.
    pub name: String,
    pub grid: [u32; 3],
    pub block: [u32; 3],
    /// Dynamic shared memory, in bytes.
    pub smem_bytes: u64,
    /// The bytes of each parameter; of a memset or memcpy, its pointers and sizes.
    pub params: Vec<Vec<u8>>,
}

/// A hash of what the nodes do, with every pointer into `buffers` replaced by (buffer, offset): equal for the same call
/// on other buffers.
pub fn fingerprint(nodes: &[Node], buffers: &[Span]) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut number = |value: u64| {
        hasher.update(&value.to_le_bytes());
    };
    for node in nodes {
        number(node.kind as u64);
        number(node.name.len() as u64);
        node.name.bytes().for_each(|byte| number(u64::from(byte)));
        node.grid
            .iter()
            .chain(&node.block)
            .for_each(|size| number(u64::from(*size)));
        number(node.smem_bytes);
        for param in &node.params {
            number(param.len() as u64);
            for word in param.chunks(8) {
                match buffer_offset(word, buffers) {
                    Some((buffer, offset)) => {
                        [1, buffer as u64, offset].into_iter().for_each(&mut number)
                    }
                    None => word.iter().for_each(|byte| number(u64::from(*byte))),
                }
            }
        }
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The buffer that an 8-byte word points into, and how far; an empty buffer is met by its address alone.
fn buffer_offset(word: &[u8], buffers: &[Span]) -> Option<(usize, u64)> {
    let address = u64::from_le_bytes(word.try_into().ok()?);
    let is_met = |span: &Span| span.contains(address) || (span.bytes, span.address) == (0, address);
    let buffer = buffers.iter().position(is_met)?;
    Some((buffer, address - buffers[buffer].address))
}

/// `name grid block smem` for a reader.
pub fn describe(node: &Node) -> String {
    let extent = |size: [u32; 3]| match size {
        [x, 1, 1] => x.to_string(),
        [x, y, 1] => format!("{x}x{y}"),
        [x, y, z] => format!("{x}x{y}x{z}"),
    };
    match node.kind {
        NodeKind::Kernel => {
            format!(
                "{} grid {} block {} smem {}",
                node.name,
                extent(node.grid),
                extent(node.block),
                node.smem_bytes
            )
        }
        NodeKind::Memset => "memset".to_owned(),
        NodeKind::Memcpy => "memcpy".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy_to(address: u64, count: u32) -> Node {
        Node {
            kind: NodeKind::Kernel,
            name: "copy_kernel".to_owned(),
            grid: [4, 1, 1],
            block: [128, 1, 1],
            smem_bytes: 0,
            params: vec![address.to_le_bytes().to_vec(), count.to_le_bytes().to_vec()],
        }
    }

    const FIRST: [Span; 1] = [Span {
        address: 4096,
        bytes: 512,
    }];
    const SECOND: [Span; 1] = [Span {
        address: 8192,
        bytes: 512,
    }];

    #[test]
    fn the_same_call_on_other_buffers_has_the_same_fingerprint() {
        let first = fingerprint(&[copy_to(4096 + 16, 7)], &FIRST);
        assert_eq!(first, fingerprint(&[copy_to(8192 + 16, 7)], &SECOND));
    }

    #[test]
    fn an_empty_buffer_has_a_place_too() {
        let empty = |address| [Span { address, bytes: 0 }];
        let first = fingerprint(&[copy_to(4096, 7)], &empty(4096));
        assert_eq!(first, fingerprint(&[copy_to(8192, 7)], &empty(8192)));
        assert_ne!(first, fingerprint(&[copy_to(8192 + 1, 7)], &empty(8192)));
    }

    #[test]
    fn an_offset_a_scalar_and_a_foreign_pointer_change_it() {
        let first = fingerprint(&[copy_to(4096, 7)], &FIRST);
        assert_ne!(first, fingerprint(&[copy_to(4096 + 4, 7)], &FIRST));
        assert_ne!(first, fingerprint(&[copy_to(4096, 8)], &FIRST));
        assert_ne!(first, fingerprint(&[copy_to(4096, 7)], &SECOND));
    }
}
