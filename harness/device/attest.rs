//! What a captured graph may not hold, whoever captured it.

use super::graph::buffer_offset;
use super::{Edge, EdgeKind, Graph, Node, NodeKind, Span};

/// One call's part of a captured graph.
#[derive(Clone, Copy, Debug)]
pub struct CallNodes<'a> {
    pub nodes: &'a [Node],
    /// The buffers that belong to the call.
    pub buffers: &'a [Span],
}

/// Faults of one call: what it points at that is not its own, and attributes that reach beyond it.
///
/// `is_memory` says whether an address lies in any memory that the device can reach.
pub fn call_faults(call: CallNodes, is_memory: &dyn Fn(u64) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for node in call.nodes {
        if node.kind == NodeKind::Other {
            faults.push(format!(
                "the graph holds a {} node; only kernels, memsets and memcpys may stand there",
                node.name
            ));
        }
        // What a memset or memcpy touches is known for pointers, wherever they point.
        let touched = match node.kind {
            NodeKind::Memset => 1,
            NodeKind::Memcpy => 2,
            NodeKind::Kernel | NodeKind::Other => 0,
        };
        if node.params[..touched]
            .iter()
            .any(|word| buffer_offset(word, call.buffers).is_none())
        {
            faults.push(format!(
                "{} touches memory outside the call's own buffers",
                node_name(node)
            ));
            continue;
        }
        for (number, param) in node.params.iter().enumerate() {
            if let Some(address) = foreign_pointer(param, call.buffers, is_memory) {
                let name = node_name(node);
                faults.push(format!(
                    "parameter {number} of {name} points to {address:#x}, outside the call's own buffers"
                ));
            }
        }
        let attributes = &node.attributes;
        if attributes.window_bytes > 0 || attributes.priority != 0 {
            let name = node_name(node);
            faults.push(format!(
                "{name} is launched with{attributes}, which reaches beyond the call"
            ));
        }
    }
    faults
}

/// Faults of the order: `calls` calls of `per_call` nodes each are one chain, and no call starts before the one in front
/// of it is over.
pub fn order_faults(graph: &Graph, per_call: usize) -> Vec<String> {
    let mut faults = Vec::new();
    if !is_chain(graph) {
        faults.push(
            "the captured nodes are no chain: work was forked off the given stream".to_owned(),
        );
    }
    let crosses = |edge: &&Edge| edge.from / per_call.max(1) != edge.to / per_call.max(1);
    let early = graph.edges.iter().filter(crosses);
    if early
        .into_iter()
        .any(|edge| edge.kind == EdgeKind::Programmatic)
    {
        faults.push(
            "a call may start before the call in front of it is over: a programmatic edge crosses from call to call"
                .to_owned(),
        );
    }
    faults
}

/// Edges of the nodes `first..first + count`, counted from `first`.
pub fn edges_within(graph: &Graph, first: usize, count: usize) -> Vec<Edge> {
    let range = first..first + count;
    let inner = graph
        .edges
        .iter()
        .filter(|edge| range.contains(&edge.from) && range.contains(&edge.to));
    let shifted = inner.map(|edge| Edge {
        from: edge.from - first,
        to: edge.to - first,
        kind: edge.kind,
    });
    shifted.collect()
}

fn is_chain(graph: &Graph) -> bool {
    let mut steps: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .map(|edge| (edge.from, edge.to))
        .collect();
    steps.sort_unstable();
    let chain = (1..graph.nodes.len()).map(|to| (to - 1, to));
    steps.into_iter().eq(chain)
}

fn foreign_pointer(param: &[u8], buffers: &[Span], is_memory: &dyn Fn(u64) -> bool) -> Option<u64> {
    let words = param.as_chunks::<8>().0.iter();
    let foreign = words.filter(|word| buffer_offset(word.as_slice(), buffers).is_none());
    foreign
        .map(|word| u64::from_le_bytes(*word))
        .find(|word| !may_be_padded(*word) && is_memory(*word))
}

/// Whether the word may be a 4-byte number with padding behind it, which holds what the stack held: half a pointer,
/// often enough. Numbers are small integers and floats from 1e-9 to 1e5; a pointer looks like one of them one time in
/// six, and lies elsewhere in every process and row.
fn may_be_padded(word: u64) -> bool {
    const SMALL: u32 = 1 << 28;
    const FLOATS: std::ops::Range<u32> = 0x3000_0000..0x4800_0000;
    let low = word as u32;
    word >> 32 == 0 || low < SMALL || FLOATS.contains(&low)
}

