//! Lockfile and journal under damage: detected or harmless, never a panic; and those of every format there was still
//! load.

use ppm_infra::engine::Request;
use ppm_infra::engine::state::Book;
use ppm_infra::model::document::{canonical, digest};
use ppm_infra::model::site::Site;
use ppm_infra::store::Store;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::fixture::{desk, shelf, text};
use crate::support::mutate::{any_twist, twisted};
use crate::support::random::{check, paused, sample};

const LOCKFILE: &str = "state/ppm-prod.lock.json";
const BACKUP: &str = "state/ppm-prod.lock.json.backup";

#[test]
fn a_lockfile_of_format_1_loads_and_nothing_is_to_be_done() {
    let desk = desk("whole");
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["drift"]).exit(0);
    let before = desk.files();
    desk.run(&["apply", "--auto-approve", "--values", "values.yaml"]).exit(0);
    let mut old: Value = serde_json::from_str(&text("whole", "ppm-prod.lock.json")).unwrap();
    let mut new: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
    for (address, record) in old["resources"].as_object_mut().unwrap() {
        // More order is kept today than was known of then.
        let (before, after) = (record["after"].take(), new["resources"][address]["after"].take());
        assert!(before.as_array().unwrap().iter().all(|one| after.as_array().unwrap().contains(one)), "{address}");
    }
    for part in ["resources", "deposed", "lineage", "format", "account"] {
        assert_eq!(new[part], old[part], "{part} is left as it is");
    }
    let outputs = |lockfile: &Value| lockfile["outputs"].as_object().unwrap().clone();
    let mut expected = outputs(&old);
    expected.insert("values_for".to_owned(), json!("rstudio-pm 0.20.4"));
    assert_eq!(outputs(&new), expected, "what the values were written for is new");
    assert_eq!(before.len() + 2, desk.files().len(), "the values and the lockfile as it was before are new");
    let after = desk.read(LOCKFILE);
    desk.run(&["apply", "--auto-approve", "--values", "values.yaml"]).exit(0);
    assert_eq!(desk.read(LOCKFILE), after, "and then it is left as it is");
}

#[test]
fn a_journal_of_format_1_is_gone_on_from() {
    let desk = desk("interrupted");
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["A run is under way, or was interrupted"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    assert_eq!(world["made"], 46, "nothing is made twice");
}

/// The book in a file of the shelf after each of these changes.
fn damaged(folder: &str, file: &str, mut judge: impl FnMut(&[u8], Option<Book>)) -> impl FnMut(&[u8]) {
    let (shelf, mut store) = shelf(folder);
    let path = shelf.path().join(file);
    let runtime = paused();
    move |bytes| {
        let _kept = &shelf;
        std::fs::write(&path, bytes).unwrap();
        match runtime.block_on(store.load()) {
            Ok(book) => judge(bytes, book),
            Err(error) => assert!(error.to_string().contains("ppm-prod."), "{error} names the file"),
        }
    }
}

#[test]
fn a_lockfile_with_one_bit_wrong_is_refused_or_says_the_same() {
    let whole = text("whole", "ppm-prod.lock.json").into_bytes();
    let good = paused().block_on(shelf("whole").1.load()).unwrap();
    let mut read = damaged("whole", "ppm-prod.lock.json", |bytes, book| {
        assert_eq!(book, good, "{}", String::from_utf8_lossy(bytes));
    });
    for (at, bit) in bits(whole.len(), 2000) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        read(&bytes);
    }
    for length in sample((0..2000usize).map(|n| n * whole.len() / 2000).collect()) {
        read(&whole[..length]);
    }
}

#[test]
fn a_journal_with_one_bit_wrong_is_refused_or_lacks_its_end() {
    let whole = text("interrupted", "ppm-prod.journal").into_bytes();
    // A line end that is wrong makes one line of two; the last one is dropped, for a torn one was never durable.
    let ends: Vec<usize> = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    let (place, mut store) = shelf("interrupted");
    let runtime = paused();
    let last = ends[ends.len() - 3..].iter().map(|end| {
        std::fs::write(place.path().join("ppm-prod.journal"), &whole[..*end]).unwrap();
        runtime.block_on(store.load()).unwrap()
    });
    let last: Vec<_> = last.collect();
    let mut read = damaged("interrupted", "ppm-prod.journal", |bytes, book| {
        assert!(last.contains(&book), "{}", String::from_utf8_lossy(bytes));
    });
    for (at, bit) in bits(whole.len(), 2000) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << bit;
        read(&bytes);
    }
}

