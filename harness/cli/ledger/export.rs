//! Rows of entries as flat records on stdout.

use std::io::{BufWriter, Write};

use super::selection::{folder, ledgers};
use crate::cli::Outcome;
use crate::cli::arguments::ExportArguments;
use crate::cli::exit::{Failure, exit_codes};
use crate::cli::terminal::Terminal;
use crate::ledger::{Entry, Ledger, Opened};
use crate::report::{ExportedRow, json};

/// Entries that are held at a time.
const AT_ONCE: usize = 64;

pub(super) fn export(arguments: &ExportArguments, terminal: &Terminal) -> Outcome {
    // Every chain is followed before the first line is out.
    let opened = chosen(arguments)?;
    terminal.json(|out| {
        let mut out = BufWriter::new(out);
        match arguments.form.csv {
            true => csv_rows(&opened, &mut out)?,
            false => json_rows(&opened, &mut out)?,
        }
        Ok::<(), Failure>(out.flush()?)
    })?;
    Ok(exit_codes::PASSED)
}

/// The ledgers of all tasks on all GPUs, unless one is named.
fn chosen(arguments: &ExportArguments) -> Result<Vec<Opened>, Failure> {
    let gpu = arguments.gpu.as_deref();
    let folder = folder(arguments.ledger.as_deref(), gpu.unwrap_or_default())?;
    let mut opened = Vec::new();
    for path in ledgers(&folder)? {
        let is_named = |name: Option<&std::ffi::OsStr>, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| name.is_some_and(|name| name == wanted))
        };
        let of_gpu = path.parent().and_then(std::path::Path::file_name);
        if is_named(path.file_stem(), arguments.task.as_deref()) && is_named(of_gpu, gpu) {
            opened.push(Ledger::at(&path).open()?);
        }
    }
    if opened.is_empty() {
        return Err(Failure::Usage(format!(
            "no such ledger is below {}; `kda ledger verify` lists those that are",
            folder.display()
        )));
    }
    Ok(opened)
}

fn csv_rows(ledgers: &[Opened], out: &mut impl Write) -> Result<(), Failure> {
    let mut writer = csv::Writer::from_writer(out);
    in_parts(ledgers, |entries| {
        let mut rows = entries.iter().flat_map(ExportedRow::all_of);
        let written = rows.try_for_each(|row| writer.serialize(row));
        written.map_err(|error| Failure::Output(error.into()))
    })?;
    Ok(writer.flush()?)
}

fn json_rows(ledgers: &[Opened], out: &mut impl Write) -> Result<(), Failure> {
    json::begin_export(out)?;
    in_parts(ledgers, |entries| Ok(json::export(entries, out)?))
}

fn in_parts(
    ledgers: &[Opened],
    mut write: impl FnMut(&[Entry]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for opened in ledgers {
        for first in (0..opened.len()).step_by(AT_ONCE) {
            let end = opened.len().min(first + AT_ONCE);
            write(&opened.entries(first..end)?)?;
        }
    }
    Ok(())
}
