//! A scatter: two axes with ticks and titles, ceilings, and what is drawn between.

use maud::{Markup, html};

use super::{Scale, percent, pixels};

/// Room for the tick labels of x and its title, in pixels.
const FOOT: f64 = 42.0;

/// Two axes and the height of what lies between, in pixels.
pub(in crate::report) struct Frame {
    pub(in crate::report) x: Scale,
    pub(in crate::report) y: Scale,
    pub(in crate::report) height: f64,
    pub(in crate::report) x_title: &'static str,
    pub(in crate::report) y_title: &'static str,
    /// What the whole chart shows, for who cannot see it.
    pub(in crate::report) says: String,
}

/// A straight line between two points, with its name above one of its points.
pub(in crate::report) struct Ceiling {
    pub(in crate::report) from: (f64, f64),
    pub(in crate::report) to: (f64, f64),
    pub(in crate::report) name: String,
    /// Share of the width where the name begins; at the upper end of the line, where it ends, if there is none.
    pub(in crate::report) named_at: Option<f64>,
}

impl Frame {
    /// Share of the width.
    pub(in crate::report) fn at_x(&self, value: f64) -> f64 {
        self.x.place(value)
    }

    /// Pixels from the top.
    pub(in crate::report) fn at_y(&self, value: f64) -> f64 {
        (1.0 - self.y.place(value)) * self.height
    }

    pub(in crate::report) fn line(&self, class: &str, from: (f64, f64), to: (f64, f64)) -> Markup {
        html! {
            line class=(class) x1=(percent(self.at_x(from.0))) y1=(pixels(self.at_y(from.1)))
                x2=(percent(self.at_x(to.0))) y2=(pixels(self.at_y(to.1))) {}
        }
    }

    pub(in crate::report) fn ceiling(&self, ceiling: &Ceiling) -> Markup {
        let (x, anchor) = match ceiling.named_at {
            Some(share) => (share, "start"),
            None => (self.at_x(ceiling.to.0), "end"),
        };
        let y = pixels(self.at_y(ceiling.to.1) - 5.0);
        html! {
            (self.line("ceiling", ceiling.from, ceiling.to))
            text class="name" x=(percent(x)) y=(y) text-anchor=(anchor) { (ceiling.name) }
        }
    }

    /// The axes around `content`, which is drawn above the grid.
    pub(in crate::report) fn draw(&self, content: &Markup) -> Markup {
        html! {
            div.frame {
                div.y-title { (self.y_title) }
                svg.chart role="img" aria-label=(self.says) width="100%" height=(pixels(self.height + FOOT)) {
                    @for tick in self.x.ticks(6) {
                        @let x = percent(self.at_x(tick.value));
                        line.grid x1=(x) x2=(x) y1="0" y2=(pixels(self.height)) {}
                        text.tick x=(x) y=(pixels(self.height + 15.0)) text-anchor="middle" { (tick.label) }
                    }
                    @for tick in self.y.ticks(6) {
                        @let y = self.at_y(tick.value);
                        line.grid x1="0" x2="100%" y1=(pixels(y)) y2=(pixels(y)) {}
                        text.tick x="-6" y=(pixels(y + 4.0)) text-anchor="end" { (tick.label) }
                    }
                    rect.border x="0" y="0" width="100%" height=(pixels(self.height)) {}
                    text.tick x="50%" y=(pixels(self.height + 34.0)) text-anchor="middle" { (self.x_title) }
                    (content)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        Frame {
            x: Scale::log([1.0, 1000.0]),
            y: Scale::log([0.5, 4.0]),
            height: 200.0,
            x_title: "bytes",
            y_title: "TB/s",
            says: "rates".to_owned(),
        }
    }

    #[test]
    fn greater_values_lie_higher_and_to_the_right() {
        let frame = frame();
        assert!(frame.at_x(1.0) < frame.at_x(10.0) && frame.at_y(4.0) < frame.at_y(1.0));
        assert!((0.0..200.0).contains(&frame.at_y(0.5)));
    }

    #[test]
    fn both_axes_have_ticks_and_titles() {
        let drawn = frame().draw(&html! { g.inside {} }).into_string();
        for part in [
            ">bytes<",
            ">TB/s<",
            ">100</text>",
            ">2</text>",
            "class=\"inside\"",
            "aria-label=\"rates\"",
        ] {
            assert!(drawn.contains(part), "no {part} in {drawn}");
        }
    }

    #[test]
    fn a_ceiling_carries_its_name() {
        let ceiling = Ceiling {
            from: (1.0, 2.0),
            to: (100.0, 2.0),
            name: "copy".to_owned(),
            named_at: Some(0.01),
        };
        let drawn = frame().ceiling(&ceiling).into_string();
        let y = format!("y1=\"{:.1}\"", frame().at_y(2.0));
        assert!(drawn.contains(&y) && drawn.contains(">copy<"), "{drawn}");
    }
}
