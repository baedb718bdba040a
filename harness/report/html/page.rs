//! What every page has: the document around its sections, and its style.

use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");

/// A whole document.
pub(super) fn page(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main {
                (body)
                footer { "kda " (env!("CARGO_PKG_VERSION")) }
            } }
        }
    }
    .into_string()
}

/// A titled part of a page.
pub(super) fn section(title: &str, content: &Markup) -> Markup {
    html! { section { h2 { (title) } (content) } }
}

/// What the marks of a chart mean: class, shape and words of each.
pub(super) fn legend(marks: &[(&str, crate::report::plot::Shape, &str)]) -> Markup {
    html! {
        ul.legend {
            @for (class, shape, words) in marks {
                li {
                    svg width="14" height="14" { (crate::report::plot::mark(*shape, class, 0.5, "7", words)) }
                    (words)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_fetches_nothing_and_runs_nothing() {
        let page = page("a & b", &html! { p { "text" } });
        assert!(page.contains("<title>a &amp; b</title>"), "{page}");
        for foreign in ["<script", "src=", "href=", "url(", "@import"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }
}
