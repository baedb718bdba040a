//! `kda completions` and `kda man`.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use clap_mangen::Man;

use super::Outcome;
use super::examples::command;
use super::exit::{Failure, exit_codes};
use super::terminal::Terminal;

const PROGRAM: &str = "kda";

#[derive(Args, Debug)]
pub(super) struct CompletionsArguments {
    /// The shell; put what is printed where it looks for completions
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args, Debug)]
pub(super) struct ManArguments {
    /// Write the pages of all commands into this folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn completions(arguments: &CompletionsArguments, terminal: &Terminal) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command(), PROGRAM, &mut script);
    terminal.result(&text(script))?;
    Ok(exit_codes::PASSED)
}

pub(super) fn man(arguments: &ManArguments, terminal: &Terminal) -> Outcome {
    let Some(folder) = &arguments.output else {
        let mut page = Vec::new();
        Man::new(command()).render(&mut page)?;
        terminal.result(&text(page))?;
        return Ok(exit_codes::PASSED);
    };
    let written = fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command(), folder))
        .map_err(|error| {
            Failure::Usage(format!(
                "writing manual pages into {}: {error}; name a folder that can be written",
                folder.display()
            ))
        });
    written?;
    terminal.result(&format!(
        "manual pages in {}: man -l {}",
        folder.display(),
        folder.join("kda.1").display()
    ))?;
    Ok(exit_codes::PASSED)
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("what clap generates should be text")
}
