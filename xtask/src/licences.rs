//! The licence texts of all code of others that is compiled into the plugin and the programs beside it: `assets/licences/third-party.txt`.
//!
//! The file is made of what cargo knows of the plugin's dependencies ([`tree`]) and of the texts that their crates carry
//! ([`texts`]). It is committed, because the plugin shows it ("About") and a plain `cargo build` must have it;
//! `cargo xtask test` makes it anew and compares, so that no crate comes in without its text.

mod texts;
mod tree;

use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use texts::Texts;
use tree::Dependency;

/// The file, below the top of the repository.
const FILE: &str = "assets/licences/third-party.txt";
/// Longest line of the file in characters.
const WIDTH: usize = 100;
/// What stands at its top.
const HEAD: &str = "\
The crates below are compiled into Straightshot: into the plugin for some system, a build for a graphics card, or a program
beside the plugin. Each line says name, version, licences and where the source is; the numbers are those of the texts behind
the list. What is under MPL-2.0 is unchanged, and its source can be had there. nice-plug, baseview, egui-baseview and, for
graphics cards, crates of candle are built with the repairs in xtask/src/patch. Rust's standard library is part of every
program written in Rust and may be used under MIT or Apache-2.0.

Made by `cargo xtask licences`.
";

/// Files that go with every bundle: where they lie in the repository and what they are called there.
const PAPERS: &[(&str, &str)] = &[
    ("LICENSE-MIT", "LICENSE-MIT"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    (FILE, "third-party.txt"),
    ("assets/licences/attribution.txt", "attribution.txt"),
    ("assets/models/default/ATTRIBUTION.md", "model-attribution.md"),
    ("assets/words/SCOWL-COPYRIGHT.txt", "words-copyright.txt"),
];

/// Writes the file anew.
pub(crate) fn licences() -> Result<()> {
    let root = workspace::root()?;
    fs::write(root.join(FILE), generate(&root)?).with_context(|| format!("{FILE} cannot be written"))?;
    println!("wrote {FILE}");
    Ok(())
}

/// Fails if a crate of the plugin has no licence text, or the file is not that of the dependencies as they are.
pub(crate) fn check() -> Result<()> {
    let root = workspace::root()?;
    let kept = fs::read_to_string(root.join(FILE)).with_context(|| format!("{FILE} cannot be read"))?;
    compare(&kept, &generate(&root)?)
}

/// Puts everything that has to go with a bundle into `folder`.
pub(crate) fn copy_to(root: &Path, folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    for (from, to) in PAPERS {
        fs::copy(root.join(from), folder.join(to)).with_context(|| format!("{from} cannot be copied"))?;
    }
    Ok(())
}

fn generate(root: &Path) -> Result<String> {
    let dependencies = tree::of_plugin(root)?;
    let own_apache =
        fs::read_to_string(root.join("LICENSE-APACHE")).context("LICENSE-APACHE cannot be read")?;
    render(&dependencies, &Texts { apache: own_apache })
}

/// The whole file. All crates that lack a text are named at once.
fn render(dependencies: &[Dependency], texts: &Texts) -> Result<String> {
    let (mut list, mut bodies) = (String::new(), String::new());
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut lacking = Vec::new();
    for dependency in dependencies {
        let found = match texts.of(dependency) {
            Ok(found) => found,
            Err(error) => {
                lacking.push(format!("{} {}: {error:#}", dependency.name, dependency.version));
                continue;
            }
        };
        let mut of_crate = Vec::new();
        for text in found {
            // The same words in other lines are the same text.
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let next = numbers.len() + 1;
            let number = *numbers.entry(words).or_insert(next);
            if number == next {
                write!(bodies, "\n---- {number} ----\n\n{}\n", wrapped(&text))?;
            }
            of_crate.push(number.to_string());
        }
        of_crate.dedup();
        let Dependency { name, version, licence, source, .. } = dependency;
        writeln!(list, "{name} {version}, {licence}, {source}: {}", of_crate.join(", "))?;
    }
    ensure!(lacking.is_empty(), "these crates have no licence text:\n{}", lacking.join("\n"));
    Ok(format!("{HEAD}\n{list}{bodies}"))
}

/// The text with unix line ends, without blanks at the ends of lines and with no line above [`WIDTH`].
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    for line in text.trim_end().trim_start_matches(['\n', '\r']).lines() {
        let line = line.trim_end();
        if line.chars().count() <= WIDTH {
            out.push_str(line);
        } else {
            let mut length = 0;
            for word in line.split_whitespace() {
                let wide = word.chars().count();
                if length > 0 && length + 1 + wide > WIDTH {
                    out.push('\n');
                    length = 0;
                } else if length > 0 {
                    out.push(' ');
                    length += 1;
                }
                out.push_str(word);
                length += wide;
            }
        }
        out.push('\n');
    }
    out
}

