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
fn ucs_accuracy_tuned() {
    let (first, three) = accuracy(TUNED_ON);
    assert!(first >= 0.5 && three >= 0.7, "{first} {three}");
}
