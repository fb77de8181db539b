//! The catalogue of kinds: whoever adds one is told what is missing, where the compiler cannot ask for it.

use std::collections::BTreeSet;
use std::path::Path;

use ppm_infra::described::table::MemberTables;
use ppm_infra::model::address::Address;
use ppm_infra::model::component::Component;
use ppm_infra::model::resource::OnChange;
use ppm_infra::permissions::calls;
use ppm_infra::resources::catalog;
use ppm_infra::stack::{Protected, Word as _};
use serde_json::Value;

use crate::support::binary::Desk;

/// How the emulator's inventory shows what it has another word for, or counts as a part of something else.
const IN_INVENTORY: [(&str, &str); 4] = [
    ("database", "\"db_instance\""),
    ("node_group", "\"nodegroup\""),
    ("security_group_rule", "rules=rules"),
    ("target_attachment", "\"target_groups\""),
];

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap_or_default()
}

fn kinds() -> BTreeSet<String> {
    catalog().keys().map(ToString::to_string).collect()
}

#[test]
fn every_file_of_a_kind_is_in_the_catalogue() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/resources");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let kinds_of_files = files.filter(|path| path.is_file()).filter_map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        text.contains("impl Resource for").then(|| path.file_stem().unwrap().to_str().unwrap().to_owned())
    });
    assert_eq!(kinds_of_files.collect::<BTreeSet<_>>(), kinds(), "every_kind! in src/resources/mod.rs");
}

#[test]
fn every_duration_of_the_table_is_about_a_kind_and_a_field_of_it() {
    let table = read("src/resources/durations.tsv");
    let rows: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).skip(1).collect();
    let of_kinds: BTreeSet<String> = rows.iter().map(|row| row.split('\t').next().unwrap().to_owned()).collect();
    assert_eq!(of_kinds, kinds(), "src/resources/durations.tsv");
    for (kind, facts) in catalog() {
        for case in facts.typical.cases {
            assert!(facts.fields.iter().any(|field| field.name == case.field), "{kind} has no field {}", case.field);
        }
        let all = facts.typical.cases.iter().map(|case| case.spread);
        let usual = [facts.typical.create, facts.typical.update, facts.typical.delete];
        for spread in all.chain(usual) {
            assert!(spread.p50 > 0 && spread.p50 < spread.p90, "{kind}: {spread:?}");
        }
    }
}

#[test]
fn every_kind_is_counted_in_the_inventory_of_the_emulator() {
    let inventory = read("tests/emulator/strict/inventory.py");
    let (live, _) = inventory.split_once("def leftover(").unwrap();
    let known = |kind: &str| IN_INVENTORY.iter().find(|(one, _)| *one == kind).map(|(_, shown)| (*shown).to_owned());
    let counted = |kind: &String| live.contains(&known(kind).unwrap_or_else(|| format!("\"{kind}\"")));
    let missing: Vec<String> = kinds().into_iter().filter(|kind| !counted(kind)).collect();
    assert_eq!(missing, Vec::<String>::new(), "what no crash and no destroy would be seen to leave behind");
}