/// Places spread over a file, and a bit for each.
fn bits(length: usize, count: usize) -> Vec<(usize, usize)> {
    sample((0..count).map(|n| (n * length / count, n % 8)).collect())
}

#[test]
fn an_edited_lockfile_is_refused() {
    let whole: Value = serde_json::from_str(&text("whole", "ppm-prod.lock.json")).unwrap();
    let good = paused().block_on(shelf("whole").1.load()).unwrap();
    check(
        100,
        || prop::collection::vec(any_twist(), 1..4),
        |_, twists| {
            let edited = twisted(&whole, &twists);
            let mut read = damaged("whole", "ppm-prod.lock.json", |bytes, book| {
                assert_eq!(book, good, "{}", String::from_utf8_lossy(bytes));
            });
            read(edited.to_string().as_bytes());
        },
    );
}

/// What is said against the stack with this lockfile.
fn objection(lockfile: &Value) -> Option<String> {
    let (place, mut store) = shelf("whole");
    std::fs::write(place.path().join("ppm-prod.lock.json"), lockfile.to_string()).unwrap();
    paused().block_on(store.load()).err().map(|error| error.to_string())
}

/// This lockfile without a digest, with the one that fits it.
fn sealed(lockfile: &Value) -> Value {
    let mut sealed = lockfile.clone();
    sealed["digest"] = json!(digest(canonical(lockfile).as_bytes()));
    sealed
}

#[test]
fn a_lockfile_that_cannot_be_right_is_refused_though_its_digest_fits() {
    fn at<'a>(state: &'a mut Value, address: &str) -> &'a mut Value {
        &mut state["resources"][address]
    }
    /// Traffic of the group at the second address reaches the one at the first.
    fn admit(state: &mut Value, to: &str, from: &str) {
        let rule = json!({"description": "x", "from_port": 1, "to_port": 1, "protocol": "tcp",
            "peer": {"group": {"$ref": from}}});
        at(state, to)["declared"]["ingress"] = json!([rule]);
    }
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 9] = [
        (
            |state| state["resources"]["volume.main"] = state["resources"]["vpc.main"].clone(),
            "volume.main is of a kind this program does not know",
        ),
        (
            |state| at(state, "vpc.main")["declared"]["cidr"] = json!(7),
            "vpc.main does not have the shape of its kind: declared: ",
        ),
        (
            |state| at(state, "vpc.main")["computed"]["id"] = json!(7),
            "vpc.main does not have the shape of its kind: computed: ",
        ),
        (
            |state| at(state, "vpc.main")["attempted"] = json!([{"cidr": "10.0.0.0/16"}]),
            "vpc.main does not have the shape of its kind: declared: ",
        ),
        (
            |state| {
                let mut old = at(state, "vpc.main").clone();
                old["computed"] = json!({"name": "vpc-0000dead"});
                state["deposed"]["vpc.main"] = json!([{"key": "vpc-0000dead", "recorded": old}]);
            },
            "vpc.main does not have the shape of its kind: computed: ",
        ),
        (
            |state| {
                state["resources"].as_object_mut().unwrap().remove("internet_gateway.main").unwrap();
            },
            "route_table.public points at internet_gateway.main, which is not recorded",
        ),
        (
            |state| at(state, "elastic_ip.nat-b")["computed"] = at(state, "elastic_ip.nat-a")["computed"].clone(),
            "elastic_ip.nat-a and elastic_ip.nat-b have the same id eipalloc-00000006",
        ),
        (
            |state| {
                let old = at(state, "vpc.main").clone();
                state["deposed"]["vpc.main"] = json!([{"key": "vpc-00000001", "recorded": old}]);
            },
            "vpc.main and vpc.main have the same id vpc-00000001",
        ),
        (
            |state| {
                admit(state, "security_group.database", "security_group.load-balancer");
                admit(state, "security_group.load-balancer", "security_group.database");
            },
            "recorded resources need each other in a circle, security_group.database among them",
        ),
    ];
    let mut whole: Value = serde_json::from_str(&text("whole", "ppm-prod.lock.json")).unwrap();
    whole.as_object_mut().unwrap().remove("digest").unwrap();
    for (edit, said) in edits {
        let mut edited = whole.clone();
        edit(&mut edited);
        let objection = objection(&sealed(&edited)).unwrap_or_else(|| panic!("taken: {said}"));
        assert_eq!(objection.matches(said).count(), 1, "{said} in {objection}");
        assert!(objection.contains("ppm-prod.lock.json is not sound: "), "{objection}");
    }
    // A group whose members may talk to each other is an everyday thing.
    let mut within = whole.clone();
    admit(&mut within, "security_group.database", "security_group.database");
    assert_eq!(objection(&sealed(&within)), None);
}

