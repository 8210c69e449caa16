//! How the sources of a file work together.

mod folder;

use super::*;

fn sound(name: &str) -> SoundFile {
    SoundFile { path: name.into(), name: name.into() }
}

fn said(name: &str, row: Option<&Description>) -> Option<(Source, [String; 3])> {
    let row = row.map(|d| {
        let mut candidate = Candidate::new(Source::Table, Rank::Caption, "a row".into(), d.caption.clone());
        candidate.other = d.caption2.clone();
        captions::Said { candidate, category: (d.category.clone(), d.subcategory.clone()) }
    });
    let (source, _, d) = describe(&sound(name), row.into_iter().collect(), &mut Vec::new()).0?;
    Some((source, [d.caption, d.caption2, d.category]))
}

fn row(caption: &str, caption2: &str) -> Description {
    Description { caption: caption.into(), caption2: caption2.into(), ..Description::default() }
}

#[test]
fn a_row_goes_first_and_the_name_completes_it() {
    let name = "DOORWood_Slow Creak_XY_NONE.wav";
    let all = |a: &str, b: &str, c: &str| [a, b, c].map(str::to_owned);
    let (source, texts) = said(name, Some(&row("An old  door\u{7} opens", ""))).unwrap();
    assert_eq!(
        (source, texts),
        (Source::Table, all("An old door opens", "An old door opens, doors wood", "DOORS"))
    );
    let (source, texts) = said(name, Some(&row("a creak", "hinges"))).unwrap();
    assert_eq!((source, texts), (Source::Table, all("a creak", "hinges", "DOORS")));
    // A row without words is none.
    let (source, texts) = said(name, Some(&row(" - 12", ""))).unwrap();
    assert_eq!((source, texts), (Source::Ucs, all("slow creak", "slow creak, doors wood", "DOORS")));
}

#[test]
fn a_name_without_words_is_no_caption() {
    assert_eq!(said("0001.wav", None), None);
    assert_eq!(said("0001.wav", Some(&row("rain", ""))).map(|(source, _)| source), Some(Source::Table));
}

#[test]
fn captions_are_no_longer_than_prompts() {
    let (_, [caption, ..]) = said("x.wav", Some(&row(&"ü".repeat(5_000), ""))).unwrap();
    assert_eq!(caption.chars().count(), MAX_PROMPT_CHARS);
}
