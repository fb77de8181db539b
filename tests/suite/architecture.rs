//! The drawing that cannot go stale: who knows whom, which door leads outside, and that every file is listed.

mod circles;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each room may use of the others: a room, or a part of one. `cli` may use every room.
const FLOORS: [(&str, &[&str]); 21] = [
    ("model", &[]),
    ("described", &["model"]),
    ("engine", &["model"]),
    ("audit", &[]),
    ("cloud", &["model", "described::root"]),
    ("resources", &["model", "cloud"]),
    ("cost", &["model", "engine::plan", "engine::state"]),
    ("text", &["model"]),
    ("product", &["model"]),
    ("stack", &["model", "text", "product"]),
    ("store", &["model", "engine"]),
    ("helm", &["model::finding", "model::place", "model::values", "text", "product"]),
    ("handoff", &["model", "text", "product", "helm"]),
    ("permissions", &["model"]),
    ("drift_job", &["model", "text", "audit", "permissions", "helm::shell_word"]),
    (
        "architecture",
        &[
            "model",
            "resources",
            "stack",
            "engine::state",
            "engine::plan",
            "engine::diff",
            "engine::values",
            "text",
            "product",
            "helm",
            "permissions",
            "drift_job::job_name",
        ],
    ),
    ("terraform", &["model", "engine::state"]),
    ("notify", &["model", "cloud::wait"]),
    ("run", &["model", "engine", "described", "audit", "cloud", "store"]),
    ("report", &["model", "engine", "described::judge", "audit", "cost", "text", "run"]),
    ("render", &["model", "report", "run::event"]),
];

/// Parts of rooms that nobody outside their own floor is to see: who asks, and what is kept from it.
const KEPT_APART: [(&str, &str); 4] =
    [("run", "cloud::aws"), ("run", "cloud::simulated"), ("run", "store::file"), ("report", "run::execute")];

/// What leads out of the program or makes two runs differ, and the only files that may use it.
const DOORS: [(&str, &[&str]); 10] = [
    ("std::fs", &["store/"]),
    ("std::env", &["main.rs", "cli/"]),
    ("std::process::Command", &[]),
    ("SystemTime::now", &[]),
    ("Timestamp::now", &["run/host.rs"]),
    ("getrandom::", &["run/host.rs", "resources/secret/"]),
    ("tokio::spawn", &["run/host.rs"]),
    ("time::sleep", &["cloud/wait.rs"]),
    ("HashMap", &["cloud/aws/"]),
    ("serde_saphyr", &["text/tree.rs"]),
];

/// Lines of a file that is asked what it is hiding.
const LONG: usize = 500;

