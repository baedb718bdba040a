//! `kda replay`.

use std::time::Duration;

use super::Outcome;
use super::arguments::ReplayArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::crash::CrashDump;
use crate::report;
use crate::session::{Replay, ReplayOptions, Tool};

/// Longest that one request may take, in seconds; a tool makes a call tens of times slower.
const LIMIT: u64 = 60;
const LIMIT_UNDER_A_TOOL: u64 = 600;

pub(super) fn replay(arguments: &ReplayArguments, terminal: &Terminal) -> Outcome {
    let dump = CrashDump::read(&arguments.file)?;
    let tool = arguments.tool();
    if let (Tool::ComputeSanitizer(tool), "emulated") = (tool, dump.device.as_str()) {
        return Err(Failure::Usage(format!(
            "--sanitizer {} looks at a GPU, and this call was lost on the emulated device: use --sanitize",
            tool.name()
        )));
    }
    let context = Context::find()?;
    let usual = match tool {
        Tool::Nothing => LIMIT,
        Tool::HostSanitizers | Tool::ComputeSanitizer(_) => LIMIT_UNDER_A_TOOL,
    };
    let options = ReplayOptions {
        tool,
        limit: Duration::from_secs(arguments.limit.unwrap_or(usual)),
        memory_bytes: arguments.worker.memory_bytes(),
        confinement: arguments.worker.confinement(),
    };
    let replay = Replay {
        project: &context.project,
        toolchain: &context.toolchain,
        dump: &dump,
        options: &options,
    };
    let replayed = replay.run()?;
    terminal.result(&report::replay(&dump, &replayed, tool))?;
    Ok(match replayed.is_faulty() {
        true => exit_codes::ROW_LOST,
        false => exit_codes::PASSED,
    })
}