/// Whether the kept file is what is made now; a checkout on Windows may have given it other line ends.
fn compare(kept: &str, made: &str) -> Result<()> {
    let differs = kept.lines().zip(made.lines()).find(|(kept, made)| kept != made);
    match differs {
        Some((kept, made)) => {
            bail!("{FILE} is not up to date: run `cargo xtask licences`\n  is    {kept}\n  wants {made}")
        }
        None if kept.lines().count() != made.lines().count() => {
            bail!("{FILE} is not up to date: run `cargo xtask licences`")
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A crate whose folder holds no licence.
    fn bare(licence: &str, authors: &str) -> Dependency {
        Dependency {
            name: "bare".into(),
            version: "1.0.0".into(),
            licence: licence.into(),
            authors: authors.into(),
            source: "somewhere".into(),
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        }
    }

    fn texts() -> Texts {
        Texts { apache: "Apache License\nVersion 2.0".into() }
    }

    #[test]
    fn a_crate_without_a_text_fails_the_check_by_name() {
        for (licence, authors) in
            [("BSD-3-Clause", "Ann"), ("MIT", ""), ("MIT AND Unicode-3.0", "Ann"), ("Words", "Ann")]
        {
            let error = render(&[bare(licence, authors)], &texts()).expect_err(licence).to_string();
            assert!(error.contains("bare 1.0.0"), "{licence}: {error}");
        }
        for (licence, authors) in
            [("MIT", "Ann"), ("MIT/Apache-2.0", ""), ("ISC", "Ann"), ("Zlib OR Apache-2.0", "")]
        {
            render(&[bare(licence, authors)], &texts()).expect(licence);
        }
    }

    #[test]
    fn the_same_text_is_written_once() {
        let file = render(&[bare("Apache-2.0", ""), bare("MIT OR Apache-2.0", "")], &texts())
            .expect("both have one");
        assert_eq!(file.matches("\nApache License\n").count(), 1);
        assert_eq!(file.matches("bare 1.0.0").count(), 2);
    }

    #[test]
    fn a_file_of_other_dependencies_fails_the_check() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        assert!(compare("a\r\nb\r\n", "a\nb\n").is_ok());
        assert!(compare("a\n", "a\nb\n").is_err());
        assert!(compare("a\nc\n", "a\nb\n").is_err());
    }

    #[test]
    fn the_kept_file_is_complete() {
        check().expect("cargo xtask licences was run");
    }

    #[test]
    fn everything_that_goes_with_a_bundle_is_there() {
        let root = workspace::root().expect("a checkout");
        for (from, _) in PAPERS {
            assert!(root.join(from).is_file(), "{from}");
        }
    }

    #[test]
    fn long_lines_are_wrapped_and_short_ones_kept() {
        assert_eq!(wrapped("\n  indented \r\nnext\n\n"), "  indented\nnext\n");
        let long = wrapped(&"word ".repeat(60));
        assert!(long.lines().all(|line| line.chars().count() <= WIDTH), "{long}");
        assert_eq!(long.matches("word").count(), 60);
    }
}
