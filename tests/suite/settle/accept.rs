//! `drift accept`: the declaration says what is there, and nothing else in it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{DECLARED, meddle, move_all, standing, written};
use crate::support::binary::Desk;
use crate::support::hint::{follow, hint};

/// Indented by twice as much.
fn deeper(text: &str) -> String {
    let line = |line: &str| format!("{}{}\n", " ".repeat(line.len() - line.trim_start().len()), line);
    text.lines().map(line).collect()
}

/// Its sections, with the comments above them.
fn sections(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.lines() {
        let begins = line.starts_with("# Who")
            || line.starts_with("# The met")
            || line.starts_with("load_")
            || line.starts_with("# The end");
        if begins {
            parts.push(String::new());
        }
        let last = parts.last_mut().unwrap();
        last.push_str(line);
        last.push('\n');
    }
    parts
}

/// How a declaration can be laid out: each says what [`DECLARED`] says.
fn layouts() -> Vec<(String, String)> {
    type Layout = (&'static str, fn(&str) -> String);
    let quoted = |text: &str, quote: &str| {
        let line = |line: &str| match line.split_once(": ") {
            Some((key, rest)) if !line.trim_start().starts_with('#') && !rest.starts_with('[') => {
                let (value, comment) =
                    rest.split_once(" #").map_or((rest, String::new()), |(v, c)| (v, format!(" #{c}")));
                let is_text = value.trim().parse::<f64>().is_err() && value.trim() != "true";
                let quote = if is_text { quote } else { "" };
                format!("{key}: {quote}{}{quote}{comment}", value.trim_end())
            }
            _ => line.to_owned(),
        };
        text.lines().map(|one| line(one) + "\n").collect::<String>()
    };
    let plain: [Layout; 15] = [
        ("as it is", |text| text.to_owned()),
        ("indented by four", deeper),
        ("without an end of its last line", |text| text.trim_end().to_owned()),
        ("with a byte order mark", |text| format!("\u{feff}{text}")),
        ("between marks of a document", |text| format!("---\n{text}...\n")),
        ("with many blank lines", |text| text.replace('\n', "\n\n")),
        ("with a comment after each line", |text| {
            // The comment on the line of an item that goes is about that item, and goes with it.
            let is_bare = |line: &str| line.is_empty() || line.trim_start().starts_with("- ");
            let line =
                |(n, line): (usize, &str)| if is_bare(line) { format!("{line}\n") } else { format!("{line} # {n}\n") };
            text.lines().enumerate().map(line).collect()
        }),
        ("with blanks at the ends", |text| text.replace('\n', "   \n").replace("/24   ", "/24")),
        ("with wide gaps", |text| {
            text.replace(": 1", ":      1")
                .replace(": 3", ":\t3")
                .replace(": true", ":   true")
                .replace(": db", ":  db")
        }),
        ("with lists that are not indented", |text| text.replace("    - ", "  - ").replace("    # keep", "  # keep")),
        ("with lists in brackets", |text| {
            text.replace(
                ":\n    # keep in order\n    - 203.0.113.0/24\n    - 198.51.100.0/24\n",
                ": [ 203.0.113.0/24, 198.51.100.0/24 ] # keep in order\n",
            )
        }),
        ("with lists in brackets over several lines", |text| {
            text.replace("[192.0.2.0/24, 10.0.0.0/8]", "[\n    192.0.2.0/24,\n    10.0.0.0/8\n  ]")
        }),
        ("with sections in braces", |text| {
            text.replace(
                "load_balancer:\n  idle_timeout_seconds: 311\n  allow_from: [192.0.2.0/24, 10.0.0.0/8]\n  # From ACM.\n  certificate: ",
                "load_balancer: { idle_timeout_seconds: 311, allow_from: [192.0.2.0/24, 10.0.0.0/8], certificate: ",
            )
            .replace("\n  domain: packages.example.com\n", ", domain: packages.example.com } # all of it\n")
            .replace("nodes:\n    disk_gib: 123  # for", "nodes: {disk_gib: 123}  # for")
        }),
        ("in another order", |text| {
            let mut parts = sections(text);
            parts[1..].reverse();
            parts.concat()
        }),
        ("with an anchor that nobody uses", |text| text.replace("storage_gib: 120", "storage_gib: &size 120")),
    ];
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, text: String| {
        all.push((format!("{name}, ended as on Windows"), text.replace('\n', "\r\n")));
        all.push((name, text));
    };
    for (name, layout) in plain {
        add(name.to_owned(), layout(DECLARED));
    }
    add("in double quotes".to_owned(), quoted(DECLARED, "\""));
    add("in single quotes, indented".to_owned(), deeper(&quoted(DECLARED, "'")));
    all
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.find('#').map(|at| line[at..].trim_end())).collect()
}

