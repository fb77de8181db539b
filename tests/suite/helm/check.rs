//! `values --check` and `values --schema` as commands.

use serde_json::Value;

use crate::support::binary::Desk;

#[test]
fn a_file_that_was_just_written_is_clean_and_an_edited_one_is_not() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["values", "--check", "out/ppm-prod.values.yaml"])
        .exit(0)
        .says(&["0 errors and 0 warnings in out/ppm-prod.values.yaml"]);
    let before = desk.files();

    let edited = desk.read("out/ppm-prod.values.yaml").replace("  nodePort: 30042", "  nodePort: 30043");
    desk.write("edited.yaml", &edited.replace("Bucket: \"ppm-prod", "Bucket: \"ppm-test"));
    let said = desk.run(&["values", "--check", "edited.yaml"]).exit(65);
    said.says(&["the declared port is 30042", "the stack has ppm-prod-", "hint:", "why:", "2 errors and 0 warnings"]);
    let line = edited.lines().position(|line| line.contains("30043")).unwrap() + 1;
    let said = desk.run(&["values", "--check", "edited.yaml", "--json"]).exit(65);
    let told: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&told["valid"], &told["errors"]), (&false.into(), &2.into()));
    let findings = told["checked"]["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["line"] == line && finding["path"] == "service.nodePort"), "{told}");

    desk.write(
        "edited.yaml",
        &desk.read("out/ppm-prod.values.yaml").replace("enableSandboxing: true", "enableSandboxing: false"),
    );
    desk.run(&["values", "--check", "edited.yaml"])
        .exit(0)
        .says(&["warning: enableSandboxing", "0 errors and 1 warning"]);
    std::fs::remove_file(desk.path("edited.yaml")).unwrap();
    assert_eq!(desk.files(), before, "checking changes nothing");
}

#[test]
fn before_the_first_apply_what_is_declared_is_compared() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.write("values.yaml", "fullnameOverride: other\nreplicas: 7\n");
    desk.run(&["values", "--check", "values.yaml"]).exit(65).says(&[
        "the name is `other`",
        "no license is named",
        "`PACKAGEMANAGER_ENCRYPTION_KEY` is missing",
    ]);
}

#[test]
fn without_a_declaration_the_file_is_checked_by_itself() {
    let desk = Desk::simulated();
    desk.write("values.yaml", "replica: 3\n");
    desk.run(&["values", "--check", "values.yaml"]).exit(65).says(&["checked by itself", "did you mean `replicas`?"]);
    desk.run(&["values", "--check", "missing.yaml"]).exit(64).says(&["there is no file missing.yaml"]);
    desk.run(&["values", "other.yaml", "--check", "values.yaml"]).exit(65).says(&["there is no file other.yaml"]);
}

#[test]
fn the_schema_is_printed() {
    let desk = Desk::simulated();
    let said = desk.run(&["values", "--schema"]).exit(0);
    let schema: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(schema["properties"]["replicas"]["type"], "integer");
    desk.run(&["values", "--schema", "--check", "x"]).exit(64);
}
