//! The licence texts that a crate carries, and what stands for one that carries none.

use super::tree::Dependency;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// Words by which the text of a licence is known, in small letters with single spaces.
const MARKS: &[(&str, &str)] = &[
    ("MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("Apache-2.0", "apache license"),
    ("ISC", "permission to use, copy, modify"),
    ("MPL-2.0", "mozilla public license"),
    ("Zlib", "this software is provided 'as-is'"),
    ("BSD-3-Clause", "redistribution and use in source and binary forms"),
    ("BSL-1.0", "boost software license"),
    ("Unicode-3.0", "unicode license v3"),
    ("OFL-1.1", "sil open font license"),
    ("Ubuntu-font-1.0", "ubuntu font licence"),
];
/// Beginnings of the names of files with licences, in small letters.
const NAMES: &[&str] = &["license", "licence", "unlicense", "copying", "copyright", "notice", "authors"];
/// Folders of a crate that are not compiled in.
const NOT_COMPILED: &[&str] = &["tests", "benches", "examples", "target", ".git"];

/// Texts for crates that carry none.
pub(super) struct Texts {
    /// Apache-2.0, which has the same words for everybody.
    pub(super) apache: String,
}

impl Texts {
    /// All licence texts of a crate; every licence that it is under has one, of those to choose from at least one.
    pub(super) fn of(&self, dependency: &Dependency) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        collect(&dependency.folder, &mut texts)?;
        for part in parts(&dependency.licence) {
            if !part.iter().any(|licence| texts.iter().any(|text| is_text_of(text, licence))) {
                let own = part.iter().find_map(|licence| self.written_out(licence, &dependency.authors));
                texts.push(own.with_context(|| format!("it is under {}", part.join(" or ")))?);
            }
        }
        if texts.is_empty() {
            bail!("it names no licence");
        }
        Ok(texts)
    }

    /// The text of a licence for a crate that names it and its authors, but leaves the text out.
    fn written_out(&self, licence: &str, authors: &str) -> Option<String> {
        let named = |text: &str| {
            (!authors.is_empty())
                .then(|| format!("Copyright (c) {authors} (the crate names its licence and authors, and has no text)\n\n{text}"))
        };
        match licence {
            "Apache-2.0" => Some(self.apache.clone()),
            "BSL-1.0" => Some(include_str!("texts/BSL-1.0.txt").to_owned()),
            "ISC" => named(include_str!("texts/ISC.txt")),
            "MIT" => named(include_str!("texts/MIT.txt")),
            _ => None,
        }
    }
}

/// What all apply of an expression, and of each the licences to choose from: `(A OR B) AND C` is `[[A, B], [C]]`.
fn parts(expression: &str) -> Vec<Vec<&str>> {
    let parts = expression.split(" AND ").map(|part| {
        let choices = part.trim_matches(['(', ')', ' ']).split(" OR ").flat_map(|choice| choice.split('/'));
        // An exception (`WITH …`) only adds to what is allowed.
        choices.filter_map(|choice| choice.split_whitespace().next()).collect::<Vec<_>>()
    });
    parts.filter(|part| !part.is_empty()).collect()
}

fn is_text_of(text: &str, licence: &str) -> bool {
    let words = text.to_lowercase().replace(['’', '‘', '`'], "'");
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    MARKS.iter().any(|(name, mark)| *name == licence && words.contains(mark))
}

/// Reads what may be a licence below `folder`, in the order of the names.
fn collect(folder: &Path, texts: &mut Vec<String>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    let mut entries = entries.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let in_fonts = folder.file_name().is_some_and(|name| name == "fonts");
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if entry.file_type()?.is_dir() {
            if !NOT_COMPILED.contains(&&*name) {
                collect(&path, texts)?;
            }
        } else if is_licence(&name, in_fonts) {
            let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    Ok(())
}

/// Whether a file of this name, in small letters, is a licence. Fonts have theirs beside them. The GPL, which some crates offer
/// besides another licence, is not made use of.
fn is_licence(name: &str, in_fonts: bool) -> bool {
    let is_code = [".rs", ".html", ".json"].iter().any(|ending| name.ends_with(ending));
    let named = NAMES.iter().any(|begin| name.starts_with(begin)) || in_fonts && name.ends_with(".txt");
    named && !is_code && !name.contains("gpl")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_taken_apart() {
        assert_eq!(parts("MIT / Apache-2.0"), [["MIT", "Apache-2.0"]]);
        let fonts = "(MIT OR Apache-2.0) AND OFL-1.1";
        assert_eq!(parts(fonts), [vec!["MIT", "Apache-2.0"], vec!["OFL-1.1"]]);
        assert_eq!(parts("Apache-2.0 WITH LLVM-exception OR MIT"), [["Apache-2.0", "MIT"]]);
        assert!(parts("").is_empty());
    }

    #[test]
    fn licences_are_known_by_name_and_by_their_words() {
        for name in ["license-mit", "license", "copying", "licence.md", "license.apache2", "notice"] {
            assert!(is_licence(name, false), "{name}");
        }
        for name in ["license.rs", "license-gplv2", "readme.md", "ofl.txt"] {
            assert!(!is_licence(name, false), "{name}");
        }
        assert!(is_licence("ofl.txt", true));
        assert!(is_text_of("  Apache\n License", "Apache-2.0"));
        assert!(!is_text_of("see LICENSE-MIT", "MIT"));
    }
}
