//! What stands for a value.

use maud::{Markup, html};

/// Shapes differ where colours do, so that a print without colour tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Shape {
    Disc,
    Ring,
    Diamond,
    Square,
}

impl Shape {
    /// Around the origin, some 10 px across.
    fn outline(self) -> &'static str {
        match self {
            Self::Disc | Self::Ring => "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
            Self::Diamond => "M0 -5.5L5.5 0L0 5.5L-5.5 0Z",
            Self::Square => "M-4 -4H4V4H-4Z",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Disc | Self::Diamond | Self::Square => "mark",
            Self::Ring => "mark hollow",
        }
    }
}

/// A share of the width as SVG writes it.
pub(in crate::report) fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// A length as SVG writes it.
pub(in crate::report) fn pixels(length: f64) -> String {
    format!("{length:.1}")
}

/// A mark at a share of the width and a place of the height, as [`percent`] or [`pixels`] write it; what it says
/// appears under the pointer.
pub(in crate::report) fn mark(shape: Shape, class: &str, x: f64, y: &str, says: &str) -> Markup {
    html! {
        svg x=(percent(x)) y=(y) width="1" height="1" overflow="visible" {
            path class={ (shape.class()) " " (class) } d=(shape.outline()) { title { (says) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stands_at_its_place_and_says_what_it_is() {
        let drawn = mark(Shape::Ring, "baseline", 0.25, "7.0", "a < b").into_string();
        assert!(drawn.contains(r#"x="25.00%" y="7.0""#), "{drawn}");
        assert!(drawn.contains(r#"class="mark hollow baseline""#), "{drawn}");
        assert!(drawn.contains("<title>a &lt; b</title>"), "{drawn}");
    }
}
