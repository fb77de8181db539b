//! What RDS offers and what a database that stands can become, on the emulator.

use serde_json::{Value, json};

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// Lines of the declaration, which check refuses them, and what it says.
const MADE: [(&str, &str, &str); 3] = [
    ("engine_version: \"17.99\"", "database.engine_version", "no new database of PostgreSQL 17.99"),
    ("instance_class: db.x9.large", "database.instance_class", "no db.x9.large for PostgreSQL 17"),
    ("instance_class: db.t2.micro", "database.instance_class", "no db.t2.micro for PostgreSQL 17"),
];

/// The same of a database that stands with 17, db.t3.xlarge and 100 GiB.
const CHANGED: [(&str, &str, &str); 6] = [
    ("storage_gib: 50", "database.storage_gib", "cannot shrink to 50 GiB"),
    ("storage_gib: 105", "database.storage_gib", "to 110 GiB or more, not to 105 GiB"),
    ("engine_version: \"16\"", "database.engine_version", "RDS never goes back"),
    ("engine_version: \"17.99\"", "database.engine_version", "to 17.99"),
    ("instance_class: db.x9.large", "database.instance_class", "no db.x9.large"),
    ("instance_class: db.t2.micro", "database.instance_class", "no db.t2.micro"),
];

fn declare(desk: &Desk, line: &str) {
    desk.declare_with(&format!("database:\n  {line}"));
}

#[test]
fn what_rds_would_refuse_is_refused_by_plan() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    for (line, id, says) in MADE {
        declare(&desk, line);
        let finding = refused(&emulator, &desk);
        assert_eq!(finding["id"], id, "{finding}");
        assert!(finding["what"].as_str().unwrap().contains(says), "{finding}");
    }
    declare(&desk, "storage_gib: 100");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let files = desk.files();
    emulator.post("/strict/log/clear", &Value::Null);
    for (line, id, says) in CHANGED {
        declare(&desk, line);
        let plan = desk.run(&["plan", "--json"]).exit(1).json().remove(0);
        let failed: Vec<&Value> =
            plan["checks"].as_array().unwrap().iter().filter(|check| check["result"] == "fail").collect();
        assert_eq!((failed.len(), &failed[0]["id"]), (1, &json!(id)), "{line}: {failed:#?}");
        assert!(failed[0]["findings"][0]["what"].as_str().unwrap().contains(says), "{line}: {failed:#?}");
        desk.run(&["apply", "--auto-approve"]).exit(1).says(&["1 check failed", "nothing was changed"]);
    }
    assert_eq!(emulator.mutations(), 0, "nothing was written");
    declare(&desk, "storage_gib: 100");
    assert_eq!(desk.files(), files);

    // What RDS offers is taken, a larger class too.
    declare(&desk, "{storage_gib: 110, instance_class: db.r6g.large}");
    desk.write("plans/reference.yaml", &desk.read("plans/reference.yaml").replace("database:\n  {", "database: {"));
    desk.run(&["plan"]).exit(0).says(&["checks passed", "110"]);
    // What may not be asked is not known, and holds nothing up.
    for operation in ["DescribeOrderableDBInstanceOptions", "DescribeDBEngineVersions"] {
        declare(&desk, "instance_class: db.m6i.large");
        emulator.post("/strict/faults", &json!({"service": "rds", "operation": operation, "kind": "denied"}));
        let said = desk.run(&["plan"]).exit(0);
        assert!(said.stdout.contains("unknown: database.instance_class"), "{said}");
        emulator.post("/strict/faults/clear", &json!({}));
    }
}