#[test]
fn no_room_uses_what_is_above_it() {
    let mut wrong = Vec::new();
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, text) in program() {
        let Some((room, allowed)) = FLOORS.iter().find(|(room, _)| is_in(&path, room)) else { continue };
        for (number, name) in names(&text) {
            let inside = name == *room || name.starts_with(&format!("{room}::"));
            let found = allowed.iter().find(|part| name == **part || name.starts_with(&format!("{part}::")));
            match found {
                Some(part) => drop(used.insert(((*room).to_owned(), (*part).to_owned()))),
                None if inside || !is_room(&name) => {}
                None => wrong.push(format!("src/{path}:{number}: {room} may not use {name}")),
            }
            for (_, part) in KEPT_APART.iter().filter(|(who, part)| who == room && name.starts_with(part)) {
                wrong.push(format!("src/{path}:{number}: {room} is not to see {part}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let listed = FLOORS.iter().flat_map(|(room, parts)| parts.iter().map(move |part| (*room, *part)));
    let idle: Vec<_> = listed.filter(|(a, b)| !used.contains(&((*a).to_owned(), (*b).to_owned()))).collect();
    assert_eq!(idle, [], "what no room uses any more is not allowed any more");
}

#[test]
fn the_map_shows_every_room_and_what_it_may_use() {
    let map = read("docs/architecture.md");
    let rows: BTreeMap<String, BTreeSet<String>> = map
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let room = cells.get(2)?.strip_prefix('`')?.strip_suffix('`')?.to_owned();
            let words = cells.get(4)?.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            Some((room, words.filter(|word| is_room(word)).map(str::to_owned).collect()))
        })
        .collect();
    let mut drawn: BTreeMap<String, BTreeSet<String>> = FLOORS
        .iter()
        .map(|(room, parts)| {
            let rooms = parts.iter().map(|part| part.split("::").next().unwrap().to_owned());
            ((*room).to_owned(), rooms.collect())
        })
        .collect();
    drawn.insert("cli".to_owned(), BTreeSet::new());
    assert_eq!(rows, drawn, "the table of docs/architecture.md");
    let folders: BTreeSet<String> = std::fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "lib.rs" && name != "main.rs")
        .collect();
    assert_eq!(folders, drawn.into_keys().collect(), "every folder of src is a room");
}

#[test]
fn a_type_that_leaves_its_room_has_a_name_of_its_own() {
    let mut types: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in program() {
        for (number, line) in code(&text) {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let is_type =
                matches!((words.next(), words.next()), (Some("pub"), Some("struct" | "enum" | "trait" | "type")));
            if let Some(name) = words.next().filter(|_| is_type) {
                types.entry(name.to_owned()).or_default().push(format!("src/{path}:{number}"));
            }
        }
    }
    types.retain(|_, places| places.len() > 1);
    assert_eq!(types, BTreeMap::new(), "each carries the noun that tells it from the other");
}

#[test]
fn what_leads_outside_is_used_behind_its_door_alone() {
    let mut wrong = Vec::new();
    for (path, text) in program() {
        for (number, line) in code(&text) {
            for (call, doors) in DOORS {
                if line.contains(call) && !doors.iter().any(|door| path.starts_with(door)) {
                    wrong.push(format!("src/{path}:{number}: {call} belongs behind {doors:?}"));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nothing_is_silenced_without_a_reason_or_left_for_later() {
    let mut wrong = Vec::new();
    let later = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("todo", "!("), concat!("unimplemented", "!(")];
    for (path, text) in files("src").into_iter().chain(files("tests")) {
        for (number, line) in (1..).zip(text.lines()) {
            let silenced = line.trim_start().starts_with("#[allow(") || line.trim_start().starts_with("#![allow(");
            if silenced || later.iter().any(|word| line.contains(word)) || line.trim_start().starts_with("#[ignore") {
                wrong.push(format!("{path}:{number}: {}", line.trim()));
            }
        }
        if text.lines().count() > LONG {
            wrong.push(format!("{path}: more than {LONG} lines"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Where it stands what Package Manager is, and the facts of it that are spelled nowhere else.
const PRODUCT: (&str, [&str; 7]) = (
    "product/",
    [
        "4242",
        "2112",
        "/__ping__",
        "/__api__/",
        "\"/var/lib/rstudio-pm\"",
        "/etc/rstudio-licensing",
        "/etc/rstudio-pm-secrets",
    ],
);

/// Where a resource of the stack may be spelled.
const NAMED_IN: &str = "architecture/";

/// Where a sentence that somebody else wrote may be read: those of AWS, of the SDK about credentials, of the YAML parser,
/// and of a bucket's policy.
const SENTENCES_READ_IN: [&str; 5] =
    ["cloud/aws/words.rs", "cloud/aws/error.rs", "model/error.rs", "store/s3/client.rs", "text/tree.rs"];

#[test]
fn resources_are_spelled_where_the_stack_is_designed_and_nowhere_else() {
    let kinds: Vec<String> = ppm_infra::resources::catalog().keys().map(ToString::to_string).collect();
    let design = read("src/architecture/handles.rs");
    let named: BTreeSet<&str> =
        design.split("At::named(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(named.contains("main") && named.len() > 5, "{named:?}");
    let is_address =
        |text: &str| kinds.iter().any(|kind| named.iter().any(|name| text.contains(&format!("{kind}.{name}"))));
    let mut wrong = Vec::new();
    for (path, text) in program().into_iter().filter(|(path, _)| !path.starts_with(NAMED_IN)) {
        for (number, line) in code(&text) {
            let texts = line.split('"').skip(1).step_by(2);
            let spelled = texts.filter(|text| *text == "main" || is_address(text));
            wrong.extend(spelled.map(|text| format!("src/{path}:{number}: `{text}` belongs into the design")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_package_manager_is_stands_in_one_room() {
    let (room, facts) = PRODUCT;
    let product: String =
        program().into_iter().filter(|(path, _)| path.starts_with(room)).map(|(_, text)| text).collect();
    for fact in facts {
        assert_eq!(product.matches(fact).count(), 1, "{fact} is spelled once");
    }
    let mut wrong = Vec::new();
    for (path, text) in program().into_iter().filter(|(path, _)| !path.starts_with(room)) {
        for (number, line) in code(&text) {
            let spelled = facts.iter().filter(|fact| line.contains(**fact));
            wrong.extend(spelled.map(|fact| format!("src/{path}:{number}: {fact} belongs into `product`")));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Files through which secrets pass, and what would leave copies of them in memory that is not wiped.
const WIPED: [&str; 3] = ["handoff/manifests.rs", "resources/secret/aws/value.rs", "model/secret.rs"];
const COPIES: [&str; 7] =
    ["String::from(", "format!(", "json!(", "serde_json::to_", "write!(", ".to_owned()", ".collect()"];

#[test]
fn secrets_pass_through_memory_that_is_wiped() {
    let mut wrong = Vec::new();
    let files: Vec<(String, String)> =
        program().into_iter().filter(|(path, _)| WIPED.contains(&path.as_str())).collect();
    assert_eq!(files.len(), WIPED.len());
    for (path, text) in files {
        for (number, line) in code(&text) {
            let copies = COPIES.iter().filter(|copy| line.replace("SecretString::from(", "").contains(**copy));
            wrong.extend(copies.map(|copy| format!("src/{path}:{number}: {copy} leaves copies: {}", line.trim())));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn nothing_is_decided_by_the_words_of_a_message() {
    let told =
        ["message", "message()", "heading", "told", "words", "said", "error", "to_string()", "error.to_string()"];
    let asked = [".contains(\"", ".starts_with(\"", ".ends_with(\"", ".says("];
    let mut wrong = Vec::new();
    for (path, text) in program().into_iter().filter(|(path, _)| !SENTENCES_READ_IN.contains(&path.as_str())) {
        for (number, line) in code(&text) {
            let decides = asked.iter().any(|ask| {
                line.split(ask).next().filter(|before| before.len() < line.len()).is_some_and(|before| {
                    let name = before.rsplit(|c: char| !(c.is_alphanumeric() || "_().".contains(c))).next().unwrap();
                    told.iter().any(|one| name == *one || name.ends_with(&format!(".{one}")))
                })
            });
            if decides {
                wrong.push(format!("src/{path}:{number}: {}", line.trim()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Where what every document for programs begins with is written.
const ENVELOPE_WRITTEN_IN: &str = "render/json.rs";

#[test]
fn documents_for_programs_begin_in_one_place() {
    let rooms = ["cli/", "render/", "report/", "run/"];
    let mut wrong = Vec::new();
    for (path, text) in program().into_iter().filter(|(path, _)| rooms.iter().any(|room| path.starts_with(room))) {
        for (number, line) in code(&text).filter(|_| path != ENVELOPE_WRITTEN_IN) {
            if line.contains("\"schema\":") {
                wrong.push(format!("src/{path}:{number}: `render::document` writes the schema"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_file_of_tests_is_part_of_the_suite() {
    let suite = root().join("tests/suite");
    let mut forgotten = Vec::new();
    for (path, _) in files("tests/suite") {
        let path = root().join(path);
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (listed_as, folder) = match name {
            "main" => continue,
            "mod" => (path.parent().unwrap().file_name().unwrap().to_str().unwrap(), path.parent().unwrap().parent()),
            _ => (name, path.parent()),
        };
        let folder = folder.unwrap();
        let parents = [folder.join("mod.rs"), folder.with_extension("rs"), suite.join("main.rs")];
        let parent = if folder == suite { &parents[2] } else { parents.iter().find(|file| file.exists()).unwrap() };
        let text = std::fs::read_to_string(parent).unwrap();
        if !text.lines().any(|line| line.ends_with(&format!("mod {listed_as};"))) {
            forgotten.push(path);
        }
    }
    assert_eq!(forgotten, Vec::<PathBuf>::new());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn is_room(name: &str) -> bool {
    let room = name.split("::").next().unwrap();
    room == "cli" || FLOORS.iter().any(|(known, _)| *known == room)
}

fn is_in(path: &str, room: &str) -> bool {
    path.starts_with(&format!("{room}/"))
}

/// Every Rust file below `folder`, by its path from the top.
fn files(folder: &str) -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root().join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has files");
    found
}

/// The files of the program without their tests, by their path below `src`.
fn program() -> Vec<(String, String)> {
    let is_test = |path: &str| path.contains("/tests/") || path.ends_with("/tests.rs");
    files("src")
        .into_iter()
        .filter(|(path, _)| !is_test(path))
        .map(|(path, text)| {
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
            (path.strip_prefix("src/").unwrap().to_owned(), text)
        })
        .collect()
}

/// The lines of code with their numbers, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// What is named from the top of the package, with its line: `use crate::{a, b::c}` names `a` and `b::c`.
fn names(text: &str) -> Vec<(usize, String)> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    for (number, line) in code(text) {
        for rest in line.split("crate::").skip(1) {
            if let Some(list) = rest.strip_prefix('{') {
                let list = list.split(['}', '{']).next().unwrap();
                found.extend(list.split(',').map(|name| (number, name.trim().to_owned())));
            } else {
                let name: String = rest.chars().take_while(|c| is_path(*c)).collect();
                let parts = rest[name.len()..].strip_prefix('{').map(|list| list.split('}').next().unwrap());
                match parts {
                    Some(list) => found.extend(list.split(',').map(|part| (number, format!("{name}{}", part.trim())))),
                    None => found.push((number, name)),
                }
            }
        }
    }
    found
}
