//! What the profiler's answer comes to, beside what became of the worker.

use crate::profile::{KernelCounters, Launched, ProfileError, complaints, read_counters};
use crate::session::CallGraph;
use crate::session::screening::tell;
use crate::worker::WorkerError;

/// Kernels of a captured call, in launch order.
pub(super) fn launched(call: &CallGraph) -> Launched {
    let nodes = call.nodes.iter();
    // Memsets and copies are described by one word, and are no kernels.
    let names = nodes.filter_map(|(node, _)| Some(node.split_once(' ')?.0.to_owned()));
    Launched(names.collect())
}

/// One count for each kernel of the call, of what the profiler `said`.
pub(super) fn counted(
    call: &CallGraph,
    launched: &Launched,
    made: Result<(), WorkerError>,
    said: &str,
) -> Result<Vec<KernelCounters>, ProfileError> {
    // What the profiler says comes first: where it may not count, it can take the worker with it.
    let counted = read_counters(said)?;
    if let Err(error) = made {
        let complaints = complaints(said);
        return Err(match complaints.is_empty() {
            true => lost(call, tell(&error)),
            false => ProfileError::GaveUp {
                side: call.side,
                said: complaints,
                cause: tell(&error),
            },
        });
    }
    if counted.len() != launched.0.len() {
        return Err(ProfileError::incomplete(
            call.side, &counted, launched, said,
        ));
    }
    Ok(counted)
}

pub(super) fn lost(call: &CallGraph, cause: String) -> ProfileError {
    ProfileError::Lost {
        row: call.row.clone(),
        side: call.side,
        cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toolchain::Side;

    const TABLE: &str = "==PROF== Connected to process 7 (/x)\n\
        \"ID\",\"Kernel Name\",\"gpu__time_duration.sum\"\n\
        \"\",\"\",\"ns\"\n\
        \"0\",\"first\",\"2,048\"\n";

    fn call() -> CallGraph {
        let node = |text: &str| (text.to_owned(), String::new());
        CallGraph {
            row: "row".to_owned(),
            side: Side::Baseline,
            fingerprint: String::new(),
            nodes: vec![
                node("first grid 1x1x1 block 32x1x1 smem 0"),
                node("memset"),
                node("first grid 2x1x1 block 32x1x1 smem 0"),
            ],
            faults: Vec::new(),
            lost: None,
        }
    }

    fn died() -> Result<(), WorkerError> {
        Err(WorkerError::Start(std::io::Error::other("it ended")))
    }

    fn of(made: Result<(), WorkerError>, said: &str) -> Result<Vec<KernelCounters>, ProfileError> {
        counted(&call(), &launched(&call()), made, said)
    }

    #[test]
    fn memsets_are_no_kernels() {
        assert_eq!(launched(&call()).0, ["first", "first"]);
    }

    #[test]
    fn a_call_is_counted_when_each_of_its_kernels_is() {
        let both = format!("{TABLE}\"1\",\"first\",\"1,024\"\n");
        let counted = of(Ok(()), &both).expect("both are there");
        let durations = counted.iter().map(|kernel| &kernel.values);
        let durations: Vec<f64> = durations.map(|of| of["gpu__time_duration.sum"]).collect();
        assert_eq!(durations, [2048.0, 1024.0]);
        let error = of(Ok(()), TABLE).expect_err("one is missing");
        assert_eq!(
            error.to_string(),
            "ncu profiled 1 kernels of the baseline where the call launches 2"
        );
    }

    #[test]
    fn what_the_profiler_says_comes_before_what_became_of_the_worker() {
        let denied = "==ERROR== ERR_NVGPUCTRPERM - The user does not have permission\n";
        assert!(matches!(
            of(died(), denied),
            Err(ProfileError::NoPermission)
        ));
        let unfit = "==ERROR== The driver is too old.\n==ERROR== Nothing was profiled.\n";
        let error = of(died(), unfit).expect_err("nothing was counted");
        assert_eq!(
            error.to_string(),
            "ncu gave up on the call of the baseline: The driver is too old.; Nothing was profiled. (starting a worker \
             process: it ended)"
        );
        let error = of(died(), "").expect_err("nothing was counted");
        assert!(
            error
                .to_string()
                .starts_with("`row` of the baseline was lost: "),
            "{error}"
        );
    }

    #[test]
    fn a_table_that_was_cut_gives_no_record() {
        let cut = &TABLE[..TABLE.len() - 4];
        for made in [Ok(()), died()] {
            assert!(matches!(of(made, cut), Err(ProfileError::CutShort)));
        }
    }
}
