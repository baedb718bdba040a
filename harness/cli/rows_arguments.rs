//! Flags of `kda rows`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::capture::{Binding, Format, Request};
use crate::task::Tolerance;

#[derive(Args, Debug)]
pub(super) struct RowsArguments {
    #[command(subcommand)]
    pub(super) command: RowsCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum RowsCommand {
    /// Propose captured calls as rows, for review: JSON lines, or a trace of torch.profiler (docs/rows.md)
    Import(ImportArguments),
}

#[derive(Args, Debug)]
pub(super) struct ImportArguments {
    /// The capture, plain or .gz
    pub(super) file: PathBuf,

    /// The task; the one with an entry that was called when absent
    #[arg(long)]
    pub(super) task: Option<String>,

    #[arg(long, value_enum, default_value_t = FormatChoice::Auto)]
    format: FormatChoice,

    /// Only calls of this operation, as `aten::mul` or `mul`
    #[arg(long)]
    op: Option<String>,

    /// The entry that they are calls of; the one of the same name, or the only one, when absent
    #[arg(long, requires = "op")]
    entry: Option<String>,

    /// Arguments of a traced operation that are tensors or scalars of the entry, such as 0=x,1=scale; by order when
    /// absent
    #[arg(long, value_name = "PLACE=NAME", value_delimiter = ',', value_parser = parse_place)]
    map: Vec<(usize, String)>,

    /// Values of scalars in every call, such as eps=1e-6
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',', value_parser = parse_pair)]
    scalar: Vec<(String, String)>,

    /// Begins the ids of proposed rows, so that a row set takes them
    #[arg(long, default_value = "")]
    prefix: String,

    /// Model preset that the capture is of, for readers
    #[arg(long)]
    preset: Option<String>,

    /// Absolute tolerance of proposed rows; that of the entry's rows when absent
    #[arg(long, requires = "rtol", value_parser = parse_bound)]
    atol: Option<f64>,

    /// Relative tolerance of proposed rows; that of the entry's rows when absent
    #[arg(long, requires = "atol", value_parser = parse_bound)]
    rtol: Option<f64>,

    /// Write the proposed rows into this file, which must not be there
    #[arg(short, long, conflicts_with = "new_epoch")]
    pub(super) output: Option<PathBuf>,

    /// Write the proposed rows into the task's rows.toml, which begins a new epoch of its contract
    #[arg(long)]
    pub(super) new_epoch: bool,

    /// Drop production rows that were never called, of entries that were
    #[arg(long, requires = "new_epoch")]
    pub(super) drop_unseen: bool,

    /// JSON lines on stdout instead of text (docs/json.md)
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FormatChoice {
    /// By what the file holds
    Auto,
    /// A JSON object a line
    Jsonl,
    /// What export_chrome_trace writes with record_shapes=True
    TorchTrace,
}

impl ImportArguments {
    pub(super) fn format(&self) -> Format {
        match self.format {
            FormatChoice::Auto => Format::Auto,
            FormatChoice::Jsonl => Format::Lines,
            FormatChoice::TorchTrace => Format::Trace,
        }
    }

    pub(super) fn request(&self) -> Request {
        let bounds = self.atol.zip(self.rtol);
        Request {
            op: self.op.clone(),
            entry: self.entry.clone(),
            binding: Binding {
                map: self.map.iter().cloned().collect(),
                scalars: self.scalar.iter().cloned().collect(),
            },
            prefix: self.prefix.clone(),
            preset: self.preset.clone(),
            tolerance: bounds.map(|(atol, rtol)| Tolerance { atol, rtol }),
        }
    }
}

fn parse_pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("has no `=`: write name=value")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

fn parse_place(text: &str) -> Result<(usize, String), String> {
    let (place, name) = parse_pair(text)?;
    let place = place
        .parse()
        .map_err(|_| format!("`{place}` is no place: count the operation's arguments from 0"))?;
    Ok((place, name))
}

fn parse_bound(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(bound) if bound.is_finite() && bound >= 0.0 => Ok(bound),
        _ => Err("a tolerance is a finite number from 0 on".to_owned()),
    }
}
