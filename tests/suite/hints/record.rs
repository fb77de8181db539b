//! Commands that are named where the record is looked into, mended and lost.

use serde_json::{Value, json};

use super::{LOCKFILE, PLAN, edit, id, meddle, standing};
use crate::support::binary::Desk;
use crate::support::hint::{follow, hint};

#[test]
fn an_address_that_is_nowhere() {
    let desk = standing();
    let said = desk.run(&["state", "show", "vpc.other"]).exit(64);
    follow(&desk, &said, "shows the addresses there are", "ppm-infra state list").exit(0).says(&["vpc.main "]);
    let said = desk.run(&["plan", "--replace", "vpc.other"]).exit(64);
    follow(&desk, &said, "shows the addresses there are", "ppm-infra state list").exit(0).says(&["vpc.main "]);
    let said = desk.run(&["adopt", "vpc.other", "vpc-1", "--auto-approve"]).exit(64);
    follow(&desk, &said, "show the addresses that are declared", "ppm-infra graph").exit(0).says(&["vpc.main"]);
    follow(&desk, &said, "show the addresses that are declared", "ppm-infra plan --full").exit(0).says(&["No changes"]);
    let said = desk.run(&["state", "restore", "99"]).exit(64);
    follow(&desk, &said, "lists the serials there are", "ppm-infra state history").exit(0).says(&["2  in force"]);
}