#[test]
fn every_kind_has_the_story_of_a_life_among_the_tests() {
    let listed = read("tests/suite/kinds/mod.rs");
    let mut missing = Vec::new();
    for (kind, facts) in catalog() {
        let story = read(&format!("tests/suite/kinds/{kind}.rs"));
        let changes = facts.fields.iter().any(|field| !matches!(field.on_change, OnChange::Replace | OnChange::Ignore));
        let verbs = [".make(", ".find_again::<", ".remove::<"].into_iter().chain(changes.then_some(".change("));
        let untold: Vec<&str> = verbs.filter(|verb| !story.contains(verb)).collect();
        if !untold.is_empty() {
            missing.push(format!("tests/suite/kinds/{kind}.rs has no {untold:?}"));
        }
        if !listed.contains(&format!("mod {kind};")) {
            missing.push(format!("tests/suite/kinds/mod.rs has no `mod {kind};`"));
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "every kind is made, found again, changed and removed");
}

#[test]
fn what_users_notice_is_of_a_field_that_is_changed_in_place() {
    let mut named = 0;
    for (kind, facts) in catalog() {
        for row in (facts.field_impacts)() {
            let field = facts.fields.iter().find(|field| field.name == row.field);
            let field = field.unwrap_or_else(|| panic!("src/resources/{kind}.rs: NOTICED names {}", row.field));
            assert!(!matches!(field.on_change, OnChange::Replace | OnChange::Ignore), "{kind} {}", row.field);
            assert!(!row.impact.what.is_empty() && !row.impact.what.ends_with('.'), "{kind} {}", row.field);
            named += usize::from(row.impact.class.interrupts());
        }
    }
    assert!(named > 20, "{named}");
}

/// Whoever reads a lockfile finds there what AWS decided of each kind.
#[test]
fn every_kind_has_its_row_on_the_page_of_the_lockfile() {
    let page = read("docs/state-format.md");
    let table = page.split("| kind | `computed` |").nth(1).expect("the page has the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let told: BTreeSet<&str> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).collect();
    let kinds: BTreeSet<String> = kinds().iter().map(ToString::to_string).collect();
    assert_eq!(told, kinds.iter().map(String::as_str).collect(), "docs/state-format.md");
}

#[test]
fn the_table_of_permissions_has_the_calls_that_every_kind_names_at_its_head() {
    let allowed: BTreeSet<String> = calls().iter().map(|call| call.operation.to_lowercase()).collect();
    let mut wrong = Vec::new();
    for kind in kinds() {
        let text = read(&format!("src/resources/{kind}/aws.rs"));
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        let head = head.join(" ");
        let named: Vec<&str> = head.split('`').skip(1).step_by(2).filter(|word| is_call(word)).collect();
        if named.len() < 3 {
            wrong.push(format!(
                "the head of src/resources/{kind}/aws.rs names {named:?}: each call it makes, or there is no such file"
            ));
        }
        for call in named {
            if !allowed.contains(&call.to_lowercase()) {
                wrong.push(format!("{kind}: src/permissions/table has no row for {call}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Whether a word is the name of a call: as `CreateVpc` is, and `vpc` or `VPC` is not.
fn is_call(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_uppercase)
        && letters.next().is_some_and(char::is_lowercase)
        && word.chars().all(char::is_alphanumeric)
}

#[test]
fn what_changes_of_every_answer_mean_is_written_down() {
    let tables = MemberTables::of(&catalog());
    for (kind, table) in tables.iter() {
        assert_eq!(table.faults, Vec::<String>::new(), "src/resources/{kind}/described.tsv");
        assert!(!table.rows.is_empty(), "src/resources/{kind}/described.tsv");
    }
    assert!(tables.iter().map(|(kind, _)| kind.to_string()).eq(kinds()));
}

#[test]
fn every_kind_belongs_to_a_part_of_the_architecture_and_says_what_tells_most() {
    for (kind, facts) in catalog() {
        assert_ne!(facts.component, Component::Other, "{kind}");
        for field in facts.summary.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
            assert!(facts.fields.iter().any(|known| known.name == field), "{kind}: {field}");
        }
    }
    let places: BTreeSet<usize> = catalog().values().map(|facts| facts.place).collect();
    assert_eq!(places.len(), catalog().len(), "each has a place of its own");
}

#[test]
fn whatever_a_kind_tells_of_its_health_can_be_asked() {
    let told = kinds().into_iter().filter_map(|kind| {
        let calls = read(&format!("src/resources/{kind}/aws.rs"));
        let (_, rest) = calls.split_once("type Health = ").unwrap_or_else(|| panic!("{kind} does not say"));
        let answer = rest.split(';').next().unwrap().replace("health::", "");
        (answer != "Silent<Self>").then(|| format!("Probe<{answer}>"))
    });
    let port = read("src/cloud/health.rs");
    let (_, asked) = port.split_once("pub trait Health:").unwrap();
    let asked = asked.split('{').next().unwrap().split('+').map(|one| one.trim().to_owned());
    assert_eq!(asked.collect::<BTreeSet<_>>(), told.collect(), "the trait Health of src/cloud/health.rs");
}

#[test]
fn what_can_be_protected_is_what_holds_data() {
    let held: BTreeSet<&str> = catalog().values().filter_map(|facts| facts.holds.data()).collect();
    assert_eq!(Protected::CHOICES.iter().map(|choice| choice.word).collect::<BTreeSet<_>>(), held);
}

#[test]
fn every_object_has_a_name_in_the_audit_log() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let catalog = catalog();
    for (address, record) in lockfile["resources"].as_object().unwrap() {
        let kind = &address.parse::<Address>().unwrap().kind;
        let name = catalog[kind].audit.unwrap_or_else(|| panic!("{kind} has none"));
        let has = |field: &str| {
            ["computed", "declared"]
                .iter()
                .any(|side| record[*side][field].as_str().is_some_and(|told| !told.is_empty()))
        };
        assert!(record["computed"][name.field].is_string(), "{address} has no {}: {record}", name.field);
        assert!(name.part.is_none_or(has), "{address} has no {:?}: {record}", name.part);
    }
}
