//! A table of plain text that fits a terminal's width.

use super::{Color, Tone};

/// Columns of a line.
pub(super) const WIDTH: usize = 120;

/// Spaces between columns.
const GAP: usize = 2;

/// Below this a shortened cell no longer tells one row from the next.
const SHORTEST: usize = 12;

/// How a column behaves; the title's lines are split at `\n`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'t> {
    /// To the left.
    Text(&'t str),
    /// To the left, and shortened in the middle where the table would be too wide; the last such column first.
    Shrinking(&'t str),
    /// To the right.
    Number(&'t str),
}

impl<'t> Column<'t> {
    fn title(self) -> &'t str {
        match self {
            Self::Text(title) | Self::Shrinking(title) | Self::Number(title) => title,
        }
    }

    fn pad(self, text: &str, width: usize) -> String {
        match self {
            Self::Text(_) | Self::Shrinking(_) => format!("{text:<width$}"),
            Self::Number(_) => format!("{text:>width$}"),
        }
    }
}

/// A text and how it is coloured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn tone(&self) -> Tone {
        self.tone
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(Tone::Plain, text)
    }
}

/// A table under construction. A row has as many cells as there are columns.
#[derive(Clone, Debug)]
pub struct Grid<'t> {
    columns: Vec<Column<'t>>,
    rows: Vec<Vec<Cell>>,
}

impl<'t> Grid<'t> {
    pub fn new<const COLUMNS: usize>(columns: [Column<'t>; COLUMNS]) -> Self {
        Self::of(columns.to_vec())
    }

    /// With as many columns as turn out to be needed.
    pub(super) fn of(columns: Vec<Column<'t>>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    pub fn push<const COLUMNS: usize>(&mut self, row: [Cell; COLUMNS]) {
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

    /// Title lines, a rule, and a line a row, each ending in a line feed and without spaces at its end.
    pub fn render(&self, color: Color) -> String {
        let widths = self.widths();
        let title_lines = self
            .columns
            .iter()
            .map(|column| column.title().lines().count())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for line in 0..title_lines {
            let cells = self.columns.iter().map(|column| {
                // Short titles stand on the last line.
                let first = title_lines - column.title().lines().count();
                line.checked_sub(first)
                    .and_then(|line| column.title().lines().nth(line))
                    .unwrap_or("")
            });
            push_line(
                &mut text,
                self.columns
                    .iter()
                    .zip(&widths)
                    .zip(cells)
                    .map(|((column, width), title)| column.pad(title, *width)),
            );
        }
        let whole = widths.iter().sum::<usize>() + GAP * self.columns.len().saturating_sub(1);
        text.push_str(&"\u{2500}".repeat(whole));
        text.push('\n');
        for row in &self.rows {
            let cells = self
                .columns
                .iter()
                .zip(&widths)
                .zip(row)
                .map(|((column, width), cell)| {
                    let padded = column.pad(&shortened(&cell.text, *width), *width);
                    let bare = padded.trim();
                    padded.replacen(
                        bare,
                        &color.paint(cell.tone, bare),
                        usize::from(!bare.is_empty()),
                    )
                });
            push_line(&mut text, cells);
        }
        text
    }

    /// Widths by content; until the line fits, shrinking columns give way, the last of them first.
    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .map(|column| column.title().lines().map(length).max().unwrap_or(0))
            .collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(length(&cell.text));
            }
        }
        let whole = widths.iter().sum::<usize>() + GAP * self.columns.len().saturating_sub(1);
        let mut excess = whole.saturating_sub(WIDTH);
        for (column, width) in self.columns.iter().zip(&mut widths).rev() {
            if matches!(column, Column::Shrinking(_)) {
                let given = excess.min(width.saturating_sub(SHORTEST));
                *width -= given;
                excess -= given;
            }
        }
        widths
    }
}

fn push_line(text: &mut String, cells: impl Iterator<Item = String>) {
    let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    text.push_str(line.trim_end());
    text.push('\n');
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// `text` in at most `width` characters, its middle replaced by an ellipsis if need be.
fn shortened(text: &str, width: usize) -> String {
    let length = length(text);
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let front: String = text.chars().take(kept.div_ceil(2)).collect();
    let back: String = text.chars().skip(length - kept / 2).collect();
    format!("{front}\u{2026}{back}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_titles_stand_at_the_foot() {
        let mut grid = Grid::new([Column::Text("row"), Column::Number("time\nus")]);
        grid.push(["a".into(), "1.5".into()]);
        grid.push(["long".into(), "123.5".into()]);
        insta::assert_snapshot!(grid.render(Color::No), @r#"
               time
        row      us
        ───────────
        a       1.5
        long  123.5
        "#);
    }

    #[test]
    fn a_table_too_wide_is_cut_in_the_middle_of_its_last_shrinking_cells() {
        let mut grid = Grid::new([
            Column::Shrinking("row"),
            Column::Shrinking("path"),
            Column::Number("n"),
        ]);
        grid.push(["r".repeat(90).into(), "p".repeat(50).into(), "1".into()]);
        let text = grid.render(Color::No);
        let line = text.lines().last().expect("the row has a line");
        assert_eq!(length(line), WIDTH);
        assert!(
            line.starts_with(&"r".repeat(90)) && line.contains("p\u{2026}p"),
            "{line}"
        );
    }

    #[test]
    fn colour_does_not_move_columns() {
        let mut grid = Grid::new([Column::Number("speedup"), Column::Text("verdict")]);
        grid.push(["1.0".into(), Cell::toned(Tone::Bad, "slower")]);
        let (plain, painted) = (grid.render(Color::No), grid.render(Color::Yes));
        assert_eq!(painted, plain.replace("slower", "\x1b[31mslower\x1b[0m"));
    }

    #[test]
    fn shortening_keeps_both_ends() {
        assert_eq!(shortened("qwen_s4096_c3072", 9), "qwen\u{2026}3072");
        assert_eq!(shortened("abc", 3), "abc");
    }
}
