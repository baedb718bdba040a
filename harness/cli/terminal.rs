//! What stdout and stderr can take, decided once.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Mutex;

use super::arguments::{Cli, ColorChoice};
use crate::report::Color;
use crate::session::Progress;

/// Facts about the terminal, for one run of the program.
pub(super) struct Terminal {
    color: Color,
    error_color: Color,
    bars: bool,
}

/// What [`Terminal::decide`] looks at.
struct Facts {
    stdout_is_terminal: bool,
    stderr_is_terminal: bool,
    no_color: bool,
    dumb: bool,
    ci: bool,
}

impl Terminal {
    pub(super) fn decide(cli: &Cli) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        resolve(
            cli.color,
            &Facts {
                stdout_is_terminal: stdout().is_terminal(),
                stderr_is_terminal: stderr().is_terminal(),
                no_color: set("NO_COLOR"),
                dumb: std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
                ci: set("CI"),
            },
        )
    }

    pub(super) fn color(&self) -> Color {
        self.color
    }

    pub(super) fn error_color(&self) -> Color {
        self.error_color
    }

    /// Writes a result to stdout.
    pub(super) fn result(&self, text: &str) -> std::io::Result<()> {
        let mut stdout = stdout().lock();
        stdout.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            stdout.write_all(b"\n")?;
        }
        stdout.flush()
    }

    /// Hands stdout to a writer of JSON lines or of a table for programs.
    pub(super) fn json<E: From<std::io::Error>>(
        &self,
        write: impl FnOnce(&mut std::io::StdoutLock<'static>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut stdout = stdout().lock();
        write(&mut stdout)?;
        Ok(stdout.flush()?)
    }

    /// Writes a remark to stderr.
    pub(super) fn remark(&self, text: &str) -> std::io::Result<()> {
        writeln!(stderr().lock(), "{text}")
    }

    pub(super) fn progress(&self) -> Bars {
        Bars {
            shown: self.bars,
            bar: Mutex::new(None),
            lost: Mutex::default(),
        }
    }
}

fn resolve(choice: ColorChoice, facts: &Facts) -> Terminal {
    let on = |is_terminal: bool| {
        let colored = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !facts.no_color && !facts.dumb,
        };
        if colored { Color::Yes } else { Color::No }
    };
    Terminal {
        color: on(facts.stdout_is_terminal),
        error_color: on(facts.stderr_is_terminal),
        bars: facts.stderr_is_terminal && !facts.ci && !facts.dumb,
    }
}

/// One bar a phase, redrawn between steps only: no thread ticks inside a sample.
pub(super) struct Bars {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
    lost: Mutex<Vec<(String, PathBuf)>>,
}

impl Bars {
    /// A line for each lost call, with the command that makes it again.
    pub(super) fn replays(self) -> Vec<String> {
        let here = std::env::current_dir().unwrap_or_default();
        let lost = self
            .lost
            .into_inner()
            .expect("no progress call should have panicked");
        lost.iter()
            .map(|(row, dump)| {
                let dump = dump.strip_prefix(&here).unwrap_or(dump);
                format!("lost `{row}`: kda replay {}", dump.display())
            })
            .collect()
    }

    fn with(&self, act: impl FnOnce(&mut Option<ProgressBar>)) {
        act(&mut self
            .bar
            .lock()
            .expect("no progress call should have panicked"));
    }
}

impl Progress for Bars {
    fn begin(&self, phase: &str, steps: usize) {
        if !self.shown {
            return;
        }
        let style = ProgressStyle::with_template("{prefix:>7} {bar:30} {pos}/{len} {wide_msg}")
            .expect("the template is fixed");
        let bar = ProgressBar::with_draw_target(
            Some(steps as u64),
            ProgressDrawTarget::stderr_with_hz(10),
        );
        bar.set_style(style);
        bar.set_prefix(phase.to_owned());
        bar.tick();
        self.with(|slot| *slot = Some(bar));
    }

    fn step(&self, what: &str) {
        self.with(|slot| {
            if let Some(bar) = slot {
                bar.set_message(what.to_owned());
                bar.inc(1);
            }
        });
    }

    fn end(&self) {
        self.with(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn lost(&self, row: &str, dump: &Path) {
        self.lost
            .lock()
            .expect("no progress call should have panicked")
            .push((row.to_owned(), dump.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts = Facts {
        stdout_is_terminal: true,
        stderr_is_terminal: true,
        no_color: false,
        dumb: false,
        ci: false,
    };

    #[test]
    fn auto_obeys_no_color_and_dumb_terminals_and_always_does_not() {
        assert_eq!(resolve(ColorChoice::Auto, &PLAIN).color, Color::Yes);
        assert_eq!(
            resolve(
                ColorChoice::Auto,
                &Facts {
                    no_color: true,
                    ..PLAIN
                }
            )
            .color,
            Color::No
        );
        assert_eq!(
            resolve(
                ColorChoice::Auto,
                &Facts {
                    dumb: true,
                    ..PLAIN
                }
            )
            .color,
            Color::No
        );
        assert_eq!(
            resolve(
                ColorChoice::Always,
                &Facts {
                    stdout_is_terminal: false,
                    no_color: true,
                    ..PLAIN
                }
            )
            .color,
            Color::Yes
        );
        assert_eq!(resolve(ColorChoice::Never, &PLAIN).color, Color::No);
    }

    #[test]
    fn bars_are_drawn_on_a_terminal_and_not_in_ci() {
        assert!(resolve(ColorChoice::Auto, &PLAIN).bars);
        assert!(!resolve(ColorChoice::Auto, &Facts { ci: true, ..PLAIN }).bars);
        assert!(
            !resolve(
                ColorChoice::Auto,
                &Facts {
                    stderr_is_terminal: false,
                    ..PLAIN
                }
            )
            .bars
        );
    }
}