#[test]
fn a_lockfile_without_a_digest_is_refused() {
    let mut whole: Value = serde_json::from_str(&text("whole", "ppm-prod.lock.json")).unwrap();
    whole["digest"] = Value::Null;
    let null = objection(&whole).unwrap();
    whole.as_object_mut().unwrap().remove("digest");
    let none = objection(&whole).unwrap();
    for said in [null, none] {
        assert!(said.contains("was changed by something other than ppm-infra"), "{said}");
    }
}

/// Whoever edits may make the digest fit as well: then it is refused, or planned with, and nothing panics.
#[test]
fn an_edited_lockfile_with_a_fitting_digest_never_crashes_a_plan() {
    use crate::support::bench::session;
    use crate::support::fixture::world;
    use crate::support::reference::{Declared, reference};
    use ppm_infra::cloud::simulated::{ACCOUNT, Simulated};
    use ppm_infra::resources;
    use ppm_infra::run::{self, EventEmitter};
    use std::sync::Arc;

    let mut whole: Value = serde_json::from_str(&text("whole", "ppm-prod.lock.json")).unwrap();
    whole.as_object_mut().unwrap().remove("digest");
    let cloud = Simulated::new(resources::catalog(), Site::new("us-east-1", ACCOUNT), world("whole"));
    let session = session(Arc::new(cloud), &resources::catalog());
    check(
        100,
        || (prop::collection::vec(any_twist(), 1..4), any::<bool>(), any::<Index>()),
        |runtime, (twists, destroy, replace)| {
            let edited = twisted(&whole, &twists);
            if !edited.is_object() {
                return;
            }
            let (place, mut store) = shelf("whole");
            std::fs::write(place.path().join("ppm-prod.lock.json"), sealed(&edited).to_string()).unwrap();
            let Ok(Some(book)) = runtime.block_on(store.load()) else { return };
            let addresses: Vec<_> = book.state.resources.keys().cloned().collect();
            let replace = (!destroy && !addresses.is_empty()).then(|| replace.get(&addresses).clone());
            let ask = Request { destroy, replace: replace.into_iter().collect(), ..Request::default() };
            let mut events = EventEmitter::new(&session, &mut []);
            // Refused or planned, as long as it says so.
            let _ = runtime.block_on(run::plan(&session, &Declared(reference()), &book.state, &ask, &mut events));
        },
    );
}

