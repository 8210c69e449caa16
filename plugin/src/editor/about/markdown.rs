//! Texts for "About", line by line: headings, paragraphs and tables of Markdown without their marks.
//!
//! As much of Markdown as the attribution of a model is written in (`straightshot pack` and the tools beside it make tables).

use std::borrow::Cow;

/// How far the lines of a list are indented, in letters, and what its entries are broken to.
pub(super) const INDENT: usize = 4;
/// Between two cells of a row.
const BETWEEN: &str = " \u{b7} ";

/// How a line looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Look {
    /// As running text.
    #[default]
    Text,
    /// Brighter.
    Heading,
    /// As one of a list, whose further lines are indented.
    Entry,
}

/// A line of any length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// What it says.
    pub(super) text: Cow<'static, str>,
    /// How it looks.
    pub(super) look: Look,
}

/// The lines of a text as they are.
pub(super) fn plain(text: &'static str) -> Vec<Line> {
    text.lines().map(|line| Line { text: line.into(), look: Look::Text }).collect()
}

/// The lines of a text in Markdown. A row of a table is one entry; what its first column says stands above all rows that
/// have it in common.
pub(super) fn lines(text: &'static str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    // An empty line ends the last table.
    for line in text.lines().chain([""]) {
        if let Some(cells) = cells(line) {
            rows.push(cells);
            continue;
        }
        lines.extend(table(&std::mem::take(&mut rows)));
        let bare = line.trim_start_matches('#');
        let look = match (bare.len() < line.len(), line.starts_with("- ")) {
            (true, _) => Look::Heading,
            (_, true) => Look::Entry,
            _ => Look::Text,
        };
        lines.push(Line { text: words(bare.trim()).into(), look });
    }
    lines.pop();
    lines
}

/// The cells of a row; `None` if `line` is none.
fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(|cell| words(cell.trim())).collect())
}

/// A table without its lines; the names of its columns are the first.
fn table(rows: &[Vec<String>]) -> Vec<Line> {
    let is_ruler = |row: &&Vec<String>| row.iter().all(|cell| cell.chars().all(|c| "-: ".contains(c)));
    let mut lines = Vec::new();
    let mut above: Option<&str> = None;
    for row in rows.iter().filter(|row| !is_ruler(row)) {
        let Some((first, others)) = row.split_first() else { continue };
        if above != Some(first) {
            above = Some(first);
            lines.push(Line { text: first.clone().into(), look: Look::Heading });
        }
        let others: Vec<&str> = others.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        if !others.is_empty() {
            lines.push(Line { text: format!("  {}", others.join(BETWEEN)).into(), look: Look::Entry });
        }
    }
    lines
}

/// A text without marks of emphasis and code; of a link its words, and where it leads behind them.
fn words(text: &str) -> String {
    let mut plain = text.replace("**", "").replace('`', "");
    while let Some((start, middle, end)) = link(&plain) {
        let (name, target) = (plain[start + 1..middle].to_owned(), plain[middle + 2..end].to_owned());
        plain.replace_range(start..=end, &format!("{name} ({target})"));
    }
    plain
}

/// Where the first link begins, where its words end, and where it ends.
fn link(text: &str) -> Option<(usize, usize, usize)> {
    let middle = text.find("](")?;
    let start = text[..middle].rfind('[')?;
    let end = middle + text[middle..].find(')')?;
    Some((start, middle, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_laid_out_and_no_word_is_lost() {
        let text = "# Title\n\nA `word` and **more** of [it](https://x.example).\n\n| source | author | files |\n|---|---|---|\n\
             | one | A | a.ogg, b.ogg |\n| one | B | c.ogg |\n| two | C |  |\n\n- an item\n";
        let said: Vec<_> = lines(text).into_iter().map(|line| (line.look, line.text.into_owned())).collect();
        let wanted = [
            (Look::Heading, "Title"),
            (Look::Text, ""),
            (Look::Text, "A word and more of it (https://x.example)."),
            (Look::Text, ""),
            (Look::Heading, "source"),
            (Look::Entry, "  author \u{b7} files"),
            (Look::Heading, "one"),
            (Look::Entry, "  A \u{b7} a.ogg, b.ogg"),
            (Look::Entry, "  B \u{b7} c.ogg"),
            (Look::Heading, "two"),
            (Look::Entry, "  C"),
            (Look::Text, ""),
            (Look::Entry, "- an item"),
        ];
        assert_eq!(said, wanted.map(|(look, text)| (look, text.to_owned())));
    }

    #[test]
    fn every_author_of_the_model_is_named() {
        let text = include_str!("../../../../assets/models/default/ATTRIBUTION.md");
        let shown: Vec<_> = lines(text).into_iter().map(|line| line.text).collect();
        assert!(
            shown.iter().all(|line| !line.contains(['|', '`', '#']) || line.contains("://")),
            "marks are left"
        );
        let rows = text.lines().filter(|line| line.starts_with("| "));
        for row in rows {
            let author = row.split('|').nth(2).unwrap_or_default().replace('`', "");
            assert!(shown.iter().any(|line| line.contains(author.trim())), "{author}");
        }
    }
}