fn node_name(node: &Node) -> &str {
    match node.kind {
        NodeKind::Kernel => &node.name,
        NodeKind::Memset => "a memset",
        NodeKind::Memcpy => "a memcpy",
        NodeKind::Other => &node.name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Attributes;

    const OWN: [Span; 1] = [Span {
        address: 4096,
        bytes: 512,
    }];

    fn node(address: u64) -> Node {
        Node {
            kind: NodeKind::Kernel,
            name: "copy_kernel".to_owned(),
            grid: [1; 3],
            block: [1; 3],
            smem_bytes: 0,
            params: vec![address.to_le_bytes().to_vec()],
            attributes: Attributes::default(),
        }
    }

    fn chain(kinds: &[EdgeKind]) -> Graph {
        let edge = |(from, kind): (usize, &EdgeKind)| Edge {
            from,
            to: from + 1,
            kind: *kind,
        };
        Graph {
            nodes: vec![node(4096); kinds.len() + 1],
            edges: kinds.iter().enumerate().map(edge).collect(),
        }
    }

    fn faults_of(node: Node) -> Vec<String> {
        let call = CallNodes {
            nodes: &[node],
            buffers: &OWN,
        };
        call_faults(call, &|address| address >= 4096)
    }

    const ELSEWHERE: u64 = 0x7f1c_9000_2000;

    #[test]
    fn a_pointer_to_memory_that_is_not_the_calls_own_is_a_fault_and_a_number_is_none() {
        assert!(faults_of(node(4096 + 8)).is_empty());
        assert!(faults_of(node(7)).is_empty());
        let faults = faults_of(node(ELSEWHERE));
        assert!(faults[0].contains("points to 0x7f1c90002000"), "{faults:?}");
    }

    #[test]
    fn a_number_with_padding_behind_it_is_no_pointer() {
        for number in [3072, 1e-6_f32.to_bits(), 1.0_f32.to_bits()] {
            let word = 0x7f1c << 32 | u64::from(number);
            assert!(faults_of(node(word)).is_empty(), "{word:#x}");
        }
    }

    #[test]
    fn a_copy_from_memory_of_the_host_and_a_host_call_are_faults() {
        let copy = Node {
            kind: NodeKind::Memcpy,
            params: [4096_u64, 77, 8]
                .map(|word| word.to_le_bytes().to_vec())
                .to_vec(),
            ..node(4096)
        };
        assert!(faults_of(copy)[0].contains("a memcpy touches"));
        let call = Node {
            kind: NodeKind::Other,
            name: "CU_GRAPH_NODE_TYPE_HOST".to_owned(),
            params: Vec::new(),
            ..node(4096)
        };
        assert!(faults_of(call)[0].contains("CU_GRAPH_NODE_TYPE_HOST"));
    }

    #[test]
    fn a_window_and_a_priority_are_faults_and_a_cluster_is_none() {
        let with = |attributes| Node {
            attributes,
            ..node(4096)
        };
        let cluster = Attributes {
            cluster: [2, 1, 1],
            ..Attributes::default()
        };
        assert!(faults_of(with(cluster)).is_empty());
        let window = Attributes {
            window_bytes: 64,
            ..Attributes::default()
        };
        assert_eq!(faults_of(with(window)).len(), 1);
        let urgent = Attributes {
            priority: -1,
            ..Attributes::default()
        };
        assert_eq!(faults_of(with(urgent)).len(), 1);
    }

    #[test]
    fn a_programmatic_edge_may_stand_within_a_call_and_not_between_two() {
        let graph = chain(&[
            EdgeKind::Programmatic,
            EdgeKind::Full,
            EdgeKind::Programmatic,
        ]);
        assert!(order_faults(&graph, 2).is_empty());
        assert_eq!(order_faults(&graph, 1).len(), 1);
    }

    #[test]
    fn a_fork_is_no_chain() {
        let mut graph = chain(&[EdgeKind::Full, EdgeKind::Full]);
        graph.edges[1].from = 0;
        assert!(order_faults(&graph, 3)[0].contains("no chain"));
    }

    #[test]
    fn edges_of_a_call_count_from_its_first_node() {
        let graph = chain(&[EdgeKind::Full, EdgeKind::Full, EdgeKind::Programmatic]);
        let edges = edges_within(&graph, 2, 2);
        assert_eq!(
            edges,
            [Edge {
                from: 0,
                to: 1,
                kind: EdgeKind::Programmatic
            }]
        );
    }
}
