//! The Universal Category System 8.2.1, <https://universalcategorysystem.com>: 752 categories that film, game and library
//! sounds are filed under, each with an identifier (`DOORWood`) that file names begin with.

mod propose;
mod words;

pub use propose::{propose, search};

use std::collections::HashMap;
use std::sync::OnceLock;

static LIST: &str = include_str!("../../../assets/ucs/categories.csv");

/// One category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category {
    /// Its identifier, `DOORWood`; its case counts.
    pub id: &'static str,
    /// The category, `DOORS`.
    pub category: &'static str,
    /// The subcategory, `WOOD`.
    pub subcategory: &'static str,
}

impl Category {
    /// Both names as the metadata of libraries has them: `DOORS-WOOD`.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{}-{}", self.category, self.subcategory)
    }

    /// What belongs into it, in the words of the system.
    #[must_use]
    pub fn explanation(&self) -> &'static str {
        words::of(self.id).map_or("", |words| words.explanation)
    }
}

/// All categories in the order of the list.
#[must_use]
pub fn all() -> &'static [Category] {
    static TABLE: OnceLock<Vec<Category>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let rows = LIST.lines().filter(|line| !line.starts_with('#')).skip(1);
        let row = |line: &'static str| {
            let (id, names) = line.split_once(',')?;
            let (category, subcategory) = names.split_once(',')?;
            Some(Category { id, category, subcategory })
        };
        rows.filter_map(row).collect()
    })
}

/// The category with this identifier.
#[must_use]
pub fn category(id: &str) -> Option<&'static Category> {
    static BY_ID: OnceLock<HashMap<&'static str, &'static Category>> = OnceLock::new();
    BY_ID.get_or_init(|| all().iter().map(|category| (category.id, category)).collect()).get(id).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ucs_list_is_complete_and_every_category_has_words() {
        assert_eq!(all().len(), 752);
        let wood = category("DOORWood").unwrap();
        assert_eq!((wood.category, wood.subcategory), ("DOORS", "WOOD"));
        assert_eq!(wood.full_name(), "DOORS-WOOD");
        assert!(category("doorwood").is_none());
        for category in all() {
            let words = words::of(category.id).expect(category.id);
            assert!(!words.explanation.is_empty() && !words.synonyms.is_empty(), "{}", category.id);
            // What begins a file name must not hold what ends a block of it.
            assert!(category.id.bytes().all(|b| b.is_ascii_alphanumeric()), "{}", category.id);
        }
    }
}
