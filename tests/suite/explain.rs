//! Objects of a stack, explained: from the declaration and the record alone, and by a saved plan.

use crate::support::binary::Desk;

fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare_with("database:\n  instance_class: db.t3.xlarge");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// The number of the line in which the declaration has these words.
fn line(desk: &Desk, words: &str) -> usize {
    let text = desk.read("plans/reference.yaml");
    1 + text.lines().position(|line| line.contains(words)).unwrap_or_else(|| panic!("no `{words}` in {text}"))
}

#[test]
fn an_object_is_explained_before_it_is_made_and_when_it_stands() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let before = desk.files();
    desk.run(&["explain", "database.main"]).exit(0).says(&["the PostgreSQL database (RDS)", "is not made yet"]);
    assert_eq!(desk.files(), before, "nothing is read but files, and nothing is written");
    let desk = standing();
    let class = format!("database.instance_class (line {})", line(&desk, "instance_class: db"));
    let said = desk.run(&["explain", "database.main"]).exit(0);
    said.says(&[
        "PostgreSQL 17, db.t3.xlarge",
        "ppm-prod-database",
        &class,
        "FAILOVER",
        "with a standby",
        "db_subnet_group.database",
        "its subnet_group",
        "what Package Manager stores in the database cannot be read without this key",
        "stands, as far as the record knows",
    ]);
    let page = desk.run(&["explain", "vpc.main", "--json"]).exit(0).json().remove(0);
    assert_eq!((&page["command"], &page["address"]), (&"explain".into(), &"vpc.main".into()));
    let needing: Vec<&str> =
        page["needed_by"].as_array().unwrap().iter().map(|one| one["address"].as_str().unwrap()).collect();
    assert!(needing.contains(&"subnet.private-a") && needing.contains(&"internet_gateway.main"), "{needing:?}");
    assert_eq!(page["needs"].as_array().unwrap().len(), 0);
}

#[test]
fn every_object_of_the_stack_can_be_explained() {
    let desk = standing();
    for one in desk.run(&["state", "list", "--json"]).exit(0).json()[0]["resources"].as_array().unwrap() {
        let address = one["address"].as_str().unwrap();
        let page = desk.run(&["explain", address, "--json"]).exit(0).json().remove(0);
        assert!(!page["what"].as_str().unwrap().is_empty(), "{address}");
        assert!(!page["fields"].as_array().unwrap().is_empty(), "{address}");
        let needed = page["needs"].as_array().unwrap().len() + page["needed_by"].as_array().unwrap().len();
        assert!(needed > 0, "{address} hangs on nothing and nothing on it: {page}");
    }
}

#[test]
fn a_saved_plan_tells_what_becomes_of_it_from_the_edited_line_on() {
    let desk = standing();
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &text.replace("load_balancer:\n", "load_balancer:\n  scheme: internal\n"));
    let key = format!("load_balancer.scheme (line {}) changed", line(&desk, "scheme: internal"));
    let plan = desk.run(&["plan", "-o", "p.json"]).exit(0);
    let plan = plan.says(&["Risk\n", "NEW ADDRESS", "OUTAGE", &format!("because {key}")]);
    plan.says(&[&format!("because load_balancer.main is replaced, because {key}")]);
    let said = desk.run(&["explain", "listener.https", "p.json"]).exit(0);
    said.says(&["In this plan", &format!("because load_balancer.main is replaced, because {key}")]);
    desk.run(&["explain", "vpc.main", "p.json"]).exit(0).says(&["stays as it is in this plan"]);
    desk.write("plans/reference.yaml", &text);
    desk.run(&["explain", "vpc.main", "p.json"]).exit(4).says(&["changed since the plan was saved"]);
}

#[test]
fn what_is_no_object_leads_to_one() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["explain", "database.mian"])
        .exit(64)
        .says(&["ppm-prod has no database.mian", "did you mean database.main?"]);
    desk.run(&["explain", "vpc.somewhere"]).exit(64).says(&["there are vpc.main"]);
    desk.run(&["explain", "teapot.main"]).exit(64).says(&["there is no key `teapot.main`"]);
    desk.run(&["explain", "vpc.main", "nowhere.yaml"]).exit(65).says(&["there is no file nowhere.yaml"]);
}

#[test]
fn what_destroy_keeps_is_listed_at_its_end() {
    let desk = standing();
    let said = desk.run(&["destroy", "--auto-approve"]).exit(0);
    let said = said.says(&["Kept  stays in AWS, and is paid for as before", "bucket.packages", "kms_key.main"]);
    let after = said.stderr.rsplit_once("Kept").expect("standard error ends with what is kept").1;
    assert!(after.contains("database.main"), "{said}");
}
