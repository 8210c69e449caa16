//! How often the right category is proposed, and that the search finds what is looked for.

use super::*;

static TUNED_ON: &str = include_str!("../../../tests/ucs_prompts.tsv");
static HELD_OUT: &str = include_str!("../../../tests/ucs_held_out.tsv");

/// Shares of the prompts of `list` whose right category is proposed first, and among the first three.
fn accuracy(list: &str) -> (f64, f64) {
    let rows: Vec<(&str, Vec<&str>)> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split_once('\t').unwrap())
        .map(|(prompt, ids)| (prompt, ids.split(' ').collect()))
        .collect();
    let (mut first, mut three) = (0, 0);
    for (prompt, right) in &rows {
        let proposed: Vec<&str> = propose(prompt, 3).iter().map(|category| category.id).collect();
        first += usize::from(proposed.first().is_some_and(|id| right.contains(id)));
        let among = proposed.iter().any(|id| right.contains(id));
        three += usize::from(among);
        if !proposed.first().is_some_and(|id| right.contains(id)) {
            println!("{} {prompt}: {proposed:?}, right: {right:?}", if among { " " } else { "!" });
        }
    }
    let share = |n: usize| n as f64 / rows.len() as f64;
    println!("{} prompts: first {:.3}, among three {:.3}", rows.len(), share(first), share(three));
    (share(first), share(three))
}

#[test]
fn ucs_proposals_are_right_for_the_prompts_they_were_tuned_on() {
    let (first, three) = accuracy(TUNED_ON);
    assert!(first >= 0.9 && three >= 0.97, "{first} {three}");
}

#[test]
fn ucs_proposals_are_right_for_prompts_that_nobody_tuned_on() {
    let (first, three) = accuracy(HELD_OUT);
    assert!(first >= 0.8 && three >= 0.92, "{first} {three}");
}

#[test]
fn ucs_wild_categories_go_before_foley() {
    for prompt in ["footsteps on gravel", "cloth rustling", "props handled", "hands clapping"] {
        let proposed = propose(prompt, 3);
        assert!(!proposed.is_empty() && proposed[0].category != "FOLEY", "{prompt}: {proposed:?}");
    }
    assert!(propose("mix of a production asset", 10).iter().all(|category| category.category != "ARCHIVED"));
    // Who wants them finds them.
    assert!(search("foley").iter().any(|category| category.id == "FOLYFeet"));
}

#[test]
fn ucs_proposals_of_nothing_are_none() {
    for prompt in ["", "   ", "the of and", "xyzzy", "日本"] {
        assert_eq!(propose(prompt, 3), Vec::<&Category>::new(), "{prompt}");
    }
    assert_eq!(propose("rain on a tent", 2).len(), 2);
}

#[test]
fn ucs_search_finds_names_before_synonyms() {
    assert_eq!(search("doorw")[0].id, "DOORWood");
    assert_eq!(search("wood door")[0].id, "DOORWood");
    assert!(search("rain").iter().take(3).all(|category| category.category == "RAIN"));
    assert_eq!(search("").len(), all().len());
    assert!(search("xyzzy").is_empty());
}

#[test]
fn ucs_forms_of_a_word_are_one() {
    for (one, other) in [
        ("doors", "door"),
        ("creaking", "creaks"),
        ("dragged", "drag"),
        ("wooden", "wood"),
        ("breaking", "broken"),
        ("splashes", "splash"),
        ("bodies", "body"),
        ("whistling", "whistle"),
    ] {
        assert_eq!(stem(one), stem(other), "{one} {other}");
    }
    assert_ne!(stem("glass"), stem("glas"));
}