#[test]
fn in_every_layout_only_the_lines_change_that_must() {
    let original = standing(DECLARED);
    let layouts = layouts();
    assert!(layouts.len() >= 30, "{}", layouts.len());
    let distinct: BTreeSet<&String> = layouts.iter().map(|(_, text)| text).collect();
    assert_eq!(distinct.len(), layouts.len(), "each is another one");
    for (name, text) in layouts {
        let desk = written(&original, &text);
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
        let moves = move_all(&desk);
        let mut expected = text.clone();
        for (_, field, from, to) in &moves {
            // The value, and not what else is spelt alike.
            let at = expected.find(&format!("{}:", declared_as(field))).unwrap();
            let at = at + expected[at..].find(from).unwrap_or_else(|| panic!("{name}: {field} has no {from}"));
            expected.replace_range(at..at + from.len(), to);
        }
        let addresses: BTreeSet<&str> = moves.iter().map(|(address, ..)| *address).collect();
        let accept: Vec<&str> = ["drift", "accept"].into_iter().chain(addresses).collect();

        let before = desk.files();
        let dry = desk.run(&[&accept[..], &["--dry-run"]].concat()).exit(0);
        assert_eq!(desk.files(), before, "{name}: nothing is written: {dry}");
        let said = desk.run(&accept).exit(0);
        assert_eq!(said.stdout, dry.stdout, "{name}: what was shown is what is done");
        let after = desk.read("plans/prod.yaml");
        assert_eq!(after, expected, "{name}: {said}");
        assert_eq!(comments(&after), comments(&text), "{name}");
        desk.run(&["drift"]).exit(0);
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    }
}

/// The key by which a field is declared.
fn declared_as(field: &str) -> &str {
    if field == "ingress" { "allow_from" } else { field }
}

#[test]
fn a_key_that_is_not_written_comes_among_its_siblings() {
    let text = "stack: ppm-prod\nregion: us-east-1\n\n# how many\nkubernetes:\n  nodes: # machines\n    disk_gib: 123\n\n# named\ntags:\n  a: b\n";
    let desk = standing(text);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    meddle(&desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(60));
    meddle(&desk, "cluster.main", |cluster| {
        cluster["public_access"] = json!(false);
        cluster["public_cidrs"] = json!([]);
    });
    desk.run(&["drift", "accept", "database.main", "load_balancer.main", "cluster.main"]).exit(0);
    let expected = "stack: ppm-prod\nregion: us-east-1\n\n# how many\nkubernetes:\n  public_cidrs: []\n  nodes: # machines\n    disk_gib: 123\n\ndatabase:\n  backup_days: 3\n\nload_balancer:\n  idle_timeout_seconds: 60\n\n# named\ntags:\n  a: b\n";
    assert_eq!(desk.read("plans/prod.yaml"), expected);
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

/// Everything but what runs leave of themselves.
fn unrecorded(desk: &Desk) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = desk.files();
    files.retain(|path, _| !path.to_string_lossy().ends_with(".runs.jsonl"));
    files
}

