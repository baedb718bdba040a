//! A table for a page: HTML or Markdown.

use maud::{Markup, html};

use super::numbers::NONE;
use super::{Cell, Tone};

/// On which side a column's cells stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Titles, and rows of as many cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    columns: Vec<(Side, &'static str)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(super) fn new<const COLUMNS: usize>(columns: [(Side, &'static str); COLUMNS]) -> Self {
        Self::of(columns.to_vec())
    }

    /// With as many columns as turn out to be needed.
    pub(super) fn of(columns: Vec<(Side, &'static str)>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    pub(super) fn push<const COLUMNS: usize>(&mut self, row: [Cell; COLUMNS]) {
        self.push_row(row.into());
    }

    pub(super) fn push_row(&mut self, row: Vec<Cell>) {
        assert_eq!(
            row.len(),
            self.columns.len(),
            "a cell should stand in each column"
        );
        self.rows.push(row);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Without the columns that say nothing in any row.
    pub(super) fn of_what_is_said(mut self) -> Self {
        let says = |column: usize| {
            let mut cells = self.rows.iter().map(|row| row[column].text());
            cells.any(|text| !text.is_empty() && text != NONE)
        };
        let kept: Vec<bool> = (0..self.columns.len()).map(says).collect();
        for row in &mut self.rows {
            let mut kept = kept.iter();
            row.retain(|_| {
                *kept
                    .next()
                    .expect("a row has as many cells as there are columns")
            });
        }
        let mut kept = kept.iter();
        self.columns
            .retain(|_| *kept.next().expect("a flag was made for each column"));
        self
    }

    /// GitHub's Markdown.
    pub(super) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let titles = self.columns.iter().map(|(_, title)| (*title).to_owned());
        let rules = self.columns.iter().map(|(side, _)| match side {
            Side::Left => "---".to_owned(),
            Side::Right => "---:".to_owned(),
        });
        let mut text = line(titles.collect()) + &line(rules.collect());
        for row in &self.rows {
            text.push_str(&line(row.iter().map(|cell| escaped(cell.text())).collect()));
        }
        text
    }

    pub(super) fn html(&self) -> Markup {
        html! {
            div.wide {
                table {
                    thead { tr {
                        @for (side, title) in &self.columns { th class=(side.class()) scope="col" { (title) } }
                    } }
                    tbody {
                        @for row in &self.rows { tr {
                            @for ((side, _), cell) in self.columns.iter().zip(row) {
                                td class={ (side.class()) (tone_class(cell.tone())) } { (cell.text()) }
                            }
                        } }
                    }
                }
            }
        }
    }
}

impl Side {
    fn class(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }
}

/// With a space in front, to stand behind another class.
pub(super) fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => " good",
        Tone::Bad => " bad",
        Tone::Unsure => " unsure",
    }
}

/// A stranger's words in Markdown: a candidate names its buckets, and a ledger may come from anyone.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '|' | '`' | '*' | '[' | ']' | '#' | '~' => out.extend(['\\', character]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new([
            (Side::Left, "row"),
            (Side::Right, "us"),
            (Side::Right, "hot"),
        ]);
        table.push(["a|b <i>".into(), "1.5".into(), NONE.into()]);
        table.push([Cell::toned(Tone::Bad, "c"), "12.5".into(), NONE.into()]);
        table
    }

    #[test]
    fn markdown_keeps_a_strangers_words_in_their_cell() {
        insta::assert_snapshot!(table().of_what_is_said().markdown(), @r"
        | row | us |
        | --- | ---: |
        | a\|b &lt;i> | 1.5 |
        | c | 12.5 |
        ");
    }

    #[test]
    fn html_is_escaped_and_carries_tones() {
        let page = table().html().into_string();
        assert!(page.contains("a|b &lt;i&gt;"), "{page}");
        assert!(page.contains(r#"<td class="left bad">c</td>"#), "{page}");
        assert!(page.contains(">hot</th>"), "{page}");
    }
}
