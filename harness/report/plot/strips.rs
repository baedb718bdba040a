//! Speedups with their intervals, a strip each, over one log axis around 1.

use maud::{Markup, html};

use super::{Scale, Shape, mark, percent};
use crate::ledger::SpeedupInterval;

/// Where a strip's marks lie: strips are as high as their labels.
const MIDDLE: &str = "50%";

/// One speedup of something named.
pub(in crate::report) struct Strip {
    pub(in crate::report) label: String,
    /// What else there is to say, in small letters.
    pub(in crate::report) note: String,
    pub(in crate::report) ratio: SpeedupInterval,
    /// The ratio in figures.
    pub(in crate::report) figure: String,
    pub(in crate::report) shape: Shape,
    pub(in crate::report) class: &'static str,
}

/// Strips that share an axis.
pub(in crate::report) struct Strips {
    scale: Scale,
    /// Ends of what counts as equal.
    band: (f64, f64),
}

impl Strips {
    /// The axis holds 1, the margin's band, and all of `ratios`.
    pub(in crate::report) fn over<'a>(
        ratios: impl IntoIterator<Item = &'a SpeedupInterval>,
        margin: f64,
    ) -> Self {
        let band = (1.0 / (1.0 + margin), 1.0 + margin);
        let ends = ratios.into_iter().flat_map(|ratio| [ratio.low, ratio.high]);
        Self {
            scale: Scale::log(ends.chain([band.0, band.1])),
            band,
        }
    }

    /// The axis, then a line a strip: label, drawing, figure.
    pub(in crate::report) fn draw(&self, strips: &[Strip]) -> Markup {
        html! {
            div.strips {
                div.strip.axis {
                    span.label { "baseline time / candidate time" }
                    (self.axis())
                    span.figure { "speedup (95 %)" }
                }
                @for strip in strips { (self.strip(strip)) }
            }
        }
    }

    /// All ratios in one strip, without whiskers.
    pub(in crate::report) fn spark(&self, ratios: &[(SpeedupInterval, String)]) -> Markup {
        html! {
            svg.band-of width="100%" height="22" {
                (self.ground())
                @for (ratio, says) in ratios {
                    (mark(Shape::Ring, "candidate", self.scale.place(ratio.speedup), MIDDLE, says))
                }
            }
        }
    }

    /// Tick labels alone.
    pub(in crate::report) fn axis(&self) -> Markup {
        html! {
            svg width="100%" height="18" {
                @for tick in self.scale.ticks(5) {
                    text.tick x=(percent(self.scale.place(tick.value))) y="13" text-anchor="middle" { (tick.label) }
                }
            }
        }
    }

    fn strip(&self, strip: &Strip) -> Markup {
        let says = format!("{}: {}", strip.label, strip.figure);
        let at = |value| percent(self.scale.place(value));
        html! {
            div.strip {
                span.label { (strip.label) @if !strip.note.is_empty() { " " small { (strip.note) } } }
                svg.band-of role="img" aria-label=(says) width="100%" height="22" {
                    (self.ground())
                    line class={ "whisker " (strip.class) } x1=(at(strip.ratio.low)) x2=(at(strip.ratio.high)) y1=(MIDDLE) y2=(MIDDLE) {}
                    @for end in [strip.ratio.low, strip.ratio.high] {
                        line class={ "end " (strip.class) } x1=(at(end)) x2=(at(end)) y1="18%" y2="82%" {}
                    }
                    (mark(strip.shape, strip.class, self.scale.place(strip.ratio.speedup), MIDDLE, &says))
                }
                span.figure { (strip.figure) }
            }
        }
    }

    /// Grid, the band of what counts as equal, and the line at 1.
    fn ground(&self) -> Markup {
        let (low, high) = (self.scale.place(self.band.0), self.scale.place(self.band.1));
        html! {
            rect.band x=(percent(low)) width=(percent(high - low)) y="0" height="100%" {}
            @for tick in self.scale.ticks(5) {
                @let x = percent(self.scale.place(tick.value));
                line.grid x1=(x) x2=(x) y1="0" y2="100%" {}
            }
            @let one = percent(self.scale.place(1.0));
            line.one x1=(one) x2=(one) y1="0" y2="100%" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ratio(speedup: f64) -> SpeedupInterval {
        SpeedupInterval {
            speedup,
            low: speedup * 0.99,
            high: speedup * 1.01,
        }
    }

    #[test]
    fn a_strip_has_whisker_dot_and_figure() {
        let strip = Strip {
            label: "row_small".to_owned(),
            note: "declined".to_owned(),
            ratio: ratio(1.2),
            figure: "1.200 (1.188-1.212)".to_owned(),
            shape: Shape::Disc,
            class: "good",
        };
        let drawn = Strips::over([&strip.ratio], 0.01)
            .draw(&[strip])
            .into_string();
        for part in [
            "row_small",
            "<small>declined</small>",
            "whisker good",
            "1.200 (1.188-1.212)",
            "class=\"one\"",
        ] {
            assert!(drawn.contains(part), "no {part} in {drawn}");
        }
    }

    #[test]
    fn the_axis_holds_one_and_the_band_wherever_the_ratios_lie() {
        let strips = Strips::over([&ratio(3.0)], 0.02);
        let (low, high) = strips.scale.ends();
        assert!(low < 1.0 / 1.02 && high > 3.03);
    }
}