#[test]
fn an_object_that_is_recorded_already() {
    let desk = standing();
    let (coredns, https) = (id(&desk, "addon.coredns"), id(&desk, "listener.https"));
    // Nothing hangs on it, so its record may go.
    let said = desk.run(&["adopt", "listener.https", "lis-other", "--auto-approve"]).exit(1);
    follow(&desk, &said, "without touching it", "ppm-infra state rm").exit(0).says(&["listener.https is forgotten"]);
    desk.run(&["adopt", "listener.https", &https, "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
    let said =
        desk.run(&["adopt", "vpc.main", "vpc-2", "--auto-approve"]).exit(1).says(&["hangs on", "subnet.public-a"]);
    assert!(!said.stderr.contains("state rm"), "it would be refused: {said}");
    // Another name for its record, where nothing has that name.
    desk.run(&["state", "rm", "addon.kube-proxy"]).exit(0);
    let said = desk.run(&["adopt", "addon.kube-proxy", &coredns, "--auto-approve"]).exit(1);
    follow(&desk, &said, "the other name", "ppm-infra state mv")
        .exit(0)
        .says(&["addon.coredns is now addon.kube-proxy"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
    let said = desk.run(&["adopt", "addon.kube-proxy", &coredns, "--auto-approve"]).exit(1);
    assert!(!said.stderr.contains("state mv"), "it would be refused: {said}");
}

#[test]
fn an_object_that_is_taken_over() {
    let desk = standing();
    let https = id(&desk, "listener.https");
    desk.run(&["state", "rm", "listener.https"]).exit(0);
    let said = desk.run(&["adopt", "listener.https", &https, "--auto-approve"]).exit(0);
    follow(&desk, &said, "from now on", "ppm-infra plan").exit(0).says(&["No changes"]);
}

/// Writes nothing that can be read where the lockfile is.
fn damage(desk: &Desk) {
    desk.write(LOCKFILE, "{");
}

#[test]
fn a_lockfile_that_is_damaged() {
    for way in 0..3 {
        let desk = standing();
        let git = |words: &str| desk.shell(&format!("git -C state -c user.name=a -c user.email=a@b {words}")).exit(0);
        git("init -q .");
        git("add -f ppm-prod.lock.json");
        git("commit -q -m kept");
        desk.run(&["apply", "--auto-approve", "--replace", "addon.coredns"]).exit(0);
        let before = desk.read(LOCKFILE);
        damage(&desk);
        let said = desk.run(&["plan"]).exit(78);
        match way {
            0 => {
                let back = follow(&desk, &said, "the version before it is kept", "ppm-infra state restore");
                let back = back.exit(0);
                hint(&desk, &back, "what it recorded besides", "ppm-infra recover --force").approved("yes").exit(0);
            }
            1 => {
                let got = hint(&desk, &said, "gets the last one committed", "git").with("FILE", "kept.json");
                got.run().exit(0);
                let back =
                    hint(&desk, &said, "gets the last one committed", "ppm-infra state push").with("FILE", "kept.json");
                back.run().exit(0).says(&["kept.json is in force"]);
            }
            _ => {
                let back = hint(&desk, &said, "makes another from the marks", "ppm-infra recover").approved("yes");
                let plan = follow(&desk, &back.exit(0), "Written to", "ppm-infra plan").exit(0);
                plan.says(&["No changes"]);
            }
        }
        assert_eq!(desk.read(&format!("{LOCKFILE}.damaged-1")), "{", "it is kept");
        assert_ne!(desk.read(LOCKFILE), before);
        desk.run(&["apply", "--auto-approve"]).exit(0);
        desk.run(&PLAN).exit(0);
    }
}

/// It says which serials there are although it is the one in force that cannot be read.
#[test]
fn the_history_beside_a_damaged_lockfile() {
    let desk = standing();
    desk.run(&["apply", "--auto-approve", "--replace", "addon.coredns"]).exit(0);
    damage(&desk);
    let said = desk.run(&["state", "history"]).exit(0);
    assert!(said.stdout.lines().next().is_some_and(|line| line.parse::<u64>().is_ok()), "{said}");
    // What somebody else's file lacks is nothing that `recover` mends.
    let desk = standing();
    desk.write("other.lock.json", "{");
    let said =
        desk.run(&["state", "push", "other.lock.json"]).exit(78).says(&["other.lock.json", "nothing was changed"]);
    assert!(!said.stderr.contains("recover"), "{said}");
}

#[test]
fn a_journal_that_is_damaged() {
    let desk = crate::support::fixture::desk("interrupted");
    let journal = "state/ppm-prod.journal";
    let damaged = desk.read(journal).replacen("begin", "begun", 1);
    for kept in ["state/ppm-prod.journal.damaged", "state/ppm-prod.journal.damaged-2"] {
        desk.write(journal, &damaged);
        let said = desk.run(&["plan"]).exit(78);
        follow(&desk, &said, "move the journal away", "mv").exit(0);
        assert_eq!(desk.read(kept), damaged);
    }
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
}

#[test]
fn a_journal_that_is_ahead_of_the_lockfile() {
    let desk = crate::support::fixture::desk("interrupted");
    let said = desk.run(&["plan"]).exit(0);
    hint(&desk, &said, "its journal holds what the lockfile does not yet", "ppm-infra apply").approved("yes").exit(0);
    let said = desk.run(&PLAN).exit(0);
    assert!(!said.stderr.contains("journal"), "{said}");
}

#[test]
fn an_earlier_lockfile() {
    let desk = standing();
    desk.run(&["state", "pull"]).exit(0);
    let pulled = desk.run(&["state", "pull"]).exit(0).stdout;
    desk.write("our pulled.json", &pulled);
    desk.run(&["apply", "--auto-approve", "--replace", "node_group.main"]).exit(0);
    let nodes = id(&desk, "node_group.main");
    // Older, and without what stands.
    let said = desk.run(&["state", "push", "our pulled.json"]).exit(78);
    let pushed = follow(&desk, &said, "it is older", "ppm-infra state push").exit(0);
    let pushed = pushed.says(&["no plan is sure to find node_group.main"]);
    let back = follow(&desk, &pushed, "brings what was in force back", "ppm-infra state restore").exit(0);
    follow(&desk, &back, "shows what differs", "ppm-infra plan").exit(0).says(&["No changes"]);
    assert_eq!(id(&desk, "node_group.main"), nodes);
    let older = desk.run(&["state", "history"]).exit(0).stdout.lines().next().unwrap().to_owned();
    let said = desk.run(&["state", "restore", &older]).exit(78);
    let restored = follow(&desk, &said, "of what is gone in AWS by now nothing is lost", "ppm-infra state restore");
    let again =
        hint(&desk, &restored.exit(0), "brings what was in force back", "ppm-infra recover --force").approved("yes");
    again.exit(0);
    assert_eq!(id(&desk, "node_group.main"), nodes);
    desk.run(&PLAN).exit(0);
    // One that was begun anew has another lineage.
    let said = desk.run(&["state", "push", "our pulled.json"]).exit(78);
    let forced = follow(&desk, &said, "the one in force is kept in the history", "ppm-infra state push").exit(0);
    forced.says(&["our pulled.json is in force"]);
}

#[test]
fn a_record_that_is_made_again() {
    let desk = standing();
    let said = desk.run(&["recover"]).exit(1);
    follow(&desk, &said, "compares it with what stands", "ppm-infra plan").exit(0).says(&["No changes"]);
    let empty = Desk::simulated();
    empty.declare(&[]);
    let said = empty.run(&["recover", "--auto-approve"]).exit(1);
    hint(&empty, &said, "if nothing stands", "ppm-infra apply").approved("yes").exit(0);
    empty.run(&PLAN).exit(0);
}

#[test]
fn what_is_left_after_all_was_to_go() {
    let desk = standing();
    meddle(&desk, "elastic_ip.nat-a", Some(901), |stray| {
        stray["computed"]["id"] = json!("eipalloc-stray");
        stray["mark"]["address"] = json!("elastic_ip.stray");
        stray["declared"]["tags"]["ppm-infra:address"] = json!("elastic_ip.stray");
    });
    let destroy = ["destroy", "--auto-approve", "--delete-data", "database,bucket,key"];
    let said = desk.run(&destroy).exit(1);
    hint(&desk, &said, "records what nobody declared", "ppm-infra recover --force").approved("yes").exit(0);
    desk.run(&destroy).exit(0);
    let world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    assert_eq!(world["objects"], json!({}));
}

#[test]
fn data_that_is_gone() {
    let desk = standing();
    let gone = |address: &str| {
        let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
        world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != address);
        desk.write("world.json", &world.to_string());
    };
    gone("secret.encryption-key");
    let said = desk.run(&["plan"]).exit(1);
    hint(&desk, &said, "to make it anew, knowing that", "ppm-infra apply --replace").approved("yes").exit(0);
    desk.run(&PLAN).exit(0);
    // What was asked for besides is asked for again.
    let nodes = id(&desk, "node_group.main");
    gone("secret.encryption-key");
    let asked = ["--replace", "node_group.main", "--values", "our values.yaml"];
    for verb in [&["plan"][..], &["apply", "--auto-approve"]] {
        let said = desk.run(&[verb, &asked].concat()).exit(1);
        let again = hint(&desk, &said, "to make it anew, knowing that", "ppm-infra apply --replace");
        let whole = "--replace node_group.main --replace secret.encryption-key --values 'our values.yaml'";
        assert!(again.line().contains(whole), "{}", again.line());
    }
    let said = desk.run(&[&["plan"][..], &asked].concat()).exit(1);
    hint(&desk, &said, "to make it anew, knowing that", "ppm-infra apply --replace").approved("yes").exit(0);
    assert_ne!(id(&desk, "node_group.main"), nodes);
    assert!(desk.read("our values.yaml").contains("replicas"));
    desk.run(&PLAN).exit(0);
}

#[test]
fn what_is_protected() {
    let desk = standing();
    let said = desk.run(&["plan", "--replace", "cluster.main"]).exit(1);
    let gone = hint(&desk, &said, "and apply builds it anew", "ppm-infra destroy").approved("ppm-prod");
    gone.exit(0).says(&["Destroyed."]);
    let database = id(&desk, "database.main");
    desk.run(&["state", "show", "cluster.main"]).exit(64);
    desk.run(&["apply", "--auto-approve"]).exit(0).says(&["create cluster.main"]);
    assert_eq!(id(&desk, "database.main"), database);
    // A bucket that is declared no more.
    let old = |object: &mut Value| {
        object["computed"]["id"] = json!("ppm-prod-old");
        object["declared"]["name"] = json!("ppm-prod-old");
    };
    meddle(&desk, "bucket.packages", Some(900), |object| {
        old(object);
        object["mark"]["address"] = json!("bucket.old");
        object["declared"]["tags"]["ppm-infra:address"] = json!("bucket.old");
    });
    edit(&desk, |state| {
        let mut record = state["resources"]["bucket.packages"].clone();
        old(&mut record);
        record["declared"]["tags"]["ppm-infra:address"] = json!("bucket.old");
        state["resources"]["bucket.old"] = record;
    });
    let said = desk.run(&["plan"]).exit(1);
    hint(&desk, &said, "data stores go only with", "ppm-infra destroy --delete-data").approved("ppm-prod").exit(0);
    desk.run(&["state", "show", "bucket.old"]).exit(64);
}