#[test]
fn what_is_said_of_a_damaged_lockfile_is_true() {
    let desk = desk("whole");
    desk.run(&["state", "rm", "target_attachment.nodes"]).exit(0);
    assert_eq!(desk.read(BACKUP), text("whole", "ppm-prod.lock.json"), "the version before is kept");
    desk.write(LOCKFILE, "{");
    let hint = "ppm-infra state restore";
    desk.run(&["plan"]).exit(78).says(&["is damaged", hint, "nothing was changed"]);
    std::fs::copy(desk.path(BACKUP), desk.path(LOCKFILE)).unwrap();
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn what_is_said_of_a_damaged_journal_is_true() {
    let desk = desk("interrupted");
    let journal = "state/ppm-prod.journal";
    desk.write(journal, &desk.read(journal).replacen("begin", "begun", 1));
    let hint = format!("mv {journal} {journal}.damaged");
    let said = desk.run(&["apply", "--auto-approve"]).exit(78).says(&[journal, "is damaged", &hint]);
    assert!(!said.stderr.contains("git show"), "nobody commits a journal: {said}");
    std::fs::rename(desk.path(journal), desk.path("state/ppm-prod.journal.damaged")).unwrap();
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    assert_eq!(world["made"], 46, "what was made is found by its marks");
}

#[test]
fn a_declaration_that_is_no_text_gets_no_advice_about_lockfiles() {
    let desk = Desk::simulated();
    desk.write("plans/reference.yaml", "");
    std::fs::write(desk.path("plans/reference.yaml"), b"stack: \xff\xfe").unwrap();
    let said = desk.run(&["plan"]).exit(65).says(&["it is not UTF-8 text"]);
    assert!(!said.stderr.contains("lockfile"), "{said}");
}

#[test]
fn the_lockfile_before_the_last_write_is_put_in_force_again() {
    let desk = desk("whole");
    desk.run(&["state", "history"]).exit(0).says(&["2  in force"]);
    // The first apply of a lockfile that does not know it records what the values were written for, in a write of its own.
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["state", "history"]).exit(0).says(&["2\n3  in force"]);
    desk.run(&["apply", "--auto-approve", "--replace", "node_group.main"]).exit(0);
    let nodes = |desk: &Desk| desk.run(&["state", "show", "node_group.main"]).exit(0).stdout;
    let new = nodes(&desk);
    desk.run(&["state", "history"]).exit(0).says(&["3\n4  in force"]);
    desk.run(&["state", "restore", "1"]).exit(64).says(&["serial 1 is not kept", "a folder keeps the one before"]);
    // It does not know the new nodes, which stand.
    desk.run(&["state", "restore", "3"]).exit(78).says(&["does not know node_group.main", "restore 3 --force"]);
    desk.run(&["state", "restore", "3", "--force"])
        .exit(0)
        .says(&["as serial 5", "no plan is sure to find node_group.main"]);
    assert_ne!(nodes(&desk), new, "the old record is in force");
    // What was undone is kept in its turn.
    desk.run(&["state", "restore", "4", "--force"]).exit(0).says(&["as serial 6"]);
    assert_eq!(nodes(&desk), new);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

/// What stands settles what the declaration leaves open, also where no record tells of it.
#[test]
fn without_any_record_nothing_is_chosen_anew() {
    let desk = Desk::simulated();
    let declare = |lines: &str| desk.write("plans/a.yaml", &format!("stack: ppm-prod\nregion: us-east-1\n{lines}"));
    let world = || -> Value { serde_json::from_str(&desk.read("world.json")).unwrap() };
    // When it was made, the region had no zone a, and the defaults were others.
    let zones = ["us-east-1b", "us-east-1c", "us-east-1d"];
    desk.write("world.json", &json!({"made": 0, "objects": {}, "zones": zones}).to_string());
    declare("kubernetes: {version: \"1.35\"}\ndatabase: {engine_version: \"16\"}\nload_balancer: {node_port: 30442}\n");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let mut now = world();
    now.as_object_mut().unwrap().remove("zones");
    desk.write("world.json", &now.to_string());
    declare("");
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    std::fs::remove_dir_all(desk.path("state")).unwrap();
    let said = desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    said.says(&["Kubernetes stays at 1.35", "PostgreSQL stays at 16", "No changes. Everything is as declared."]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    assert_eq!(world()["objects"], now["objects"], "nothing was made anew, and nothing went");
}

#[test]
fn a_copy_of_another_stacks_lockfile_is_refused() {
    let desk = desk("whole");
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/b.yaml", &text.replace("stack: ppm-prod", "stack: ppm-b"));
    desk.write("state/ppm-b.lock.json", &desk.read(LOCKFILE));
    let before = desk.files();
    for command in ["plan", "apply", "drift", "destroy", "status"] {
        let said = desk.run(&[command, "plans/b.yaml"]);
        assert!(said.code != 0, "{said}");
        said.says(&["ppm-b.lock.json", "it is the record of the stack ppm-prod, not of ppm-b", "move it away"]);
    }
    assert_eq!(desk.files(), before);
    std::fs::remove_file(desk.path("state/ppm-b.lock.json")).unwrap();
    desk.run(&["plan", "plans/b.yaml"]).exit(0).says(&["to create"]);
}
