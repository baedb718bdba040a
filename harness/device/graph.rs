//! What a capture holds, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Span;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    Kernel,
    Memset,
    Memcpy,
    /// Anything else; the node's name says what.
    Other,
}

/// One node of a captured graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub kind: NodeKind,
    /// Kernel name as the object has it; of a node that may not be there, its kind; else empty.
    pub name: String,
    pub grid: [u32; 3],
    pub block: [u32; 3],
    /// Dynamic shared memory, in bytes.
    pub smem_bytes: u64,
    /// The bytes of each parameter; of a memset or memcpy, its pointers and sizes.
    pub params: Vec<Vec<u8>>,
    pub attributes: Attributes,
}

/// Launch attributes of a kernel node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attributes {
    /// Blocks of a cluster; ones without clusters.
    pub cluster: [u32; 3],
    pub is_cooperative: bool,
    pub priority: i32,
    /// Bytes of an L2 access-policy window; 0 without one.
    pub window_bytes: u64,
}

impl Default for Attributes {
    fn default() -> Self {
        Self {
            cluster: [1; 3],
            is_cooperative: false,
            priority: 0,
            window_bytes: 0,
        }
    }
}

/// What the node `to` waits for of the node `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EdgeKind {
    /// Its end.
    Full,
    /// Its trigger (programmatic dependent launch), and its end only where the kernel asks for it.
    Programmatic,
}

/// A dependence between two nodes, by their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub kind: EdgeKind,
}

/// A captured graph, its nodes in the order of their capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

/// Bytes of parameters that a fingerprint covers, pointers into the call's buffers apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bytes {
    /// All of them: for calls of one process.
    All,
    /// Those of parameters up to 4 bytes, and of a struct the pointers to where a buffer begins. A struct's padding is what
    /// the stack held, another thing in every process: half a pointer there and a number beside it can make an address
    /// inside a buffer of gigabytes.
    Unpadded,
}

