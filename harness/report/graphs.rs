//! Captured calls.

use super::names::node_name;
use super::{Color, Tone};
use crate::session::CallGraph;

/// A paragraph a row and side: the fingerprint, then a node with its parameters a line each.
pub fn graphs(captured: &[CallGraph], color: Color) -> String {
    let mut text = String::new();
    let mut row = None;
    for graph in captured {
        if row != Some(&graph.row) {
            text.push_str(&format!("\n{}\n", graph.row));
            row = Some(&graph.row);
        }
        if let Some(why) = &graph.lost {
            text.push_str(&format!(
                "  {}: {}\n",
                graph.side,
                color.paint(Tone::Bad, why)
            ));
            continue;
        }
        text.push_str(&format!("  {} {}\n", graph.side, graph.fingerprint));
        for (node, params) in &graph.nodes {
            let node = node_name(node);
            text.push_str(&format!("    {node}\n      ({params})\n"));
        }
        for fault in &graph.faults {
            text.push_str(&format!("    {}\n", color.paint(Tone::Bad, fault)));
        }
    }
    text.trim_start().to_owned()
}
