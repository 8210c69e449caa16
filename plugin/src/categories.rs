//! The Universal Category System for the library, which files sounds by it.

use straightshot_delivery::ucs;
use straightshot_takes::{Categories, Category};

/// Its categories.
pub(crate) struct Ucs;

impl Categories for Ucs {
    fn propose(&self, prompt: &str) -> Option<Category> {
        ucs::propose(prompt, 1).first().copied().map(named)
    }

    fn named(&self, id: &str) -> Option<Category> {
        ucs::category(id).map(named)
    }
}

fn named(category: &ucs::Category) -> Category {
    Category { id: category.id.to_owned(), words: format!("{} {}", category.category, category.subcategory) }
}
