//! Aligned columns.

use super::style::{Style, Tone};

/// A cell: text and its tone.
pub(crate) type Cell = (String, Option<Tone>);

/// Rows under a heading, every column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// A cell without a tone.
pub(crate) fn cell(text: impl Into<String>) -> Cell {
    (text.into(), None)
}

/// A cell with one.
pub(crate) fn toned(tone: Tone, text: impl Into<String>) -> Cell {
    (text.into(), Some(tone))
}

impl Table {
    /// An empty table; a heading of empty texts is not shown.
    pub(crate) fn new(heading: &[&'static str]) -> Self {
        Self { heading: heading.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The lines, each indented by `indent` spaces, without trailing spaces.
    pub(crate) fn lines(&self, style: Style, indent: usize) -> Vec<String> {
        let heading: Vec<Cell> =
            self.heading.iter().map(|text| toned(Tone::Faint, *text)).collect();
        let shown = self.heading.iter().any(|text| !text.is_empty());
        let all: Vec<&Vec<Cell>> =
            shown.then_some(&heading).into_iter().chain(&self.rows).collect();
        let columns = all.iter().map(|row| row.len()).max().unwrap_or(0);
        let wide: Vec<usize> = (0..columns)
            .map(|n| {
                // What ends its line needs no room in its column.
                let inner = all.iter().filter(|row| n + 1 < filled(row));
                inner.filter_map(|row| row.get(n)).map(width).max().unwrap_or(0)
            })
            .collect();
        all.iter().map(|row| line(row, &wide, style, indent)).collect()
    }
}

/// In characters: the names here are short and plain, so that a cell's width is not worth more.
fn width(cell: &Cell) -> usize {
    cell.0.chars().count()
}

/// How many cells a row has, without the empty ones at its end.
fn filled(row: &[Cell]) -> usize {
    row.iter().rposition(|cell| !cell.0.is_empty()).map_or(0, |last| last + 1)
}

fn line(row: &[Cell], wide: &[usize], style: Style, indent: usize) -> String {
    let last = filled(row);
    let mut line = " ".repeat(indent);
    for (n, cell) in row.iter().take(last).enumerate() {
        line += &cell.1.map_or_else(|| cell.0.clone(), |tone| style.paint(tone, &cell.0));
        if n + 1 < last {
            line += &" ".repeat(wide[n] - width(cell) + 2);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_the_colours() {
        let mut table = Table::new(&["NAME", "STATE", "NOTE"]);
        table.row(vec![cell("a"), toned(Tone::Good, "up"), cell("")]);
        table.row(vec![cell("longer"), cell("down"), cell("x")]);
        let plain = table.lines(Style::plain(), 0);
        assert_eq!(plain, ["NAME    STATE  NOTE", "a       up", "longer  down   x"]);
        let coloured = table.lines(Style::new(true), 2);
        assert_eq!(coloured[1], "  a       \x1b[32mup\x1b[0m");
    }

    #[test]
    fn a_long_end_of_a_line_moves_nothing() {
        let mut table = Table::new(&[]);
        table.row(vec![cell("a"), cell("long, and the last of its line")]);
        table.row(vec![cell("b"), cell("x"), cell("y")]);
        assert_eq!(
            table.lines(Style::plain(), 0),
            ["a  long, and the last of its line", "b  x  y"]
        );
    }

    #[test]
    fn a_table_without_heading_has_only_its_rows() {
        let mut table = Table::new(&[]);
        table.row(vec![cell("one"), cell("two")]);
        assert_eq!(table.lines(Style::plain(), 1), [" one  two"]);
    }
}
