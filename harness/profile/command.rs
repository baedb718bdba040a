//! How the profiler is started.

use std::path::{Path, PathBuf};

use super::metrics::asked;
use super::record::Lane;
use crate::ledger::BoundClass;

/// Nsight Compute on this machine.
#[derive(Clone, Debug)]
pub struct Profiler {
    pub program: PathBuf,
    pub version: String,
}

/// Kernels of one call, by mangled name, in launch order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Launched(pub Vec<String>);

impl Profiler {
    /// The words in front of the worker's own command.
    ///
    /// A worker also launches kernels that draw inputs and look at outputs, and it replays a call more than once: only
    /// kernels of the call's names count, and only as many as one call launches. Each is a node of a graph. Clocks are
    /// left as they are, as for every timing of the harness.
    pub fn words(
        &self,
        launched: &Launched,
        class: BoundClass,
        lane: Lane,
        log: &Path,
    ) -> Vec<String> {
        let metrics: Vec<&str> = asked(class).iter().map(|metric| metric.name).collect();
        let cache = match lane {
            Lane::Cold => "all",
            Lane::Hot => "none",
        };
        let count = launched.0.len().to_string();
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let (program, log, names) = (text(&self.program), text(log), launched.pattern());
        let metrics = metrics.join(",");
        [
            program.as_str(),
            "--graph-profiling",
            "node",
            "--clock-control",
            "none",
            "--cache-control",
            cache,
            "--kernel-name-base",
            "mangled",
            "--kernel-name",
            &names,
            "--launch-count",
            &count,
            "--print-kernel-base",
            "mangled",
            "--metrics",
            &metrics,
            "--csv",
            "--page",
            "raw",
            "--print-units",
            "base",
            "--log-file",
            &log,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

impl Launched {
    /// A regular expression of exactly these names.
    fn pattern(&self) -> String {
        let mut names: Vec<String> = self.0.iter().map(|name| escaped(name)).collect();
        names.sort();
        names.dedup();
        format!("regex:^({})$", names.join("|"))
    }
}

fn escaped(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if !c.is_alphanumeric() && c != '_' {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lane: Lane) -> Vec<String> {
        let profiler = Profiler {
            program: "/opt/ncu".into(),
            version: String::new(),
        };
        let launched = Launched(["second", "first$1", "second"].map(str::to_owned).to_vec());
        profiler.words(&launched, BoundClass::Memory, lane, Path::new("/tmp/log"))
    }

    fn after<'a>(words: &'a [String], option: &str) -> &'a str {
        let at = words.iter().position(|word| word == option);
        &words[at.expect("the option should be there") + 1]
    }

    #[test]
    fn exactly_the_calls_kernels_are_profiled_and_as_often_as_one_call_launches_them() {
        let words = words(Lane::Cold);
        assert_eq!(words[0], "/opt/ncu");
        assert_eq!(after(&words, "--kernel-name"), r"regex:^(first\$1|second)$");
        assert_eq!(after(&words, "--launch-count"), "3");
        assert_eq!(after(&words, "--graph-profiling"), "node");
        assert_eq!(after(&words, "--clock-control"), "none");
        assert!(after(&words, "--metrics").contains("dram__bytes_read.sum,"));
        assert_eq!(after(&words, "--log-file"), "/tmp/log");
    }

    #[test]
    fn the_lane_decides_about_the_caches() {
        assert_eq!(after(&words(Lane::Cold), "--cache-control"), "all");
        assert_eq!(after(&words(Lane::Hot), "--cache-control"), "none");
    }
}
