//! Commands that are named where declarations, saved plans and other files are read.

use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};
use crate::support::hint::{follow, hint};

/// The declaration that a test of this is about, and nothing else.
fn declared() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk
}

fn standing() -> Desk {
    let desk = declared();
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// A text that stands in a file, as if it had been said.
fn file(desk: &Desk, name: &str) -> Said {
    Said { code: 0, stdout: desk.read(name), stderr: String::new() }
}

const ANSWERS: [(&str, &str); 7] = [
    ("called?", "ppm-new"),
    ("region?", "us-east-1"),
    ("account", ""),
    ("nodes?", ""),
    ("bucket", ""),
    ("host name", ""),
    ("certificate", ""),
];

#[test]
fn where_no_declaration_is_found() {
    let desk = Desk::simulated();
    let said = desk.run(&["plan"]).exit(64);
    let asked = hint(&desk, &said, "or write one with", "ppm-infra init").talk(&ANSWERS);
    asked.exit(0).says(&["Wrote plans/stack.yaml"]);
    desk.run(&["plan"]).exit(0).says(&["ppm-new in us-east-1"]);
    desk.write("my.yaml", "stack: ppm-mine\nregion: us-east-1\narchitecture: kubernetes\n");
    follow(&desk, &said, "or write one with", "ppm-infra plan my.yaml").exit(0).says(&["ppm-mine in us-east-1"]);
    // One that is named is written there.
    let said = desk.run(&["validate", "plans/our test.yaml"]).exit(65);
    let asked = hint(&desk, &said, "` writes a declaration", "ppm-infra init").talk(&ANSWERS);
    asked.exit(0).says(&["Wrote plans/our test.yaml"]);
    let next = desk.run(&["init", "plans/a third.yaml", "--set", "stack=ppm-3", "--set", "region=us-east-1"]).exit(0);
    follow(&desk, &next, "Wrote ", "ppm-infra plan").exit(0).says(&["ppm-3 in us-east-1"]);
    // Where there are several, any may be named.
    let said = desk.run(&["plan"]).exit(64);
    follow(&desk, &said, "name one of them", "ppm-infra plan").exit(0).says(&["ppm-3 in us-east-1"]);
}

#[test]
fn where_a_declaration_stands_already_or_says_nothing() {
    let desk = declared();
    let init = ["init", "plans/reference.yaml", "--set", "stack=ppm new", "--set", "region=us-east-1"];
    desk.run(&init).exit(64).says(&["--set 'stack=ppm new'"]);
    for n in 0..2 {
        let stack = format!("stack=ppm-{n}");
        let said = desk.run(&["init", "plans/reference.yaml", "--set", &stack, "--set", "region=us-east-1"]).exit(64);
        follow(&desk, &said, "name another file", "ppm-infra init").exit(0);
    }
    desk.run(&["validate", "plans/test.yaml"]).exit(0).says(&["ppm-0"]);
    desk.run(&["validate", "plans/test-2.yaml"]).exit(0).says(&["ppm-1"]);
    desk.write("empty.yaml", "# nothing yet\n");
    let said = desk.run(&["plan", "empty.yaml"]).exit(65);
    let other = hint(&desk, &said, "writes another with every key explained", "ppm-infra init");
    other.with("FILE", "other.yaml").talk(&ANSWERS).exit(0).says(&["Wrote other.yaml"]);
    desk.run(&["plan", "other.yaml"]).exit(0);
}

#[test]
fn where_a_key_is_asked_for() {
    let desk = Desk::simulated();
    let said = desk.run(&["explain", "quux"]).exit(64);
    follow(&desk, &said, "without a key lists them all", "ppm-infra explain").exit(0).says(&["database.multi_az"]);
    let set = ["init", "--set", "stack=ppm-a", "--set", "region=us-east-1", "--set", "quux=1"];
    let said = desk.run(&set).exit(64);
    follow(&desk, &said, "lists the keys", "ppm-infra explain").exit(0).says(&["database.multi_az"]);
    desk.run(&["init", "a.yaml", "--set", "stack=ppm-a", "--set", "region=us-east-1"]).exit(0);
    let written = file(&desk, "a.yaml");
    let more = hint(&desk, &written, "says more about each", "ppm-infra explain").with("KEY", "database.multi_az");
    more.run().exit(0).says(&["database.multi_az"]);
    let said = desk.run(&["explain", "network.connectivity"]).exit(0);
    desk.declare(&[]);
    follow(&desk, &said, "Images and packages must be brought in", "ppm-infra offline-checklist")
        .exit(0)
        .says(&["The image of Package Manager"]);
}

#[test]
fn where_one_file_is_taken_for_another() {
    let desk = standing();
    desk.run(&["plan", "--destroy", "-o", "our plan.json"]).exit(0);
    let said = desk.run(&["drift", "our plan.json"]).exit(64);
    follow(&desk, &said, "carries it out", "ppm-infra show").exit(0).says(&["ppm-prod in us-east-1"]);
    let said = desk.run(&["show", "plans/reference.yaml"]).exit(64);
    follow(&desk, &said, "plans it, and", "ppm-infra plan").exit(0).says(&["No changes"]);
    let said = desk.run(&["plan", "out/ppm-prod.values.yaml"]).exit(64);
    follow(&desk, &said, "` checks it", "ppm-infra values --check").exit(0);
    let printed = desk.run(&["plan", "--json"]).exit(0).stdout;
    desk.write("printed.json", &printed);
    for file in ["show", "plan"] {
        let said = desk.run(&[file, "printed.json"]).exit(64);
        hint(&desk, &said, "saves a plan that can be applied", "ppm-infra plan -o")
            .with("FILE", "new.json")
            .run()
            .exit(0);
        desk.run(&["show", "new.json"]).exit(0);
    }
    // It is carried out at last: what was asked for is to destroy.
    let said = desk.run(&["plan", "our plan.json"]).exit(64);
    hint(&desk, &said, "carries it out", "ppm-infra apply").approved("ppm-prod").exit(0).says(&["Destroyed."]);
}

#[test]
fn where_a_plan_was_saved() {
    let desk = declared();
    let said = desk.run(&["plan", "-o", "our plan.json"]).exit(0);
    follow(&desk, &said, "Saved to", "ppm-infra apply").exit(0).says(&["46 to create"]);
    desk.run(&["plan", "-o", "our plan.json", "--replace", "node_group.main"]).exit(0);
    let shown = desk.run(&["show", "our plan.json"]).exit(0);
    follow(&desk, &shown, "It can be carried out as it is", "ppm-infra apply");
    let said = desk.run(&["show", "none.json"]).exit(64);
    follow(&desk, &said, "` saves one", "ppm-infra plan -o").exit(0);
    desk.run(&["show", "none.json"]).exit(0);
}

/// What was asked for when it was saved is asked for again.
#[test]
fn where_a_saved_plan_cannot_be_used() {
    let desk = standing();
    let spoil = |change: fn(&mut Value)| {
        let mut saved: Value = serde_json::from_str(&desk.read("p.json")).unwrap();
        change(&mut saved);
        desk.write("p.json", &saved.to_string());
    };
    for (options, shows) in [
        (&["--destroy", "--delete-data", "database,bucket"][..], "database.main"),
        (&["--replace", "node_group.main", "--values", "our values.yaml"], "node_group.main"),
    ] {
        for change in [
            (|saved: &mut Value| saved["region"] = json!("us-east-2")) as fn(&mut Value),
            |saved| saved["format"] = json!(0),
            |saved| saved["format"] = json!(99),
        ] {
            let arguments = [&["plan", "-o", "p.json", "plans/reference.yaml"][..], options].concat();
            desk.run(&arguments).exit(0);
            let asked = |desk: &Desk| -> Value {
                let saved: Value = serde_json::from_str(&desk.read("p.json")).unwrap();
                json!([saved["ask"], saved["declaration"], saved["values"]["file"]])
            };
            let before = asked(&desk);
            spoil(change);
            let said = desk.run(&["apply", "p.json"]);
            assert!([4, 64].contains(&said.code), "{said}");
            follow(&desk, &said, "save it again", "ppm-infra plan").exit(0).says(&[shows]);
            assert_eq!(asked(&desk), before);
            desk.run(&["show", "p.json"]).exit(0);
        }
    }
    // More than was saved is not carried out, and saved as well.
    desk.run(&["plan", "-o", "p.json", "--replace", "node_group.main"]).exit(0);
    let said = desk.run(&["apply", "p.json", "--replace", "addon.coredns"]).exit(64);
    let again = follow(&desk, &said, "save a plan that does that too", "ppm-infra plan").exit(0);
    again.says(&["node_group.main", "addon.coredns"]);
    desk.run(&["apply", "p.json"]).exit(0);
    desk.run(&["plan", "-o", "p.json", "--destroy"]).exit(0);
    desk.run(&["apply", "p.json", "--replace", "addon.coredns"]).exit(64).says(&["it destroys: leave"]);
}

#[test]
fn where_nobody_can_be_asked() {
    let desk = standing();
    let said = desk.run(&["apply", "plans/reference.yaml", "--replace", "addon.coredns"]).exit(64);
    let saved = hint(&desk, &said, "and apply that", "ppm-infra plan").with("FILE", "p.json");
    saved.run().exit(0).says(&["addon.coredns"]);
    desk.run(&["apply", "p.json"]).exit(0).says(&["addon.coredns"]);
}

#[test]
fn where_a_stack_has_another_name() {
    let desk = standing();
    let renamed = desk.read("plans/reference.yaml").replace("stack: ppm-prod", "stack: ppm-new");
    desk.write("plans/reference.yaml", &renamed);
    for name in ["plans/ppm-new.yaml", "plans/ppm-new-2.yaml"] {
        let said = desk.run(&["plan", "plans/reference.yaml"]).exit(1);
        follow(&desk, &said, "for a second environment", "cp plans/reference.yaml").exit(0);
        assert_eq!(desk.read(name), renamed);
    }
    desk.run(&["plan", "plans/ppm-new.yaml"]).exit(0).says(&["46 to create"]);
}
