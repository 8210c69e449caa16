//! Which crates are compiled into the plugin and the programs beside it, for all systems and with all that may compute.

use crate::workspace;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

/// The systems that bundles are made for.
const PLATFORMS: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-pc-windows-msvc",
    "x86_64-pc-windows-gnu",
    "aarch64-apple-darwin",
    "x86_64-apple-darwin",
];
/// What is in a zip: the plugin, the program without a host and the command line.
const PROGRAMS: &[&str] = &["straightshot", "straightshot-cli"];
/// The features that bundles are made with.
const FEATURES: &str = "straightshot/standalone,straightshot/cuda,straightshot/metal";

/// A crate of somebody else.
pub(super) struct Dependency {
    pub(super) name: String,
    pub(super) version: String,
    /// As the crate says it, an SPDX expression or an older form of one.
    pub(super) licence: String,
    /// Whom the crate names, with commas.
    pub(super) authors: String,
    /// Where its source is.
    pub(super) source: String,
    /// Where cargo unpacked it.
    pub(super) folder: PathBuf,
}

/// All crates of others that the plugin is made of, by name.
pub(super) fn of_plugin(root: &Path) -> Result<Vec<Dependency>> {
    in_tree(&workspace::metadata(root, FEATURES, PLATFORMS)?, PROGRAMS)
}

/// The crates of others that `tops` are linked from, proc-macros included: those have no mark at an edge of the tree.
fn in_tree(metadata: &Value, tops: &[&str]) -> Result<Vec<Dependency>> {
    let list =
        |value: &Value| value.as_array().cloned().context("cargo metadata is not in the form that is known");
    let id = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = list(&metadata["packages"])?;
    let nodes = list(&metadata["resolve"]["nodes"])?;
    let nodes: HashMap<String, &Value> = nodes.iter().map(|node| (id(&node["id"]), node)).collect();
    let mut reached = HashSet::new();
    let mut waiting = Vec::new();
    for top in tops {
        let root = packages.iter().find(|package| package["name"] == *top);
        waiting.push(id(&root.with_context(|| format!("there is no {top}"))?["id"]));
    }
    while let Some(next) = waiting.pop() {
        let node = nodes.get(&next).with_context(|| format!("cargo metadata lacks {next}"))?;
        if reached.insert(next) {
            let linked = |edge: &&Value| {
                edge["dep_kinds"]
                    .as_array()
                    .is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
            };
            waiting.extend(list(&node["deps"])?.iter().filter(linked).map(|edge| id(&edge["pkg"])));
        }
    }
    // Our own crates have no source in a registry.
    let others = packages
        .iter()
        .filter(|package| reached.contains(&id(&package["id"])) && !package["source"].is_null());
    let mut sorted = BTreeMap::new();
    for package in others {
        let dependency = dependency(package)?;
        sorted.insert((dependency.name.clone(), dependency.version.clone()), dependency);
    }
    let mut found: Vec<Dependency> = sorted.into_values().collect();
    name_authors(&mut found);
    Ok(found)
}

/// Crates that name no authors have those of a crate from the same repository.
fn name_authors(found: &mut [Dependency]) {
    let named = found.iter().filter(|dependency| !dependency.authors.is_empty());
    let by_source: HashMap<String, String> =
        named.rev().map(|dependency| (dependency.source.clone(), dependency.authors.clone())).collect();
    for dependency in found.iter_mut().filter(|dependency| dependency.authors.is_empty()) {
        dependency.authors = by_source.get(&dependency.source).cloned().unwrap_or_default();
    }
}

fn dependency(package: &Value) -> Result<Dependency> {
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let (name, version) = (text("name"), text("version"));
    let manifest = PathBuf::from(text("manifest_path"));
    let folder = manifest.parent().context("a manifest without a folder")?.to_owned();
    let authors: Vec<&str> =
        package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let source = [text("repository"), text("homepage"), format!("the crate {name}")];
    let source = source.into_iter().find(|source| !source.is_empty()).unwrap_or_default();
    Ok(Dependency { licence: text("license"), authors: authors.join(", "), source, folder, name, version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_linked_is_found_and_what_only_builds_or_tests_is_not() {
        let package = |name: &str, source: Value| {
            json!({"id": name, "name": name, "version": "1.0.0", "source": source, "license": "MIT",
                   "authors": ["Ann", "Bo"], "manifest_path": format!("/src/{name}/Cargo.toml")})
        };
        let edge = |name: &str, kind: Value| json!({"pkg": name, "dep_kinds": [{"kind": kind}]});
        let node = |name: &str, edges: &[Value]| json!({"id": name, "deps": edges});
        let names = ["linked", "below", "build", "dev"];
        let mut packages = vec![package("plugin", Value::Null), package("ours", Value::Null)];
        packages.extend(names.map(|name| package(name, json!("registry"))));
        let top = [edge("ours", Value::Null), edge("build", json!("build")), edge("dev", json!("dev"))];
        let mut nodes = vec![node("plugin", &top), node("ours", &[edge("linked", Value::Null)])];
        nodes.push(node("linked", &[edge("below", Value::Null)]));
        nodes.extend(["below", "build", "dev"].map(|name| node(name, &[])));
        let metadata = json!({"packages": packages, "resolve": {"nodes": nodes}});
        let found = in_tree(&metadata, &["plugin"]).expect("the form is right");
        assert_eq!(found.iter().map(|found| &*found.name).collect::<Vec<_>>(), ["below", "linked"]);
        assert_eq!(found[0].authors, "Ann, Bo");
        assert_eq!(found[0].folder, Path::new("/src/below"));
    }
}
