//! Lines about a profiled call.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::profile::{Change, Lane, ProfileRecord, ProfiledKernel, changes, moved_most};
use crate::toolchain::Side;

#[derive(Serialize)]
pub(super) struct ProfileLine<'a> {
    task: &'a str,
    row: &'a str,
    entry: Option<&'a str>,
    baseline_source: &'a str,
    candidate_source: &'a str,
    gpu: &'a str,
    driver: &'a str,
    ncu: &'a str,
    command: &'a str,
    class: String,
    lane: Lane,
    clocks: &'a str,
    contract_bytes: u64,
    /// Of each metric of the kernels.
    units: &'a BTreeMap<String, String>,
    /// Metrics, as tables call them; the furthest first.
    moved_most: Vec<&'static str>,
    path: &'a Path,
}

impl<'a> ProfileLine<'a> {
    pub(super) fn of(record: &'a ProfileRecord, path: &'a Path) -> Self {
        Self {
            task: &record.task,
            row: &record.row,
            entry: record.entry.as_deref(),
            baseline_source: &record.baseline_source,
            candidate_source: &record.candidate_source,
            gpu: &record.gpu,
            driver: &record.driver,
            ncu: &record.ncu,
            command: &record.command,
            class: record.class.to_string(),
            lane: record.lane,
            clocks: &record.clocks,
            contract_bytes: record.contract_bytes,
            units: &record.units,
            moved_most: moved_most(&changes(record))
                .iter()
                .map(|change| change.label)
                .collect(),
            path,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProfiledKernelLine<'a> {
    row: &'a str,
    side: Side,
    name: &'a str,
    local_bytes: Option<u32>,
    metrics: &'a BTreeMap<String, f64>,
}

impl<'a> ProfiledKernelLine<'a> {
    pub(super) fn of(row: &'a str, kernel: &'a ProfiledKernel) -> Self {
        Self {
            row,
            side: kernel.side,
            name: &kernel.name,
            local_bytes: kernel.local_bytes,
            metrics: &kernel.metrics,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProfileChangeLine {
    metric: &'static str,
    unit: &'static str,
    baseline: Option<f64>,
    candidate: Option<f64>,
}

/// A change in a stream that may hold several profiles.
#[derive(Serialize)]
pub(super) struct ProfileChangeOf<'a> {
    row: &'a str,
    #[serde(flatten)]
    change: ProfileChangeLine,
}

impl<'a> ProfileChangeOf<'a> {
    pub(super) fn row(row: &'a str, change: &Change) -> Self {
        let change = ProfileChangeLine::of(change);
        Self { row, change }
    }
}

impl ProfileChangeLine {
    pub(super) fn of(change: &Change) -> Self {
        Self {
            metric: change.label,
            unit: change.unit.stored(),
            baseline: change.baseline,
            candidate: change.candidate,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::ledger::sample::entry;
    use crate::profile::{StoredProfile, sample};
    use crate::report::{Recorded, Related, json};

    fn lines() -> Vec<Value> {
        let mut out = Vec::new();
        json::profile(&sample::record(), Path::new("p.toml"), &mut out).expect("memory takes it");
        read(out)
    }

    fn read(out: Vec<u8>) -> Vec<Value> {
        let text = String::from_utf8(out).expect("JSON is text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is an object"))
            .collect()
    }

    #[test]
    fn a_profile_comes_before_its_kernels_and_those_before_what_changed() {
        let lines = lines();
        let types: Vec<_> = lines.iter().map(|line| &line["type"]).collect();
        assert_eq!(types[..3], ["begin", "profile", "profiled-kernel"]);
        assert_eq!(
            lines[4]["data"]["metrics"]["gpu__time_duration.sum"],
            30_000.0
        );
        assert_eq!(lines[1]["data"]["moved_most"][0], "kernel launches");
        let launches = serde_json::json!({
            "row": "qwen_s4096_c3072_bcast11", "metric": "kernel launches", "unit": "count", "baseline": 2.0, "candidate": 1.0
        });
        assert_eq!(lines[5]["data"], launches);
    }

    #[test]
    fn a_report_has_its_profiles_in_front_of_its_end() {
        let stored = |record| StoredProfile {
            path: "p.toml".into(),
            record,
        };
        let profiles = [
            stored(Ok(sample::record())),
            stored(Err("missing field `row`".to_owned())),
        ];
        let mut out = Vec::new();
        let related = Related {
            profiles: &profiles,
            ..Related::default()
        };
        json::shown(&entry(), related, Recorded::Nowhere, &mut out).expect("memory takes it");
        let lines = read(out);
        let types: Vec<_> = lines.iter().map(|line| &line["type"]).collect();
        assert_eq!(
            types[types.len() - 3..],
            ["profile-change", "unreadable-profile", "end"]
        );
        assert_eq!(types.iter().filter(|kind| **kind == "profile").count(), 1);
        let unreadable = &lines[lines.len() - 2]["data"];
        assert_eq!(unreadable["unreadable"], "missing field `row`");
        let documented = include_str!("../../../docs/json.md");
        assert!(documented.contains("`unreadable-profile`"));
    }

    #[test]
    fn every_key_is_documented() {
        let documented = include_str!("../../../docs/json.md");
        for line in &lines()[1..] {
            let data = line["data"].as_object().expect("data is an object");
            let kind = line["type"].as_str().expect("a type is text");
            for key in data.keys().map(String::as_str).chain([kind]) {
                assert!(documented.contains(&format!("`{key}`")), "`{key}`");
            }
        }
    }
}
