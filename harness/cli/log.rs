//! Logs on stderr: plain lines, off unless asked for.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::exit::Failure;

/// Filter such as `kda::session=debug`; wins over `-v`.
const VARIABLE: &str = "KDA_LOG";

/// Starts logging: warnings by default, information with one `-v`, details with two.
pub(super) fn start(verbose: u8) -> Result<(), Failure> {
    let level = match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let targets = match std::env::var(VARIABLE) {
        Ok(filter) => filter.parse().map_err(|error| {
            Failure::Usage(format!("{VARIABLE}={filter} is no filter: {error}"))
        })?,
        Err(_) => Targets::new().with_target("kda", level),
    };
    let lines = tracing_subscriber::fmt::layer()
        .without_time()
        .with_ansi(false)
        .with_writer(std::io::stderr);
    // Fails only where a subscriber is set already: a second run in one process keeps the first's.
    let _ = tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .try_init();
    Ok(())
}
