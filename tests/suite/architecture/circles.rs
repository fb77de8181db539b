//! No file needs another that needs it: read from what they `use`.

use std::collections::{BTreeMap, BTreeSet};

use super::{code, program};

/// What each file needs of the others, by their paths as modules.
type Needs = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_file_needs_one_that_needs_it() {
    let needs = needs();
    assert!(needs.len() > 200, "{}", needs.len());
    let circles: Vec<Vec<&String>> = needs.keys().filter_map(|file| circle(&needs, file)).collect();
    assert_eq!(circles, Vec::<Vec<&String>>::new());
}

#[test]
fn a_circle_is_seen() {
    let needs = |lines: &[(&str, &[&str])]| -> Needs {
        let all = |to: &[&str]| to.iter().map(|one| (*one).to_owned()).collect();
        lines.iter().map(|(file, to)| ((*file).to_owned(), all(to))).collect()
    };
    let round = needs(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"])]);
    assert_eq!(circle(&round, &"a".to_owned()).map(|all| all.len()), Some(4));
    assert_eq!(circle(&round, &"d".to_owned()), None, "it leads into a circle and stands in none");
    assert_eq!(used("use crate::a::{b::C, d};\nuse super::e;", "x::y"), ["a::b::C", "a::d", "x::e"]);
}

/// The shortest way from a file back to itself.
fn circle<'n>(needs: &'n Needs, start: &'n String) -> Option<Vec<&'n String>> {
    let mut ways: Vec<Vec<&String>> = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in &needs[way[way.len() - 1]] {
                let further: Vec<&String> = way.iter().copied().chain([next]).collect();
                if next == start {
                    return Some(further);
                }
                if needs.contains_key(next) && seen.insert(next) {
                    longer.push(further);
                }
            }
        }
        ways = longer;
    }
    None
}

fn needs() -> Needs {
    let text: BTreeMap<String, String> = program()
        .into_iter()
        .filter(|(path, _)| !["lib.rs", "main.rs"].contains(&path.as_str()))
        .map(|(path, text)| {
            let module = path.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
            (module, text)
        })
        .collect();
    let file = |name: &str| {
        let parts: Vec<&str> = name.split("::").collect();
        (1..=parts.len()).rev().map(|n| parts[..n].join("::")).find(|module| text.contains_key(module))
    };
    let is_kin = |one: &str, other: &str| {
        let below = |one: &str, other: &str| one.starts_with(&format!("{other}::"));
        one == other || below(one, other) || below(other, one)
    };
    // Kinds point at each other with typed references: a role trusts a provider of the cluster that has a role.
    let is_kind = |module: &str| module.strip_prefix("resources::").is_some_and(|kind| !kind.contains("::"));
    let of = |module: &String, text: &String| {
        let found = used(text, module).into_iter().filter_map(|name| file(&name));
        found.filter(|other| !(is_kin(module, other) || is_kind(module) && is_kind(other))).collect()
    };
    text.iter().map(|(module, text)| (module.clone(), of(module, text))).collect()
}

/// Everything a text of the module `module` uses, from the top of the package.
fn used(text: &str, module: &str) -> Vec<String> {
    let lines: Vec<&str> = code(text).map(|(_, line)| line).collect();
    let whole = lines.join(" ");
    let statements = whole.split("use ").skip(1).filter_map(|rest| rest.split(';').next());
    let names = statements.flat_map(|statement| expanded(&statement.split_whitespace().collect::<String>()));
    let absolute = |name: String| {
        if let Some(rest) = name.strip_prefix("crate::") {
            return Some(rest.to_owned());
        }
        let mut above: Vec<&str> = module.split("::").collect();
        let mut rest = name.strip_prefix("self::").unwrap_or(&name);
        if !name.starts_with("super::") && !name.starts_with("self::") {
            return None;
        }
        while let Some(further) = rest.strip_prefix("super::") {
            above.pop();
            rest = further;
        }
        Some([&above[..], &[rest]].concat().join("::"))
    };
    names.filter_map(absolute).collect()
}

/// The names in a tree of names: `a::{b::C, d}` has two.
fn expanded(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else { return vec![tree.to_owned()] };
    let inside = rest.strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.flat_map(expanded).map(|name| format!("{before}{name}")).collect()
}