#[test]
fn one_field_is_accepted_and_the_others_stay_drift() {
    let desk = standing(DECLARED);
    move_all(&desk);
    desk.run(&["drift", "accept", "database.main", "backup_days", "multi_az"]).exit(0).says(&["database.backup_days"]);
    let report = desk.run(&["drift", "--json"]).exit(2).json().pop().unwrap();
    let database = report["drift"].as_array().unwrap().iter().find(|one| one["address"] == "database.main").unwrap();
    let left: Vec<&str> =
        database["fields"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(left, ["instance_class", "storage_gib"]);
    let expected = DECLARED.replace("backup_days: 11", "backup_days: 3").replace("multi_az: true", "multi_az: false");
    assert_eq!(desk.read("plans/prod.yaml"), expected);
    let before = unrecorded(&desk);
    desk.run(&["drift", "accept", "database.main", "backup_days"])
        .exit(1)
        .says(&["as it was recorded", "nothing was changed"]);
    let said = desk.run(&["drift", "accept", "vpc.main"]).exit(1).says(&["vpc.main is as it was recorded"]);
    follow(&desk, &said, "shows what drifted", "ppm-infra drift").exit(2);
    desk.run(&["drift", "accept", "backup_days"]).exit(64).says(&["`backup_days` is no address"]);
    assert_eq!(unrecorded(&desk), before);
}

#[test]
fn what_no_key_declares_is_recorded_and_what_apply_does_is_told() {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["tags"]["team"] = json!("data"));
    meddle(&desk, "iam_role.nodes", |role| role["description"] = json!("somebody's"));
    let said = desk.run(&["drift", "accept", "database.main", "iam_role.nodes", "--json"]).exit(0);
    let told = said.json().pop().unwrap();
    assert_eq!(told["written"], Value::Null, "{said}");
    let all = told["accepted"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{said}");
    assert!(all.iter().all(|one| one["declared"] == json!(false) && one["because"].is_string()), "{said}");
    assert!(all[0]["because"].as_str().unwrap().contains("`tags` is for every object"), "{said}");
    assert_eq!((&all[0]["apply"], &all[1]["apply"]), (&json!("update"), &json!("update")), "{said}");
    assert_eq!(desk.read("plans/prod.yaml"), DECLARED);
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(2);
    meddle(&desk, "iam_role.nodes", |role| role["description"] = json!("another's"));
    let said = desk.run(&["drift", "accept", "iam_role.nodes"]).exit(0);
    let said = said.says(&["not declarable", "puts it back all the same"]);
    let waived = hint(&desk, &said, "lets it stand for a while", "ppm-infra drift waive").with("TEXT", "known").run();
    waived.exit(0).says(&["iam_role.nodes", "description", "known"]);
    hint(&desk, &said, "The next `ppm-infra apply", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn where_apply_would_replace_or_refuse_a_finding_says_how_to_keep_it() {
    let desk = standing(DECLARED);
    meddle(&desk, "node_group.main", |nodes| nodes["disk_gib"] = json!(456));
    let said = desk.run(&["drift", "--json"]).exit(2).says(&["another object takes its place"]);
    follow(&desk, &said, "keeps what is there", "ppm-infra drift accept").exit(0);
    desk.run(&["drift"]).exit(0);
    desk.write("plans/prod.yaml", &DECLARED.replace("kubernetes:\n", "kubernetes:\n  version: \"1.35\"\n"));
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&["cannot go from"]);
    meddle(&desk, "cluster.main", |cluster| cluster["deletion_protection"] = json!(false));
    let said = desk.run(&["drift", "--json"]).exit(2);
    said.says(&["with `ppm-infra apply plans/prod.yaml` nothing is done: ", "cannot go from"]);
}

#[test]
fn tags_that_every_object_has_now_are_declared() {
    let desk = standing(&format!("{DECLARED}tags: {{ team: data }}\n"));
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let mut addresses = Vec::new();
    for object in world["objects"].as_object_mut().unwrap().values_mut() {
        if object["declared"]["tags"]["team"] == json!("data") {
            object["declared"]["tags"]["team"] = json!("science");
            addresses.push(object["mark"]["address"].as_str().unwrap().to_owned());
        }
    }
    assert!(addresses.len() > 40);
    desk.write("world.json", &world.to_string());
    let accept: Vec<&str> = ["drift", "accept"].into_iter().chain(addresses.iter().map(String::as_str)).collect();
    desk.run(&accept).exit(0);
    assert_eq!(desk.read("plans/prod.yaml"), format!("{DECLARED}tags: {{ team: science }}\n"));
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn what_else_a_key_decides_is_told() {
    let desk = standing(DECLARED);
    meddle(&desk, "target_group.main", |group| group["port"] = json!(30_077));
    let said = desk.run(&["drift", "accept", "target_group.main"]).exit(0);
    said.says(&["leaves it open"]);
    assert_eq!(desk.read("plans/prod.yaml"), DECLARED, "a port that is not declared is the one that stands");
    let text = format!("{}  node_port: 30055\n", DECLARED.replace("# The end.\n", ""));
    let desk = standing(&text);
    meddle(&desk, "target_group.main", |group| group["port"] = json!(30_077));
    let said = desk.run(&["drift", "accept", "target_group.main"]).exit(0);
    said.says(&[
        "declared by `load_balancer.node_port`",
        "the next apply changes",
        "nodes-from-load-balancer from_port",
    ]);
    assert_eq!(desk.read("plans/prod.yaml"), text.replace("30055", "30077"));
    desk.run(&["drift"]).exit(0);
}

#[test]
fn an_administrator_who_is_gone_leaves_the_list() {
    let arn = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let text = format!(
        "stack: ppm-prod\nregion: us-east-1\nkubernetes:\n  admins:\n    # first\n    - {}\n    - {} # second\n",
        arn("one"),
        arn("two")
    );
    let desk = standing(&text);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object_mut().unwrap();
    let gone = |object: &Value| object["declared"]["principal"].to_string().contains("role/two");
    let number = objects.iter().find(|(_, object)| gone(object)).unwrap().0.clone();
    let address = objects.remove(&number).unwrap()["mark"]["address"].as_str().unwrap().to_owned();
    desk.write("world.json", &world.to_string());
    desk.run(&["drift", "accept", &address]).exit(0).says(&["kubernetes.admins"]);
    assert_eq!(desk.read("plans/prod.yaml"), text.replace(&format!("    - {} # second\n", arn("two")), ""));
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn what_cannot_be_edited_safely_is_recorded_alone_with_the_place() {
    let text = DECLARED
        .replace("storage_gib: 120", "storage_gib: &n 120")
        .replace("idle_timeout_seconds: 311", "idle_timeout_seconds: *n");
    let desk = standing(&text);
    meddle(&desk, "database.main", |database| database["storage_gib"] = json!(240));
    meddle(&desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(60));
    let said = desk.run(&["drift", "accept", "database.main", "load_balancer.main"]).exit(0);
    let line = |word: &str| 1 + text.lines().position(|line| line.contains(word)).unwrap();
    said.says(&[
        &format!("`database.storage_gib` has to be edited by hand: line {}", line("&n")),
        &format!("`load_balancer.idle_timeout_seconds` has to be edited by hand: line {}", line("*n")),
        "alias",
    ]);
    assert_eq!(desk.read("plans/prod.yaml"), text);
    desk.run(&["drift"]).exit(0);
}

#[test]
fn what_a_declaration_may_not_say_is_not_written() {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(0));
    let said = desk.run(&["drift", "accept", "database.main"]).exit(0);
    said.says(&["not declarable", "no value of `database.backup_days` makes it so"]);
    meddle(&desk, "cluster.main", |cluster| cluster["public_cidrs"] = json!(["10.9.0.0/16"]));
    desk.run(&["drift", "accept", "cluster.main"]).exit(0).says(&["the declaration refuses it", "is a private range"]);
    assert_eq!(desk.read("plans/prod.yaml"), DECLARED);
}

#[test]
fn what_is_gone_is_not_accepted() {
    let desk = standing(DECLARED);
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    let objects = world["objects"].as_object_mut().unwrap();
    objects.retain(|_, object| object["mark"]["address"] != "listener.http");
    desk.write("world.json", &world.to_string());
    let before = desk.files();
    let said = desk.run(&["drift", "accept", "listener.http"]).exit(1).says(&["is gone", "nothing was changed"]);
    assert_eq!(desk.files(), before);
    follow(&desk, &said, "shows what is made again", "ppm-infra plan").exit(0).says(&["listener.http"]);
    hint(&desk, &said, "lets it stand for a while", "ppm-infra drift waive").with("TEXT", "known").run().exit(0);
    desk.run(&["drift"]).exit(0);
}

#[test]
fn accepted_twice_or_beside_another_run_nothing_is_spoiled() {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    // Killed between the two: the declaration says it, the record does not.
    let declared = DECLARED.replace("backup_days: 11", "backup_days: 3");
    desk.write("plans/prod.yaml", &declared);
    desk.run(&["drift"]).exit(2);
    desk.run(&["drift", "accept", "database.main"]).exit(0).says(&["the declaration says so already"]);
    assert_eq!(desk.read("plans/prod.yaml"), declared);
    desk.run(&["drift"]).exit(0);

    meddle(&desk, "database.main", |database| database["backup_days"] = json!(5));
    meddle(&desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(60));
    let mut fix = desk.start(&["drift", "fix", "load_balancer.main", "--auto-approve", "--time-scale", "0.01"]);
    fix.hear("load_balancer.main");
    let files = || ["plans/prod.yaml", "state/ppm-prod.lock.json"].map(|name| desk.read(name));
    let before = files();
    desk.run(&["drift", "accept", "database.main"]).exit(4).says(&["the stack is locked", "drift fix"]);
    assert_eq!(files(), before);
    fix.kill();
    desk.run(&["drift", "accept", "database.main"]).exit(1).says(&["interrupted", "apply"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0);
}

#[test]
fn links_and_permissions_of_the_declaration_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    std::fs::rename(desk.path("plans/prod.yaml"), desk.path("kept.yaml")).unwrap();
    std::os::unix::fs::symlink("../kept.yaml", desk.path("plans/prod.yaml")).unwrap();
    std::fs::set_permissions(desk.path("kept.yaml"), std::fs::Permissions::from_mode(0o664)).unwrap();
    desk.run(&["drift", "accept", "database.main"]).exit(0);
    assert!(desk.path("plans/prod.yaml").is_symlink());
    assert_eq!(std::fs::metadata(desk.path("kept.yaml")).unwrap().permissions().mode() & 0o777, 0o664);
    assert_eq!(desk.read("kept.yaml"), DECLARED.replace("backup_days: 11", "backup_days: 3"));
    let said = desk.shell("\"$PROGRAM\" drift accept database.main -f - < kept.yaml");
    assert_eq!(said.code, 64, "{said}");
}

/// Everything the schema shows can be declared again once it drifted.
#[test]
fn the_declaration_with_every_key_is_edited_as_well() {
    let desk = Desk::simulated();
    desk.run(&["init", "--full", "plans/prod.yaml", "--set", "stack=ppm-prod", "--set", "region=us-east-1"]).exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let text = desk.read("plans/prod.yaml");
    meddle(&desk, "database.main", |database| database["backup_days"] = json!(3));
    meddle(&desk, "cluster.main", |cluster| cluster["public_cidrs"] = json!(["198.51.101.0/24"]));
    desk.run(&["drift", "accept", "database.main", "cluster.main"]).exit(0);
    let after = desk.read("plans/prod.yaml");
    let changed: Vec<(&str, &str)> = text.lines().zip(after.lines()).filter(|(one, other)| one != other).collect();
    let expected = [
        ("  public_cidrs: [0.0.0.0/0]", "  public_cidrs: [198.51.101.0/24]"),
        ("  backup_days: 7", "  backup_days: 3"),
    ];
    assert_eq!(changed, expected);
    assert_eq!(text.lines().count(), after.lines().count());
    desk.run(&["drift"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}
