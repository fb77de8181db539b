//! Commands that are named on the way into the cluster: values, Secrets, kubeconfig. Those of other programs are followed
//! where there are such.

use super::standing;
use crate::support::binary::{Desk, Said};
use crate::support::hint::{follow, hint};

/// A text that stands in a file, as if it had been said; a comment is one line.
fn file(desk: &Desk, name: &str) -> Said {
    let mut text = String::new();
    for line in desk.read(name).lines() {
        match line.trim_start().strip_prefix("# ") {
            Some(more) => text.extend([" ", more]),
            None => text.extend(["\n", line, "\n"]),
        }
    }
    Said { code: 0, stdout: text, stderr: String::new() }
}

/// The reference stack with more lines, applied.
fn with(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

#[test]
fn values_that_are_not_the_newest() {
    let desk = standing();
    let values = "out/ppm-prod.values.yaml";
    let said = desk.run(&["values", "--check", "none.yaml"]).exit(64);
    let written = hint(&desk, &said, "writes one for what stands", "ppm-infra values").with("FILE", "none.yaml");
    written.run().exit(0);
    desk.run(&["values", "--check", "none.yaml"]).exit(0);
    let schema = desk.run(&["values", "--schema"]).exit(0);
    let checked = hint(&desk, &schema, "knows the rules between them", "ppm-infra values --check");
    checked.with("FILE", values).run().exit(0);
    // Of an earlier apply.
    let before = desk.read(values);
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}\npackage_manager: {{replicas: 2}}\n"));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("old.yaml", &before);
    let said = desk.run(&["values", "--check", "old.yaml"]).says(&["this is the file of serial"]);
    hint(&desk, &said, "writes the newest", "ppm-infra values").with("FILE", "old.yaml").run().exit(0);
    let said = desk.run(&["values", "--check", "old.yaml"]).exit(0);
    assert!(!said.stdout.contains("this is the file of serial"), "{said}");
    // Of another stack.
    desk.write("theirs.yaml", &before.replacen("stack ppm-prod", "stack ppm-test", 1));
    let said = desk.run(&["values", "--check", "theirs.yaml"]);
    hint(&desk, &said, "writes those of", "ppm-infra values").with("FILE", "ours.yaml").run().exit(0);
    desk.run(&["values", "--check", "ours.yaml"]).exit(0);
}

#[test]
fn pods_that_nobody_registers() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let values = desk.read("out/ppm-prod.values.yaml").replace("TargetGroupBinding", "Nothing");
    desk.write("edited.yaml", &values);
    let said = desk.run(&["values", "--check", "edited.yaml"]).exit(65);
    let written = follow(&desk, &said, "add the TargetGroupBinding for", "ppm-infra values").exit(0);
    written.says(&["TargetGroupBinding"]);
}

#[test]
fn secrets_and_what_they_are_told_in() {
    let desk = standing();
    let said = desk.run(&["explain", "package_manager.secrets"]).exit(0);
    let secrets = follow(&desk, &said, "The rights this takes are made with it", "ppm-infra secrets").exit(0);
    secrets.says(&["kind: Secret"]);
    follow(&desk, &said, "nothing needs to be installed", "ppm-infra secrets").exit(0).says(&["kind: Secret"]);
    desk.write("license.lic", "a license");
    let said = desk.run(&["offline-checklist"]).exit(0);
    let license = hint(&desk, &said, "makes its Secret", "ppm-infra secrets --license").with("FILE", "license.lic");
    license.run().exit(0).says(&["rstudio-pm.lic"]);
    for usage_data in ["database", "schema"] {
        let desk = with(&format!("package_manager: {{usage_data: {usage_data}}}"));
        let said = desk.run(&["explain", "package_manager.usage_data"]).exit(0);
        let job = follow(&desk, &said, "A place of its own for usage data", "ppm-infra secrets --with-database-job");
        job.exit(0).says(&["kind: Job"]);
        let said = desk.run(&["offline-checklist"]).exit(0);
        let job = follow(&desk, &said, "needs it). It is taken from", "ppm-infra secrets --with-database-job");
        job.exit(0).says(&["kind: Job"]);
        let values = file(&desk, "out/ppm-prod.values.yaml");
        if usage_data == "schema" {
            follow(&desk, &values, "a schema of its own, which", "ppm-infra secrets --with-database-job")
        } else {
            follow(&desk, &values, "a database of its own, which", "ppm-infra secrets --with-database-job")
        }
        .exit(0)
        .says(&["kind: Job"]);
    }
    let desk = with("package_manager: {secrets: csi}");
    let values = file(&desk, "out/ppm-prod.values.yaml");
    follow(&desk, &values, "The driver makes the Secrets above", "ppm-infra secrets")
        .exit(0)
        .says(&["SecretProviderClass"]);
    let said = desk.run(&["secrets"]).exit(0);
    let checked = hint(&desk, &said, "says whether an edited file still does", "ppm-infra values --check");
    checked.with("FILE", "out/ppm-prod.values.yaml").run().exit(0);
}

#[test]
fn the_way_to_the_cluster() {
    let desk = standing();
    desk.run(&["kubeconfig", "--out", "kubeconfig"]).exit(0);
    let written = file(&desk, "kubeconfig");
    let again = hint(&desk, &written, "which is no longer where it was", "ppm-infra kubeconfig");
    again.run().exit(0);
    let said =
        desk.shell("KUBERNETES_EXEC_INFO='{\"apiVersion\": \"v0\"}' $PROGRAM eks-token --cluster a --region us-east-1");
    let entry = follow(&desk, &said.exit(64), "writes an entry that asks for one that is", "ppm-infra kubeconfig");
    entry.exit(0).says(&["has the context ppm-prod"]);
    let text = desk.read("world.rehearsal/kubeconfig");
    assert!(text.contains("client.authentication.k8s.io/v1"), "{text}");
}

#[test]
fn what_comes_after_an_apply() {
    let desk = Desk::simulated();
    let mirror = "{repository: registry.example.com/posit/package-manager, tag: \"2026.08.0-ubuntu-24.04\"}";
    desk.declare_with(&format!("network: {{connectivity: air_gapped}}\npackage_manager: {{image: {mirror}}}\n"));
    let said = desk.run(&["apply", "--auto-approve"]).exit(0);
    let list = follow(&desk, &said, "ppm-infra offline-checklist", "ppm-infra offline-checklist").exit(0);
    list.says(&["The image of Package Manager"]);
    let entry = follow(&desk, &said, "ppm-infra kubeconfig", "ppm-infra kubeconfig").exit(0);
    entry.says(&["has the context ppm-prod"]);
    follow(&desk, &said, "ppm-infra status", "ppm-infra status").exit(1).says(&["no pod answers"]);
}
