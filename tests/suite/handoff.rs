//! What stands between an infrastructure and a running Package Manager, typed as people type it.

mod needs;
mod postgres;
mod rotate;

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};

/// A rehearsal stack that stands.
fn standing(lines: &str) -> Desk {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk
}

/// The documents of a stream of YAML.
fn manifests(said: &Said) -> Vec<Value> {
    let documents = said.stdout.split("---\n").filter(|text| !text.is_empty());
    documents.map(|text| serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))).collect()
}

fn decoded(text: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=').chars().map(|c| DIGITS.find(c).unwrap());
    let bits: Vec<bool> = digits.flat_map(|digit| (0..6).rev().map(move |n| digit >> n & 1 == 1)).collect();
    let byte = |eight: &[bool]| eight.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
    String::from_utf8(bits.chunks_exact(8).map(byte).collect()).unwrap()
}

#[test]
fn secrets_are_printed_into_a_pipe_and_written_nowhere() {
    let desk = standing("");
    desk.write("my.lic", "-----BEGIN LICENSE-----\nline\n");
    let before = desk.files();
    let said = desk.run(&["secrets", "--license", "my.lic"]).exit(0);
    let found = manifests(&said);
    let names: Vec<_> = found.iter().map(|one| one["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["rstudio-pm-license", "rstudio-pm-database", "ppm-secrets"]);
    for one in &found {
        assert_eq!((&one["kind"], &one["apiVersion"]), (&json!("Secret"), &json!("v1")));
        assert_eq!(one["metadata"]["namespace"], "ppm");
    }
    assert_eq!(decoded(found[0]["data"]["rstudio-pm.lic"].as_str().unwrap()), "-----BEGIN LICENSE-----\nline\n");
    let password = decoded(found[1]["data"]["password"].as_str().unwrap());
    assert_eq!(password.len(), 32);
    let key = decoded(found[2]["data"]["ppm-encryption-key-user"].as_str().unwrap());
    assert_eq!(key.len(), 1024, "512 bytes and no line end");
    assert!(key.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(found[2]["immutable"], true, "Kubernetes refuses another key");
    assert_eq!(desk.files(), before, "nothing is written");
    assert!(!said.stderr.contains(&password) && !said.stderr.contains(&key[..32]));
    assert_eq!(desk.run(&["secrets", "--license", "my.lic"]).stdout, said.stdout);

    desk.run(&["secrets"]).exit(0).says(&["The license is not among them"]);
    desk.run(&["secrets", "--license", "none.lic"]).exit(64).says(&["there is no license in none.lic"]);
    desk.run(&["--json", "secrets"]).exit(64).says(&["manifests are YAML"]);
}

#[test]
fn a_terminal_is_refused_unless_it_is_meant() {
    let desk = standing("");
    let on_terminal =
        |arguments: &str| desk.shell(&format!("script -qec \"$PROGRAM {arguments}\" /dev/null < /dev/null"));
    let refused = on_terminal("secrets").exit(64).says(&["stdout is a terminal", "kubectl apply"]);
    assert!(!refused.stdout.contains("apiVersion"));
    on_terminal("secrets --to-terminal").exit(0).says(&["kind: Secret"]);
    on_terminal("secrets --as external-secrets").exit(1).says(&["package_manager.secrets: external_secrets"]);
}

#[test]
fn before_anything_stands_there_is_nothing_to_print() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["secrets"]).exit(1).says(&["does not stand yet", "run apply first"]);
    desk.run(&["kubeconfig", "-o", "-"]).exit(1).says(&["cluster.main does not stand yet", "run apply first"]);
    desk.run(&["secrets", "rotate", "database", "--auto-approve"]).exit(1).says(&["does not stand yet"]);
}

/// The statements of a recorded policy, by their ids.
fn statement(desk: &Desk, policy: &str, sid: &str) -> Option<Value> {
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let statements = lockfile["resources"][policy]["declared"]["document"]["Statement"].as_array()?.clone();
    statements.into_iter().find(|statement| statement["Sid"] == sid)
}

#[test]
fn the_external_secrets_operator_gets_names_and_a_role_of_its_own() {
    let desk = standing("package_manager:\n  secrets: external_secrets");
    let said = desk.run(&["secrets"]).exit(0);
    let found = manifests(&said);
    let kinds: Vec<_> = found.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ServiceAccount", "SecretStore", "ExternalSecret", "ExternalSecret"]);
    let role = desk.run(&["output", "secrets_reader_role_arn"]).exit(0).stdout.trim().to_owned();
    assert_eq!(found[0]["metadata"]["annotations"]["eks.amazonaws.com/role-arn"], role);
    assert_eq!(found[1]["spec"]["provider"]["aws"]["auth"]["jwt"]["serviceAccountRef"]["name"], "ppm-secrets-reader");
    assert_eq!(found[2]["spec"]["target"], json!({"name": "rstudio-pm-database", "creationPolicy": "Orphan"}));
    assert_eq!(found[2]["spec"]["data"][0]["remoteRef"]["property"], "password");
    assert_eq!(found[3]["spec"]["data"][0]["remoteRef"].as_object().unwrap().len(), 1, "the key is the whole text");

    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let trust = &lockfile["resources"]["iam_role.secrets-reader"]["declared"]["trust"];
    assert!(trust.to_string().contains("ppm-secrets-reader"), "{trust}");
    let read = statement(&desk, "iam_policy.secrets-reader", "ReadSecrets").unwrap();
    assert_eq!(read["Action"], json!(["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]));
    let key = statement(&desk, "iam_policy.secrets-reader", "UseTheKey").unwrap();
    assert_eq!(key["Action"], json!(["kms:Decrypt"]));
    assert_eq!(statement(&desk, "iam_policy.package-manager", "ReadSecrets"), None, "the pods read no secret");
}

#[test]
fn the_csi_driver_gets_names_and_the_pods_the_right_to_read() {
    let desk = standing("package_manager:\n  secrets: csi");
    let said = desk.run(&["secrets"]).exit(0).says(&["pod.volumes", "mounts ppm-secrets"]);
    let found = manifests(&said);
    assert_eq!(found.len(), 1);
    let spec = &found[0]["spec"];
    let objects: Value = serde_saphyr::from_str(spec["parameters"]["objects"].as_str().unwrap()).unwrap();
    let mut aliases: Vec<&str> = vec![objects[0]["jmesPath"][0]["objectAlias"].as_str().unwrap()];
    aliases.push(objects[1]["objectAlias"].as_str().unwrap());
    for (n, (secret, key)) in
        [("rstudio-pm-database", "password"), ("ppm-secrets", "ppm-encryption-key-user")].into_iter().enumerate()
    {
        let synced = &spec["secretObjects"][n];
        assert_eq!(synced["secretName"], secret);
        assert_eq!(synced["data"][0], json!({"objectName": aliases[n], "key": key}));
    }
    assert!(statement(&desk, "iam_policy.package-manager", "ReadSecrets").is_some());
    // By default neither pods nor anybody in the cluster may.
    let desk = standing("");
    assert_eq!(statement(&desk, "iam_policy.package-manager", "ReadSecrets"), None);
    desk.run(&["secrets", "--as", "csi"]).exit(1).says(&["package_manager.secrets: csi"]);
}

#[test]
fn the_database_job_holds_no_password_and_may_run_where_little_is_allowed() {
    let desk = standing("package_manager:\n  secrets: csi\n  usage_data: schema");
    let asked = ["secrets", "--with-database-job", "--application-role", "ppm_app"];
    let said = desk.run(&asked).exit(0).says(&["The Job ppm-database-setup gets its password once a pod"]);
    let job = manifests(&said).pop().unwrap();
    assert_eq!(job["kind"], "Job");
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    let container = &pod["containers"][0];
    assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["image"], "docker.io/library/postgres:17");
    for variable in container["env"].as_array().unwrap() {
        let name = variable["name"].as_str().unwrap();
        assert_eq!(variable.get("value").is_none(), name.contains("PASSWORD"), "{name}");
    }
    let mirror = desk.run(&["secrets", "--with-database-job", "--database-image", "mirror/postgres:17"]).exit(0);
    assert!(mirror.stdout.contains("mirror/postgres:17") && !mirror.stdout.contains("CREATE ROLE"));
    desk.run(&["secrets", "--with-database-job", "--application-role", "Robert'; DROP"]).exit(64).says(&["no name"]);
    desk.run(&["secrets", "--with-database-job", "--usage-data", "schema"]).exit(64);
}

/// What psql would be told, by the Job among what was said.
fn statements(said: &Said) -> String {
    let job = manifests(said).pop().unwrap();
    job["spec"]["template"]["spec"]["containers"][0]["command"][2].as_str().unwrap().to_owned()
}

#[test]
fn the_job_makes_the_place_that_the_values_lead_to() {
    for (place, made, url) in [
        ("database", "\\set usage 'ppm_usage'", "/ppm_usage?sslmode=require\""),
        ("schema", "\\set schema 'usage_data'", "/ppm?sslmode=require&search_path=usage_data\""),
    ] {
        let desk = Desk::simulated();
        desk.declare_with(&format!("package_manager:\n  usage_data: {place}"));
        let applied = desk.run(&["apply", "--auto-approve"]).exit(0);
        let line = |part: &str| applied.stdout.lines().position(|line| line.contains(part)).unwrap_or(usize::MAX);
        let order = [line("--with-database-job |"), line("wait --for=condition=complete"), line("helm upgrade")];
        assert!(order.is_sorted() && order[2] < usize::MAX, "{applied}");
        let values = desk.read("out/ppm-prod.values.yaml");
        assert!(values.lines().any(|line| line.contains("UsageDataURL") && line.ends_with(url)), "{values}");
        desk.run(&["secrets"]).exit(0).says(&["`--with-database-job` adds it"]);
        let said = desk.run(&["secrets", "--with-database-job"]).exit(0);
        assert!(!said.stderr.contains("`--with-database-job` adds it") && statements(&said).contains(made), "{said}");
        // psql begins in another database.
        let sql = statements(&said);
        let connects = sql.find("\\connect :\"database\"");
        assert!(sql.find("CREATE SCHEMA").is_none_or(|made| connects.is_some_and(|at| at < made)), "{sql}");
    }
    // Nothing is declared, and nothing of the kind is made, waited for or set.
    let desk = standing("");
    assert!(!statements(&desk.run(&["secrets", "--with-database-job"]).exit(0)).contains("usage"));
    assert!(!desk.read("out/ppm-prod.values.yaml").contains("UsageDataURL"));
}

#[test]
fn without_internet_the_job_comes_from_the_registry_of_the_declared_image() {
    let desk = standing(
        "network: {connectivity: air_gapped}\npackage_manager:\n  image: {repository: registry.example.com:5000/ppm, \
         tag: \"2026.08.0\"}",
    );
    let job = manifests(&desk.run(&["secrets", "--with-database-job"]).exit(0)).pop().unwrap();
    let image = &job["spec"]["template"]["spec"]["containers"][0]["image"];
    assert_eq!(image, "registry.example.com:5000/library/postgres:17");
}

#[test]
fn the_list_for_a_site_without_internet_names_what_is_not_declared_yet() {
    let told = |manager: &str| {
        let desk = Desk::simulated();
        desk.declare_with(&format!("package_manager:\n  replicas: 3\n{manager}"));
        desk.run(&["offline-checklist"]).exit(0)
    };
    let data = "  offline_data: {file_system: fs-0123456789abcdef0}\n";
    told("").says(&["package_manager.offline_data mounts", "package_manager.settings tells the server where"]);
    told(data).says(&["fs-0123456789abcdef0", "at /mnt/ppm-offline", "No setting in package_manager.settings names"]);
    told(&format!("{data}  settings: {{Manifest: {{URL: 'file:///mnt/ppm-offline'}}}}\n"))
        .says(&["Manifest.URL in package_manager.settings names that path", "before the rollout"]);
    let below = "  settings: {Manifest: {URL: 'file:///mnt/ppm-offline/cran'}}\n";
    told(&format!("{data}{below}")).says(&["Manifest.URL in package_manager.settings names that path"]);
    for other in ["/mnt/ppm-offline2", "/mnt/ppm-offline.old", "/srv/mnt/ppm-offline"] {
        told(&format!("{data}  settings: {{Manifest: {{URL: 'file://{other}'}}}}\n"))
            .says(&["No setting in package_manager.settings names"]);
    }
}

#[test]
fn rotating_says_what_comes_next_and_the_secret_follows() {
    let desk = standing("");
    let first = desk.run(&["secrets"]).exit(0).stdout;
    desk.run(&["secrets", "rotate", "database"]).exit(64).says(&["nobody can answer here"]);
    assert_eq!(desk.run(&["secrets"]).stdout, first);
    let said = desk.run(&["secrets", "rotate", "database", "--auto-approve"]).exit(0);
    said.says(&["The database takes a new password", "rollout restart deployment/ppm"]);
    let second = desk.run(&["secrets"]).exit(0).stdout;
    let changed = first.lines().zip(second.lines()).filter(|(one, other)| one != other).count();
    assert_eq!(changed, 1, "the password, and nothing else");
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    let key = desk.run(&["secrets", "rotate", "encryption-key", "--auto-approve"]).exit(1);
    key.says(&["never rotated", "nothing was changed"]);
    assert_eq!(desk.run(&["secrets"]).stdout, second);
}

#[test]
fn a_kubeconfig_gets_one_entry_more() {
    let desk = standing("");
    desk.run(&["kubeconfig"]).exit(0).says(&["world.rehearsal/kubeconfig has the context ppm-prod"]);
    let path = desk.path("world.rehearsal/kubeconfig");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let config: Value = serde_saphyr::from_str(&desk.read("world.rehearsal/kubeconfig")).unwrap();
    let exec = &config["users"][0]["user"]["exec"];
    assert_eq!(exec["args"], json!(["eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"]));
    assert!(std::path::Path::new(exec["command"].as_str().unwrap()).is_file());
    assert!(!desk.path("world.rehearsal/kubeconfig.backup").exists(), "there was nothing to keep");
    let written = desk.read("world.rehearsal/kubeconfig");
    desk.run(&["kubeconfig"]).exit(0);
    assert_eq!(desk.read("world.rehearsal/kubeconfig"), written);

    // Another file, with something in it and behind a link.
    desk.write("mine.yaml", "apiVersion: v1\nkind: Config\nusers:\n- name: bob # me\n  user: {}\n");
    std::os::unix::fs::symlink(desk.path("mine.yaml"), desk.path("link.yaml")).unwrap();
    let before = desk.read("mine.yaml");
    desk.run(&["kubeconfig", "--out", "link.yaml", "--context", "prod"]).exit(0);
    assert!(std::fs::symlink_metadata(desk.path("link.yaml")).unwrap().is_symlink());
    assert_eq!(desk.read("mine.yaml.backup"), before);
    let after = desk.read("mine.yaml");
    assert!(after.contains("- name: bob # me\n") && after.contains("current-context: prod\n"), "{after}");
    desk.write("broken.yaml", "kind: [");
    desk.run(&["kubeconfig", "--out", "broken.yaml"]).exit(1).says(&["broken.yaml cannot take the entry"]);
    assert_eq!(desk.read("broken.yaml"), "kind: [");
    let printed = desk.run(&["kubeconfig", "--out", "-"]).exit(0);
    assert!(printed.stdout.starts_with("apiVersion: v1\n"));
}
