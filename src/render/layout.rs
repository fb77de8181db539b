//! Cells into aligned lines.

use crate::report::{Label, Text};

const GAP: usize = 2;

/// One line for each row of cells, without line ends: columns start at the same place in every line, a cell behind
/// which nothing stands pushes nothing aside, and no line ends in spaces.
pub(super) fn align(rows: Vec<Vec<Text>>) -> Vec<Text> {
    let filled = |row: &[Text]| row.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (column, cell) in row.iter().take(filled(row).saturating_sub(1)).enumerate() {
            if widths.len() <= column {
                widths.resize(column + 1, 0);
            }
            widths[column] = widths[column].max(cell.width());
        }
    }
    rows.into_iter()
        .map(|row| {
            let cells = filled(&row);
            let mut line = Text::new();
            for (column, cell) in row.into_iter().take(cells).enumerate() {
                let width = cell.width();
                line.append(cell);
                // A column that is empty in every line takes no room.
                if column + 1 < cells && widths[column] > 0 {
                    line.push(Label::Plain, " ".repeat(widths[column].saturating_sub(width) + GAP));
                }
            }
            line
        })
        .collect()
}

/// `line`, `by` columns further to the right.
pub(super) fn indented(by: usize, line: Text) -> Text {
    Text::of(Label::Plain, " ".repeat(by)).and(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::painted;

    fn row(cells: &[&str]) -> Vec<Text> {
        cells.iter().map(|cell| Text::of(Label::Plain, cell)).collect()
    }

    #[test]
    fn columns_line_up_and_lines_end_in_no_spaces() {
        let lines = align(vec![row(&["a", "", "one", ""]), row(&["bcd", "", "two", "x"]), row(&["a long one"])]);
        let lines: Vec<String> = lines.iter().map(|line| painted(line, false)).collect();
        assert_eq!(lines, ["a    one", "bcd  two  x", "a long one"]);
    }
}
