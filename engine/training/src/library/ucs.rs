//! The Universal Category System: its list, and file names that follow it.
//!
//! `CatID[-UserCategory]_[VendorCategory-]FXName_CreatorID_SourceID[_UserData].wav`, <https://universalcategorysystem.com>.

use super::Description;
use super::words;
use std::collections::HashMap;
use std::sync::OnceLock;

static LIST: &str = include_str!("../../../../assets/ucs/categories.csv");

/// Category and subcategory of a CatID (`DOORWood`). Its case counts: "RAIN" is one, "Rain" a word in a name.
#[must_use]
pub fn category(id: &str) -> Option<(&'static str, &'static str)> {
    static TABLE: OnceLock<HashMap<&'static str, (&'static str, &'static str)>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let rows = LIST.lines().filter(|line| !line.starts_with('#')).skip(1);
        let row = |line: &'static str| {
            let (id, names) = line.split_once(',')?;
            Some((id, names.split_once(',')?))
        };
        rows.filter_map(row).collect()
    });
    table.get(id).copied()
}

/// What a field "category" means: a CatID, or a name that is taken as it is.
pub(super) fn named(text: &str) -> (String, String) {
    match category(text.trim()) {
        Some((category, subcategory)) => (category.to_owned(), subcategory.to_owned()),
        None => (text.trim().to_uppercase(), String::new()),
    }
}

/// The words of a category in lower case, each once; "misc" and "general" say nothing.
pub(super) fn words(category: &str, subcategory: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    for word in format!("{category} {subcategory}").to_lowercase().split(|c: char| !c.is_alphanumeric()) {
        if !["", "misc", "general"].contains(&word) && !all.iter().any(|w| w == word) {
            all.push(word.to_owned());
        }
    }
    all.join(" ")
}

/// What a path inside the folder says, if its file name begins with a CatID of the list.
pub(super) fn describe(name: &str) -> Option<Description> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let mut blocks = words::stem(file).split('_');
    let id = blocks.next()?.split('-').next()?;
    // Of material in an archive the category says where it is from, not what is heard.
    let (category, subcategory) = category(id).filter(|(category, _)| *category != "ARCHIVED")?;
    // Without a second block this is a word that happens to be an ID.
    let effect = words::phrase(blocks.next()?);
    let caption = if effect.is_empty() { self::words(category, subcategory) } else { effect };
    let named = Description { caption, ..Description::default() };
    Some(named.with_category((category.into(), subcategory.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_complete() {
        let rows: Vec<&str> = LIST.lines().filter(|l| !l.starts_with('#')).skip(1).collect();
        assert_eq!(rows.len(), 752);
        assert!(rows.iter().all(|row| row.split(',').count() == 3));
        assert_eq!(category("DOORWood"), Some(("DOORS", "WOOD")));
        assert_eq!(category("RAIN"), Some(("RAIN", "GENERAL")));
        assert_eq!((category("Rain"), category("DOOR")), (None, None));
        assert!(LIST.starts_with("# Universal Category System 8.2.1") && LIST.contains("CC0"));
    }

    #[test]
    fn file_names_of_the_system_are_read() {
        let said = |name: &str| describe(name).map(|d| (d.caption, d.category, d.subcategory));
        let three = |a: &str, b: &str, c: &str| Some((a.to_owned(), b.to_owned(), c.to_owned()));
        assert_eq!(
            said("pack/DOORWood-INT_Old Cellar-Slow Creak 03_FLSH_SHOWX_s48213.wav"),
            three("old cellar slow creak", "DOORS", "WOOD")
        );
        assert_eq!(
            said("WATRSplsh_Heavy Body Splash_FLSH_NONE.wav"),
            three("heavy body splash", "WATER", "SPLASH")
        );
        assert_eq!(said("AIRMisc_03_XY_Z.wav"), three("air", "AIR", "MISC"));
        assert_eq!(said("RAIN_Tin Roof_XY_Z.wav"), three("tin roof", "RAIN", "GENERAL"));
        assert_eq!(said("Rain_heavy_01.wav"), None);
        assert_eq!(said("MIX_Street_XY_Z.wav"), None);
        assert_eq!(said("DOORWood.wav"), None);
        assert_eq!(said("Door_Wood_A_B.wav"), None);
        assert_eq!(said("_.wav"), None);
    }

    #[test]
    fn fields_may_hold_an_id_or_a_name() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(named(" DOORWood "), pair("DOORS", "WOOD"));
        assert_eq!(named("Doors"), pair("DOORS", ""));
        assert_eq!(words("RESTAURANT & BAR", "MISC"), "restaurant bar");
        assert_eq!(words("RAIN", "GENERAL"), "rain");
    }
}
