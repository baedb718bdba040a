//! `kda bundle`.

use std::collections::BTreeSet;

use super::Outcome;
use super::arguments::BundleArguments;
use super::context::Context;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;
use crate::selftest::Corpus;
use crate::toolchain::{Target, pack};

pub(super) fn bundle(arguments: &BundleArguments, terminal: &Terminal) -> Outcome {
    let context = Context::find()?;
    let mut arches: Vec<_> = arguments.gpu.iter().map(|profile| profile.arch).collect();
    arches.sort_unstable();
    arches.dedup();
    let targets: Vec<Target> = arches.into_iter().map(Target::cuda).collect();
    if !context.toolchain.can_build_cuda(&context.project) {
        return Err(Failure::Usage(
            "a bundle needs objects for the GPU, and there is no nvcc here: scripts/install-nvcc.sh installs it".to_owned(),
        ));
    }
    let executable = std::env::current_exe()?;
    let corpus = match arguments.selftest {
        true => Corpus::load(context.project.root())?.stand_ins(),
        false => BTreeSet::new(),
    };
    let summary = pack(
        &context.project,
        &context.toolchain,
        &targets,
        &corpus,
        &executable,
        &arguments.output,
    )?;
    for error in &summary.left_out {
        terminal.remark(&format!("left out: {error}"))?;
    }
    terminal.result(&format!(
        "{} ({:.1} MB): unpack it on the GPU host and run ./kda bench TASK there",
        summary.archive.display(),
        summary.archive_bytes as f64 * 1e-6
    ))?;
    Ok(if summary.left_out.is_empty() {
        exit_codes::PASSED
    } else {
        exit_codes::BUILD_FAILED
    })
}