/// A hash of what a call's nodes and the edges between them do, with every pointer into `buffers` replaced by (buffer,
/// offset): equal for the same call on other buffers. `edges` count from the call's first node.
pub fn fingerprint(nodes: &[Node], edges: &[Edge], buffers: &[Span], bytes: Bytes) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut number = |value: u64| {
        hasher.update(&value.to_le_bytes());
    };
    for node in nodes {
        number(node.kind as u64);
        number(node.name.len() as u64);
        node.name.bytes().for_each(|byte| number(u64::from(byte)));
        let sizes = node.grid.iter().chain(&node.block);
        sizes
            .chain(&node.attributes.cluster)
            .for_each(|size| number(u64::from(*size)));
        number(node.smem_bytes);
        number(u64::from(node.attributes.is_cooperative));
        number(node.attributes.priority as u64);
        number(node.attributes.window_bytes);
        for param in &node.params {
            number(param.len() as u64);
            let is_struct = param.len() > 8;
            for word in param.chunks(8) {
                let pointer = buffer_offset(word, buffers)
                    .filter(|(_, offset)| bytes == Bytes::All || !is_struct || *offset == 0);
                match pointer {
                    Some((buffer, offset)) => {
                        [1, buffer as u64, offset].into_iter().for_each(&mut number)
                    }
                    None if bytes == Bytes::All || param.len() <= 4 => {
                        word.iter().for_each(|byte| number(u64::from(*byte)));
                    }
                    None => {}
                }
            }
        }
    }
    for edge in edges {
        [edge.from as u64, edge.to as u64, edge.kind as u64]
            .into_iter()
            .for_each(&mut number);
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// The buffer that an 8-byte word points into or right behind, and how far. Guards keep buffers apart.
pub(super) fn buffer_offset(word: &[u8], buffers: &[Span]) -> Option<(usize, u64)> {
    let address = u64::from_le_bytes(word.try_into().ok()?);
    let is_met = |span: &Span| (span.address..=span.end()).contains(&address);
    let buffer = buffers.iter().position(is_met)?;
    Some((buffer, address - buffers[buffer].address))
}

/// `name grid block smem`, and what attributes it has, for a reader.
pub fn describe(node: &Node) -> String {
    match node.kind {
        NodeKind::Kernel => format!(
            "{} grid {} block {} smem {}{}",
            node.name,
            extent(node.grid),
            extent(node.block),
            node.smem_bytes,
            node.attributes
        ),
        NodeKind::Memset => "memset".to_owned(),
        NodeKind::Memcpy => "memcpy".to_owned(),
        NodeKind::Other => node.name.clone(),
    }
}

/// A node's parameters for a reader: pointers as `buffer+offset`, which `names` has the names of, small ones as numbers,
/// and of a struct the pointers alone.
pub fn parameters(node: &Node, buffers: &[Span], names: &[String]) -> String {
    let pointer = |word: &[u8]| {
        let (buffer, offset) = buffer_offset(word, buffers)?;
        Some(format!("{}+{offset}", names[buffer]))
    };
    let parameter = |param: &Vec<u8>| match (param.len(), pointer(param)) {
        (8, Some(pointer)) => pointer,
        (length @ (1 | 2 | 4 | 8), _) => {
            let mut bytes = [0; 8];
            bytes[..length].copy_from_slice(param);
            i64::from_le_bytes(bytes).to_string()
        }
        (length, _) => {
            let pointers: Vec<String> = param.chunks(8).filter_map(pointer).collect();
            format!("{length} B {{{}}}", pointers.join(", "))
        }
    };
    let all: Vec<String> = node.params.iter().map(parameter).collect();
    all.join(", ")
}

fn extent(size: [u32; 3]) -> String {
    match size {
        [x, 1, 1] => x.to_string(),
        [x, y, 1] => format!("{x}x{y}"),
        [x, y, z] => format!("{x}x{y}x{z}"),
    }
}

/// Nothing where all are the defaults.
impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cluster != [1; 3] {
            write!(f, " cluster {}", extent(self.cluster))?;
        }
        if self.is_cooperative {
            f.write_str(" cooperative")?;
        }
        if self.priority != 0 {
            write!(f, " priority {}", self.priority)?;
        }
        if self.window_bytes != 0 {
            write!(f, " access-policy window of {} bytes", self.window_bytes)?;
        }
        Ok(())
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
            attributes: Attributes::default(),
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
    fn a_number_and_its_padding_that_look_like_a_pointer_into_a_buffer_do_not_count() {
        const LARGE: [Span; 1] = [Span {
            address: 0x7f1c << 32,
            bytes: 3 << 30,
        }];
        let print = |padding: u64, pointer: u64, bytes| {
            let mut node = copy_to(0, 7);
            let words = [pointer, padding << 32 | 3072];
            node.params[0] = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            fingerprint(&[node], &[], &LARGE, bytes)
        };
        let begin = LARGE[0].address;
        let unpadded = |padding, pointer| print(padding, pointer, Bytes::Unpadded);
        assert_eq!(unpadded(0x7f1c, begin), unpadded(0x55d0, begin));
        assert_ne!(unpadded(0, begin), unpadded(0, 0));
        let all = |padding| print(padding, begin, Bytes::All);
        assert_ne!(all(0x7f1c), all(0x55d0));
    }

    #[test]
    fn the_same_call_on_other_buffers_has_the_same_fingerprint() {
        let first = fingerprint(&[copy_to(4096 + 16, 7)], &[], &FIRST, Bytes::All);
        assert_eq!(
            first,
            fingerprint(&[copy_to(8192 + 16, 7)], &[], &SECOND, Bytes::All)
        );
    }

    #[test]
    fn an_empty_buffer_has_a_place_too() {
        let empty = |address| [Span { address, bytes: 0 }];
        let first = fingerprint(&[copy_to(4096, 7)], &[], &empty(4096), Bytes::All);
        assert_eq!(
            first,
            fingerprint(&[copy_to(8192, 7)], &[], &empty(8192), Bytes::All)
        );
        assert_ne!(
            first,
            fingerprint(&[copy_to(8192 + 1, 7)], &[], &empty(8192), Bytes::All)
        );
    }

    #[test]
    fn across_processes_bytes_of_a_struct_do_not_count_and_its_pointers_do() {
        let with = |padding: u8, address: u64| {
            let mut node = copy_to(address, 7);
            node.params[0].extend([1, 0, 0, 0, padding, 0, 0, 0]);
            fingerprint(&[node], &[], &FIRST, Bytes::Unpadded)
        };
        assert_eq!(with(0, 4096), with(9, 4096));
        assert_ne!(with(0, 4096), with(0, 4104));
        assert_ne!(
            fingerprint(&[copy_to(4096, 7)], &[], &FIRST, Bytes::Unpadded),
            fingerprint(&[copy_to(4096, 8)], &[], &FIRST, Bytes::Unpadded)
        );
    }

    #[test]
    fn parameters_are_pointers_by_name_numbers_and_the_pointers_of_structs() {
        let mut node = copy_to(4096 + 16, 7);
        let mut pair = 4096_u64.to_le_bytes().to_vec();
        pair.extend([9; 8]);
        node.params.push(pair);
        assert_eq!(
            parameters(&node, &FIRST, &["y".to_owned()]),
            "y+16, 7, 16 B {y+0}"
        );
    }

    #[test]
    fn a_programmatic_edge_is_another_fingerprint_than_a_full_one() {
        let nodes = [copy_to(4096, 7), copy_to(4096, 7)];
        let print = |kind| {
            let edge = Edge {
                from: 0,
                to: 1,
                kind,
            };
            fingerprint(&nodes, &[edge], &FIRST, Bytes::All)
        };
        assert_ne!(print(EdgeKind::Full), print(EdgeKind::Programmatic));
    }

    #[test]
    fn a_pointer_behind_the_last_byte_belongs_to_its_buffer() {
        let first = fingerprint(&[copy_to(4096 + 512, 7)], &[], &FIRST, Bytes::All);
        assert_eq!(
            first,
            fingerprint(&[copy_to(8192 + 512, 7)], &[], &SECOND, Bytes::All)
        );
    }

    #[test]
    fn an_offset_a_scalar_and_a_foreign_pointer_change_it() {
        let first = fingerprint(&[copy_to(4096, 7)], &[], &FIRST, Bytes::All);
        assert_ne!(
            first,
            fingerprint(&[copy_to(4096 + 4, 7)], &[], &FIRST, Bytes::All)
        );
        assert_ne!(
            first,
            fingerprint(&[copy_to(4096, 8)], &[], &FIRST, Bytes::All)
        );
        let mut clustered = copy_to(4096, 7);
        clustered.attributes.cluster = [2, 1, 1];
        assert_ne!(first, fingerprint(&[clustered], &[], &FIRST, Bytes::All));
        assert_ne!(
            first,
            fingerprint(&[copy_to(4096, 7)], &[], &SECOND, Bytes::All)
        );
    }
}
