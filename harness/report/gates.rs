//! The gates in a line, and what failed in full.

use super::numbers::count;
use super::{Color, Tone};
use crate::ledger::{GateRecord, Outcome};

pub(super) fn gates(gates: &[GateRecord], color: Color) -> String {
    let failed: Vec<&GateRecord> = gates
        .iter()
        .filter(|gate| gate.outcome == Outcome::Failed)
        .collect();
    let cases: usize = gates.iter().map(|gate| gate.cases).sum();
    if gates.is_empty() {
        return format!("gates: {}\n", color.paint(Tone::Unsure, "none ran"));
    }
    if failed.is_empty() {
        let passed = color.paint(Tone::Good, &format!("{} passed", gates.len()));
        return format!("gates: {passed}, {}\n", count(cases, "check", "checks"));
    }
    let passed = gates.len() - failed.len();
    let word = color.paint(Tone::Bad, &format!("{} failed", failed.len()));
    let mut text = format!(
        "gates: {word}, {passed} passed, {}\n",
        count(cases, "check", "checks")
    );
    for gate in failed {
        text.push_str(&format!(
            "  {}: {} of {} failed\n",
            gate.name,
            gate.failures,
            count(gate.cases, "check", "checks")
        ));
        for detail in &gate.details {
            text.push_str(&format!("    {detail}\n"));
        }
        let untold = gate.failures.saturating_sub(gate.details.len());
        if untold > 0 {
            text.push_str(&format!("    and {untold} more\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::sample::gate;

    #[test]
    fn what_failed_is_told_in_full() {
        let mut failing = gate(2);
        failing.failures = 5;
        insta::assert_snapshot!(gates(&[gate(0), failing], Color::No), @r#"
        gates: 1 failed, 1 passed, 136 checks
          poison: 5 of 68 checks failed
            row_0 candidate out[7]: expected 1.5, found NaN
            row_1 candidate out[7]: expected 1.5, found NaN
            and 3 more
        "#);
    }

    #[test]
    fn all_passed_is_one_line() {
        assert_eq!(
            gates(&[gate(0), gate(0)], Color::No),
            "gates: 2 passed, 136 checks\n"
        );
        assert_eq!(gates(&[], Color::No), "gates: none ran\n");
    }
}
