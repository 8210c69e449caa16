//! Which rows of a list are chosen.

use egui::Modifiers;

/// The chosen rows, each known by its `K`.
#[derive(Debug)]
pub(in crate::editor) struct Choice<K> {
    chosen: Vec<K>,
    /// Where a range begins.
    anchor: Option<K>,
}

impl<K> Default for Choice<K> {
    fn default() -> Self {
        Self { chosen: Vec::new(), anchor: None }
    }
}

impl<K: Copy + PartialEq> Choice<K> {
    /// A click on `key` in a list of `shown` rows: alone, with Ctrl one more or one less, with Shift all up to it.
    pub(in crate::editor) fn click(&mut self, key: K, shown: &[K], modifiers: Modifiers) {
        let place = |key: K| shown.iter().position(|other| *other == key);
        let range = self.anchor.and_then(place).zip(place(key)).filter(|_| modifiers.shift);
        match range {
            Some((from, to)) => {
                if !modifiers.command {
                    self.chosen.clear();
                }
                for other in &shown[from.min(to)..=from.max(to)] {
                    if !self.has(*other) {
                        self.chosen.push(*other);
                    }
                }
            }
            None if modifiers.command => {
                if self.has(key) {
                    self.chosen.retain(|other| *other != key);
                } else {
                    self.chosen.push(key);
                }
                self.anchor = Some(key);
            }
            None => self.only(key),
        }
    }

    /// Chooses one row.
    pub(in crate::editor) fn only(&mut self, key: K) {
        self.chosen = vec![key];
        self.anchor = Some(key);
    }

    /// Chooses all rows.
    pub(in crate::editor) fn all(&mut self, shown: &[K]) {
        self.chosen = shown.to_vec();
    }

    /// Forgets rows that are not shown any more.
    pub(in crate::editor) fn keep(&mut self, shown: impl Fn(K) -> bool) {
        self.chosen.retain(|key| shown(*key));
        self.anchor = self.anchor.filter(|key| shown(*key));
    }

    /// Whether a row is chosen.
    pub(in crate::editor) fn has(&self, key: K) -> bool {
        self.chosen.contains(&key)
    }

    /// How many are chosen.
    pub(in crate::editor) fn len(&self) -> usize {
        self.chosen.len()
    }

    /// What is done to `key` is done to these: all that are chosen if it is one of them, otherwise to it alone.
    pub(in crate::editor) fn with(&self, key: K) -> Vec<K> {
        if self.has(key) { self.chosen.clone() } else { vec![key] }
    }

    /// The row that was chosen last.
    pub(in crate::editor) fn last(&self) -> Option<K> {
        self.anchor.filter(|key| self.has(*key)).or(self.chosen.last().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clicks_choose_one_one_more_or_a_range() {
        let shown = [9, 7, 5, 3, 1];
        let mut choice = Choice::default();
        choice.click(7, &shown, Modifiers::NONE);
        assert_eq!(choice.with(7), [7]);
        choice.click(3, &shown, Modifiers::SHIFT);
        assert_eq!(choice.with(5), [7, 5, 3]);
        choice.click(9, &shown, Modifiers::SHIFT);
        assert_eq!(choice.with(9), [9, 7], "a range begins where it began");
        choice.click(1, &shown, Modifiers::COMMAND);
        choice.click(9, &shown, Modifiers::COMMAND);
        assert_eq!((choice.with(1), choice.len()), (vec![7, 1], 2));
        assert_eq!(choice.with(5), [5], "what is done to another row is done to that one");
        choice.keep(|key| key != 1);
        assert_eq!(choice.with(7), [7]);
        choice.click(5, &shown, Modifiers::NONE);
        assert_eq!((choice.len(), choice.last()), (1, Some(5)));
        choice.all(&shown);
        assert_eq!(choice.len(), 5);
    }
}
