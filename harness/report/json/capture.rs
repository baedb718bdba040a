//! Lines about captured calls.

use std::path::Path;

use serde::Serialize;

use crate::capture::{NewEpoch, Proposal, Refusal};
use crate::report::Import;

#[derive(Serialize)]
pub(super) struct ImportLine<'a> {
    task: &'a str,
    file: &'a Path,
    calls: u64,
    new_calls: u64,
    frozen_calls: u64,
    refused_calls: u64,
    assumed_dense_calls: u64,
    output: Option<&'a Path>,
}

impl<'a> ImportLine<'a> {
    pub(super) fn of(import: &Import<'a>) -> Self {
        let review = import.review;
        Self {
            task: import.task,
            file: import.file,
            calls: review.calls,
            new_calls: review.proposals.iter().map(|row| row.calls).sum(),
            frozen_calls: review.seen.iter().map(|row| row.calls).sum(),
            refused_calls: review.refused.iter().map(|refusal| refusal.calls).sum(),
            assumed_dense_calls: review.assumed_dense,
            output: import.output,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProposedRow<'a> {
    id: &'a str,
    set: &'a str,
    calls: u64,
    bytes: u64,
    toml: &'a str,
}

impl<'a> ProposedRow<'a> {
    pub(super) fn of(row: &'a Proposal) -> Self {
        Self {
            id: &row.id,
            set: &row.set,
            calls: row.calls,
            bytes: row.bytes,
            toml: &row.block,
        }
    }
}

/// A row that is there already.
#[derive(Serialize)]
pub(super) struct FrozenRow<'a> {
    pub(super) id: &'a str,
    pub(super) calls: u64,
}

#[derive(Serialize)]
pub(super) struct RefusedCalls<'a> {
    entry: &'a str,
    calls: u64,
    reason: &'a str,
}

impl<'a> RefusedCalls<'a> {
    pub(super) fn of(refusal: &'a Refusal) -> Self {
        Self {
            entry: &refusal.entry,
            calls: refusal.calls,
            reason: &refusal.reason,
        }
    }
}

#[derive(Serialize)]
pub(super) struct OtherOperation<'a> {
    pub(super) name: &'a str,
    pub(super) calls: u64,
}

#[derive(Serialize)]
pub(super) struct NewEpochLine<'a> {
    contract_hash: &'a str,
    contract_hash_before: &'a str,
    added: &'a [String],
    dropped: &'a [String],
}

impl<'a> NewEpochLine<'a> {
    pub(super) fn of(epoch: &'a NewEpoch) -> Self {
        Self {
            contract_hash: &epoch.contract_hash,
            contract_hash_before: &epoch.contract_hash_before,
            added: &epoch.added,
            dropped: &epoch.dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::capture::{Review, SeenRow};
    use crate::report::json::import;

    #[test]
    fn each_finding_is_a_line_and_every_key_is_documented() {
        let review = Review {
            calls: 15,
            others: [("lib::other".to_owned(), 4)].into(),
            proposals: vec![Proposal {
                id: "n700_f32".to_owned(),
                set: "main".to_owned(),
                calls: 9,
                bytes: 8400,
                block: "[[row]]\n".to_owned(),
            }],
            seen: vec![SeenRow {
                id: "a".to_owned(),
                calls: 4,
            }],
            unseen: vec!["b".to_owned()],
            refused: vec![Refusal {
                entry: "axpy".to_owned(),
                reason: "too long".to_owned(),
                calls: 2,
            }],
            assumed_dense: 3,
        };
        let epoch = NewEpoch {
            contract_hash: "01".repeat(32),
            contract_hash_before: "02".repeat(32),
            added: vec!["n700_f32".to_owned()],
            dropped: vec!["b".to_owned()],
        };
        let of = Import {
            file: Path::new("c.jsonl"),
            task: "demo",
            review: &review,
            output: None,
            epoch: Some(&epoch),
        };
        let mut out = Vec::new();
        import(&of, &mut out).expect("memory takes it");
        let text = String::from_utf8(out).expect("JSON is text");
        let lines: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is an object"))
            .collect();
        let types: Vec<_> = lines.iter().map(|line| &line["type"]).collect();
        assert_eq!(
            types,
            [
                "begin",
                "import",
                "proposed-row",
                "frozen-row",
                "frozen-row",
                "refused-calls",
                "other-operation",
                "new-epoch"
            ]
        );
        let counts = ["calls", "new_calls", "frozen_calls", "refused_calls"];
        assert_eq!(
            counts.map(|key| &lines[1]["data"][key]),
            [&json!(15), &json!(9), &json!(4), &json!(2)]
        );
        assert_eq!(lines[4]["data"], json!({"id": "b", "calls": 0}));
        let documented = include_str!("../../../docs/json.md");
        for line in &lines {
            let data = line["data"].as_object().expect("data is an object");
            let kind = line["type"].as_str().expect("a type is text");
            for key in data.keys().map(String::as_str).chain([kind]) {
                assert!(documented.contains(&format!("`{key}`")), "`{key}`");
            }
        }
    }
}
