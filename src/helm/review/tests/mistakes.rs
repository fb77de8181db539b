//! A table of mistakes: one edit of a good file, and what is said of it at which line.

use super::{
    Finding, Inputs, Review, Severity, behind_an_ingress, checked, edits, file, ingress, reference,
    target_group_binding,
};
use crate::helm::tests::files;
use crate::product::UsageData;
use Severity::{Error, Warning};

/// What is replaced, by what, a piece of the line that is pointed at, how bad it is, and a piece of what is said.
type Mistake<'a> = (&'a str, &'a str, &'a str, Severity, &'a str);

fn found(review: &Review, line: usize, severity: Severity, what: &str) -> bool {
    review.findings.iter().any(|finding| {
        finding.place.is_some_and(|place| place.line == line)
            && finding.severity == severity
            && finding.what.contains(what)
    })
}

/// Tries each mistake by itself.
fn find_all(inputs: &Inputs, mistakes: &[Mistake<'_>]) {
    let good = file(inputs);
    assert_eq!(checked(&good, inputs).findings, []);
    let mut wrong = Vec::new();
    for (from, to, pointed_at, severity, what) in mistakes {
        assert!(good.contains(from), "the file has no `{from}`");
        let edited = good.replacen(from, to, 1);
        let is_there = |line: &str| line.contains(pointed_at) && !line.trim_start().starts_with('#');
        let line = edited.lines().position(is_there).map_or(0, |line| line + 1);
        let review = checked(&edited, inputs);
        if !found(&review, line, *severity, what) {
            wrong.push(format!("`{to}`: no {severity:?} at line {line} ({pointed_at}) says `{what}`:\n{review}\n"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[rustfmt::skip]
fn keys() {
    find_all(&reference(), &[
        ("replicas: 3", "replicaCount: 3", "replicaCount", Error, "no key `replicaCount`"),
        ("enableMigration: false", "enableMigrations: false", "enableMigrations", Error, "no key `enableMigrations`"),
        ("  rollingUpdate:", "  rollingUpdates:", "rollingUpdates", Error, "no key `strategy.rollingUpdates`"),
        ("fullnameOverride: \"ppm\"", "fullnameOverride: \"ppm\"\nimage: {pullPolicy: Always}", "pullPolicy", Error, "no key `image.pullPolicy`"),
        ("replicas: 3", "replicas: \"3\"", "replicas: \"3\"", Error, "expected a whole number"),
        ("enableSandboxing: true", "enableSandboxing: \"true\"", "enableSandboxing", Error, "expected true or false"),
        ("memory: \"8Gi\"", "memory: \"8GB\"", "8GB", Error, "expected an amount"),
        ("replicas: 3", "replicas: 3\nargs: [\"a\", \"b\"]", "args", Error, "expected text, or false, found a list"),
        ("replicas: 3", "replicas: 3\ntolerations: {a: b}", "tolerations", Error, "expected a list"),
        ("  port: 80\n", "  port:\n", "  port:", Error, "no value"),
    ]);
    find_all(&reference(), &[
        ("replicas: 3", "replicas: 3\nnameOverride: ppm", "nameOverride: ppm", Error, "must not be set"),
        ("replicas: 3", "replicas: 3\nawsAccessKeyId: AKIA0", "awsAccessKeyId", Error, "must not be set"),
        ("replicas: 3", "replicas: 3\nrstudioPMKey: aabb", "rstudioPMKey", Error, "must not be set"),
        ("    secretKey: \"rstudio-pm.lic\"", "    contents: abc", "contents: abc", Error, "must not be set"),
        ("pod:\n", "pod:\n  serviceAccountName: x\n", "serviceAccountName", Error, "must not be set"),
        ("replicas: 3", "replicas: 3\nimage: {tagPrefix: ubuntu2204-}", "tagPrefix", Error, "must not be set"),
        ("nodeSelector:\n", "nodeSelector:\n  on: \"x\"\n", "on: \"x\"", Error, "boolean in YAML 1.1"),
    ]);
}

#[test]
#[rustfmt::skip]
fn settings() {
    find_all(&reference(), &[
        ("    MaxOpenConnections: \"50\"", "    MaxOpenConnections: \"50\"\n    Lifetime: 1000000", "Lifetime", Error, "another spelling"),
        ("Bucket: \"ppm-prod-111122223333\"", "Bucket: 111122223333", "Bucket: 1111", Error, "another spelling"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Timeout: 1.10", "Timeout", Error, "another spelling"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Mode: 0x10", "Mode", Error, "another spelling"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    N: \"5\"", "N: \"5\"", Error, "boolean in YAML 1.1"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    on: \"5\"", "on: \"5\"", Error, "boolean in YAML 1.1"),
        ("    Enabled: \"true\"", "    Enabled: yes", "Enabled: yes", Warning, "boolean in YAML 1.1"),
        ("?sslmode=require", "?sslmode=require#x", "require#x", Error, "the server reads only"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Secret: 'a;b'", "a;b", Error, "the server reads only `a`"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Path: 'a\\b'", "a\\b", Error, "backslash"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Word: 'p\"q'", "p\"q", Error, "quote"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Word: ' p '", "' p '", Error, "spaces"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Word: \"a\\tb\"", "Word", Error, "U+0009"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Word:", "    Word:", Error, "no value"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    Words: []", "Words", Error, "no items"),
        ("    Provider: \"postgres\"", "    Provider: \"postgres\"\n    provider: \"postgres\"", "    provider", Error, "in another case"),
        ("    Region: \"us-east-1\"", "    Region: \"us-east-1\"\n    cache:\n      Bucket: \"x\"", "    cache:", Error, "keys of its own"),
        ("    Enabled: \"true\"", "", "  Metrics:", Error, "the section is empty"),
        ("  HTTP:\n    # The port that Service and probes expect.\n    Listen: \":4242\"", "  HTTP: 4242", "HTTP: 4242", Error, "expected settings"),
        ("  HTTP:", "  HT_TP:", "HT_TP", Error, "cannot name a section"),
        ("    Listen:", "    Listen_To:", "Listen_To", Error, "cannot name a setting"),
    ]);
}

#[test]
#[rustfmt::skip]
fn the_server() {
    find_all(&reference(), &[
        ("    Provider: \"postgres\"", "    ConnectionTimeout: \"5s\"", "  Database:", Error, "no database is named"),
        ("Provider: \"postgres\"", "Provider: \"sqlite\"", "sqlite", Error, "must be PostgreSQL"),
        ("Provider: \"postgres\"", "Provider: \"Postgres\"", "Provider: \"P", Warning, "lower case"),
        ("sslmode=require", "sslmode=disable", "sslmode=disable", Error, "turns TLS off"),
        ("?sslmode=require", "", "postgres://", Warning, "TLS is not required"),
        ("sslmode=require", "sslmode=verify-full", "verify-full", Error, "without sslrootcert"),
        ("postgres://ppm@", "postgres://ppm:hunter2@", "hunter2", Error, "contains a password"),
        ("postgres://ppm@", "postgres://", "postgres://", Error, "names no user"),
        ("ppm-prod.abc123.us-east-1", "ppm-old.abc123.us-east-1", "ppm-old", Error, "the database is ppm-prod"),
        ("URL: \"postgres://", "URL: \"mysql://", "mysql", Error, "not the URL of a PostgreSQL"),
        ("  Postgres:\n", "  Postgres:\n    Password: \"hunter2\"\n", "hunter2", Error, "a password stands in the values"),
        ("https://packages.example.com", "https://packages.example.com/ppm", "Address", Error, "is not an address"),
        ("https://packages.example.com", "https://old.example.com", "Address", Warning, "declared address"),
        ("    Default: \"s3\"", "    Cache: \"s3\"", "  Storage:", Error, "is not said"),
        ("Default: \"s3\"", "Default: \"file\"", "Default: \"file\"", Error, "nothing that pods share"),
        ("Default: \"s3\"", "Default: \"S4\"", "Default: \"S4\"", Error, "no storage `S4`"),
        ("Bucket: \"ppm-prod-111122223333\"", "Bucket: \"ppm-old\"", "ppm-old", Error, "the stack has ppm-prod-111122223333"),
        ("    Region: \"us-east-1\"", "    Region: \"eu-west-1\"", "eu-west-1", Error, "the stack has us-east-1"),
        ("    Region: \"us-east-1\"", "", "  S3Storage:", Error, "`Region` is missing"),
        ("    Region: \"us-east-1\"", "    Region: \"us-east-1\"\n    KeyID: \"k\"", "KeyID", Warning, "encrypted by the client"),
        ("  HTTP:\n", "  Launcher: {ServerUser: \"root\"}\n  HTTP:\n", "Launcher", Error, "must not be root"),
        ("  HTTP:\n", "  HTTPS: {Listen: \":4242\"}\n  HTTP:\n", "HTTPS", Error, "share a port"),
        ("replicas: 3", "replicas: 3\nsharedStorage: {mount: true, name: x, path: /var/lib/rstudio-pm/data}", "sharedStorage", Error, "mounted at /var/lib/rstudio-pm/data"),
    ]);
}

#[test]
#[rustfmt::skip]
fn usage_data_and_packages_from_outside() {
    let data = files("fs-00000001", None, "/mnt/in");
    let inputs = Inputs { usage_data: Some(UsageData::Schema), offline_data: Some(data), ..reference() };
    find_all(&inputs, &[
        ("UsageDataURL: \"postgres://ppm@", "UsageDataURL: \"postgres://ppm:hunter2@", "hunter2", Error, "contains a password"),
        ("UsageDataURL: \"postgres://ppm@ppm-prod", "UsageDataURL: \"postgres://ppm@ppm-old", "ppm-old", Error, "the database is ppm-prod"),
        ("sslmode=require&search_path=usage_data", "sslmode=disable", "disable", Error, "turns TLS off"),
        ("MaxOpenConnections: \"50\"", "MaxOpenConnections: \"300\"", "\"300\"", Error, "4 pods with 2 pools of 300 connections each want 2400"),
        ("      mountPath: \"/mnt/in\"", "      mountPath: \"/var/lib/rstudio-pm\"", "mountPath: \"/var", Error, "a volume is mounted at"),
        ("    - name: \"offline-data\"\n      persistent", "    - name: \"data\"\n      persistent", "    - name: \"offline-data\"", Error, "no volume `offline-data`"),
    ]);
}

#[test]
#[rustfmt::skip]
fn names_and_secrets() {
    find_all(&reference(), &[
        ("fullnameOverride: \"ppm\"", "fullnameOverride: \"library\"", "fullnameOverride", Error, "the name is `library`"),
        ("  name: \"ppm\"", "  name: \"other\"", "name: \"other\"", Error, "trusts system:serviceaccount:ppm:ppm"),
        ("eks.amazonaws.com/role-arn", "eks.amazonaws.com/role", "annotations:", Error, "has no role"),
        ("111122223333:role/ppm-prod", "111122223333:role/ppm-old", "ppm-old", Error, "not the stack's role"),
        ("111122223333:role/ppm-prod", "111122223333:role/ppm-test", "ppm-test", Error, "not the stack's role"),
        ("arn:aws:iam::111122223333:role/", "arn:aws:iam::111122223333:user/", ":user/", Error, "is not the ARN of a role"),
        ("  create: true\n", "  create: true\n  labels: {a: b}\n", "labels: {a", Warning, "are not written"),
        ("    secret: \"rstudio-pm-license\"\n", "", "license:", Error, "no license is named"),
        ("license:\n", "license:\n  key: ABCD\n", "key: ABCD", Error, "a license key stands"),
        ("license:\n", "license:\n  server: a:1\n", "server: a:1", Warning, "both a license file"),
        ("license:\n", "license:\n  server: https://a\n", "https://a", Error, "not a server with its port"),
        ("mountPath: \"/etc/rstudio-licensing\"", "mountPath: \"/var/lib/rstudio-pm\"", "mountPath", Error, "mounted at /var/lib"),
        ("mountPath: \"/etc/rstudio-licensing\"", "mountPath: \"/var/lib/rstudio-pm/licenses\"", "mountPath", Error, "mounted at /var/lib"),
        ("name: \"PACKAGEMANAGER_ENCRYPTION_KEY\"", "name: \"OTHER\"", "  env:", Error, "`PACKAGEMANAGER_ENCRYPTION_KEY` is missing"),
        ("name: \"PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD\"", "name: \"OTHER\"", "  env:", Error, "USAGEDATAPASSWORD` is missing"),
        ("name: \"PACKAGEMANAGER_ENCRYPTION_KEY\"", "name: \"PACKAGEMANAGER_ENCRYPTION_KEY\"\n      value: \"aabb\"", "aabb", Error, "stands in the values"),
        ("          key: \"ppm-encryption-key-user\"", "          keys: \"x\"", "keys: \"x\"", Error, "no key `keys`"),
        ("          name: \"ppm-secrets\"\n", "", "secretKeyRef", Error, "which key of which Secret"),
        ("  env:\n", "  env:\n    - name: AWS_ACCESS_KEY_ID\n      value: x\n", "AWS_ACCESS", Error, "does not belong here"),
        ("  env:\n", "  env:\n    - name: PORT\n      value: [1]\n", "value: [1]", Error, "not text"),
    ]);
}

#[test]
#[rustfmt::skip]
fn ways_in() {
    find_all(&reference(), &[
        ("Listen: \":4242\"", "Listen: \":8080\"", "    port: 4242", Error, "the server listens on 8080"),
        ("Listen: \":4242\"", "Listen: \"4242\"", "Listen", Error, "names no port"),
        ("Listen: \":4242\"", "Listen: \"localhost:4242\"", "Listen", Error, "its own pod alone"),
        ("  port: 80\n", "  port: 80\n  targetPort: 8080\n", "targetPort", Error, "the port is 8080"),
        ("pod:\n", "pod:\n  port: 8080\n", "  port: 8080", Error, "the port is 8080"),
        ("    port: 4242", "    port: 4243", "4243", Error, "the probe asks port 4243"),
        ("  nodePort: 30443", "  nodePort: 30444", "30444", Error, "the declared port is 30443"),
        ("  nodePort: 30443", "  nodePort: 30442", "30442", Error, "the declared port is 30443"),
        ("  nodePort: 30443", "  nodePort: 8443", "8443", Error, "out of range"),
        ("  nodePort: 30443", "  nodePort: 29999", "29999", Error, "out of range"),
        ("  nodePort: 30443", "  nodePort: 32768", "32768", Error, "out of range"),
        ("livenessProbe:\n  enabled: false", "livenessProbe:\n  enabled: true # on", "# on", Warning, "the liveness probe is on"),
        ("  nodePort: 30443", "", "service:", Error, "no port is written"),
        ("type: \"NodePort\"", "type: \"ClusterIP\"", "ClusterIP", Error, "the type is ClusterIP"),
        ("type: \"NodePort\"", "type: \"NodePorts\"", "NodePorts", Error, "no type `NodePorts`"),
        ("replicas: 3", "replicas: 3\ningress: {enabled: true, ingressClassName: alb, annotations: {}, hosts: []}", "ingress:", Error, "an Ingress of class alb"),
    ]);
    find_all(&target_group_binding(), &[
        ("targetgroup/ppm-prod-1/", "targetgroup/ppm-old-1/", "ppm-old-1", Error, "not the stack's target group"),
        ("        name: \"ppm\"\n        port: 80", "        name: \"rstudio\"\n        port: 80", "\"rstudio\"", Error, "the Service is called ppm"),
        ("        port: 80", "        port: 8080", "port: 8080", Error, "the Service has port 80"),
        ("kind: \"TargetGroupBinding\"", "kind: \"Other\"", "extraObjects", Error, "no TargetGroupBinding"),
        ("type: \"ClusterIP\"", "type: \"NodePort\"", "NodePort", Warning, "the type is NodePort"),
        ("vpcID: \"vpc-0123456789abcdef0\"", "vpcID: \"{{ .vpc }}\"", "{{ .vpc", Error, "braces stand unescaped"),
        ("        app.kubernetes.io/instance: \"ppm\"", "        app.kubernetes.io/instance: \"{{ .Release.Name }}\"", "Release.Name", Error, "a template does nothing here"),
    ]);
    find_all(&behind_an_ingress(ingress()), &[
        ("ingress:\n  enabled: true", "ingress:\n  enabled: false", "  enabled: false", Error, "there is no Ingress"),
        ("target-type: \"ip\"", "target-type: \"instance\"", "\"instance\"", Error, "the targets are nodes"),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-2016-08", "2016-08", Warning, "before 1.2"),
        ("ELBSecurityPolicy-TLS13-1-2-2021-06", "ELBSecurityPolicy-TLS13-1-1-2021-06", "TLS13-1-1", Warning, "before 1.2"),
        ("alb.ingress.kubernetes.io/ssl-redirect: \"443\"", "alb.ingress.kubernetes.io/ssl-redirect: 443", "ssl-redirect", Error, "expected text, found the number 443"),
        ("    - host: \"packages.example.com\"\n      paths:\n        - \"/\"", "    - host: \"a\"", "host: \"a\"", Error, "no host or no paths"),
    ]);
    // Annotations stand elsewhere as well, so that the line is not looked for.
    let inputs = behind_an_ingress(ingress());
    for (name, severity, what) in [
        ("healthcheck-path", Error, "the path of the health check is missing"),
        ("ssl-policy", Warning, "no policy is named"),
    ] {
        let key = format!("alb.ingress.kubernetes.io/{name}");
        let review = checked(&file(&inputs).replace(&key, "alb.ingress.kubernetes.io/other"), &inputs);
        let is_said = |finding: &Finding| finding.severity == severity && finding.what.contains(what);
        assert!(review.findings.iter().any(is_said), "{review}");
    }
}

#[test]
#[rustfmt::skip]
fn names_that_the_chart_prints_without_quotes() {
    find_all(&reference(), &[
        ("fullnameOverride: \"ppm\"", "fullnameOverride: \"on\"", "fullnameOverride", Error, "`on` does not stay text"),
        ("fullnameOverride: \"ppm\"", "fullnameOverride: 1e3", "fullnameOverride", Error, "`1e3` does not stay text"),
        ("    secret: \"rstudio-pm-license\"", "    secret: \"123\"", "\"123\"", Error, "`123` does not stay text"),
        ("    secret: \"rstudio-pm-license\"", "    secret: '0x1f'", "'0x1f'", Error, "`0x1f` does not stay text"),
        ("    secret: \"rstudio-pm-license\"", "    secret: yes", "secret: yes", Error, "`yes` does not stay text"),
        ("  name: \"ppm\"", "  name: \"null\"", "\"null\"", Error, "`null` does not stay text"),
        ("replicas: 3", "replicas: 3\nsharedStorage: {mount: true, path: /data, name: \"08\"}", "\"08\"", Error, "`08` does not stay text"),
        ("replicas: 3", "replicas: 3\nsharedStorage: {create: true, path: /data, storageClassName: \"off\"}", "\"off\"", Error, "`off` does not stay text"),
        ("replicas: 3", "replicas: 3\nsharedStorage: {create: true, path: /data, volumeName: \"1.5\"}", "\"1.5\"", Error, "`1.5` does not stay text"),
        ("replicas: 3", "replicas: 3\nserviceMonitor: {enabled: true, namespace: \"017\"}", "\"017\"", Error, "`017` does not stay text"),
        ("replicas: 3", "replicas: 3\nserviceMonitor: {enabled: true, namespace: \"a: b\"}", "a: b", Error, "does not stay text"),
        ("replicas: 3", "replicas: 3\nserviceMonitor: {enabled: true, namespace: \"a\\u2028b\"}", "u2028", Error, "does not stay text"),
    ]);
    let remedy = |text: &str| {
        let edited = file(&reference()).replace("  name: \"ppm\"", &format!("  name: \"{text}\""));
        let review = checked(&edited, &reference());
        let finding = review.findings.iter().find(|finding| finding.what.contains("stay text"));
        finding.map(Finding::remedy)
    };
    assert_eq!(remedy("0x1F").as_deref(), Some("add a letter, such as ppm-0x1f"));
    assert_eq!(remedy("1_000").as_deref(), Some("add a letter, such as ppm-1-000"));
    assert_eq!(remedy("2026-01-01"), None);
}

#[test]
#[rustfmt::skip]
fn characters_that_end_a_line_or_are_refused() {
    find_all(&reference(), &[
        ("Region: \"us-east-1\"", "Region: \"us-east-1\"\n    X: \"a\\u2028b\"", "u2028", Error, "U+2028"),
        ("Region: \"us-east-1\"", "Region: \"us-east-1\"\n    X: \"a\\uFFFEb\"", "uFFFE", Error, "U+FFFE"),
        ("Region: \"us-east-1\"", "Region: \"us-east-1\"\n    X: [\"a\\u0085b\"]", "u0085", Error, "U+0085"),
        ("Region: \"us-east-1\"", "Region: \"us-east-1\"\n    X: \"a\\x7Fb\"", "x7F", Error, "U+007F"),
        ("replicas: 3", "replicas: 3 # \u{2028}enableSandboxing: false", "replicas", Error, "U+2028"),
        ("replicas: 3", "replicas: 3 # \u{85}enableSandboxing: false", "replicas", Error, "U+0085"),
        ("replicas: 3", "replicas: 3 # \u{7f}", "replicas", Error, "not YAML"),
        ("pod:\n", "pod:\n  annotations: {a: \"\\ud83d\\ude00\"}\n", "ud83d", Error, "half a character"),
        ("nodeSelector:\n", "nodeSelector:\n  0x1f: \"x\"\n", "0x1f", Error, "a number in YAML 1.1"),
        ("nodeSelector:\n", "nodeSelector:\n  ~: \"x\"\n", "~: ", Error, "null"),
    ]);
    let quoted = file(&reference()).replace("pod:\n", "pod:\n  annotations: {a: \"x\u{2028}y\u{feff}\", b: 'x\u{2029}y'}\n");
    assert_eq!(checked(&quoted, &reference()).findings, []);
}

#[test]
#[rustfmt::skip]
fn secrets_that_exist_while_a_pod_mounts_their_class() {
    let data = files("fs-00000001", None, "/mnt/in");
    for offline_data in [None, Some(data)] {
        find_all(&Inputs { secrets_by_pods: true, offline_data, ..reference() }, &[
            ("secretProviderClass: \"ppm-secrets\"", "secretProviderClass: \"other\"", "  volumes:", Error, "no volume is of the SecretProviderClass `ppm-secrets`"),
            ("driver: \"secrets-store.csi.k8s.io\"", "driver: \"efs.csi.aws.com\"", "  volumes:", Error, "no volume is of the SecretProviderClass"),
            ("        driver: \"secrets-store.csi.k8s.io\"\n        readOnly: true\n", "        driver: \"secrets-store.csi.k8s.io\"\n", "secrets-store", Error, "for reading alone"),
            ("    - name: \"secrets-store\"\n      # Nothing", "    - name: \"ppm-secrets\"\n      # Nothing", "  volumeMounts:", Error, "is mounted nowhere"),
        ]);
    }
    let mounting = Inputs { secrets_by_pods: true, ..reference() };
    let review = checked(&file(&reference()), &mounting);
    assert!(review.findings.iter().any(|finding| finding.what.contains("SecretProviderClass `ppm-secrets`")), "{review}");
}

#[test]
#[rustfmt::skip]
fn rollouts() {
    find_all(&reference(), &[
        ("replicas: 3", "replicas: 4", "replicas: 4", Error, "cannot each have a node"),
        ("replicas: 3", "replicas: 0", "replicas: 0", Error, "no pod is wanted"),
        ("type: \"RollingUpdate\"", "type: \"Rolling\"", "\"Rolling\"", Error, "no strategy `Rolling`"),
        ("    maxSurge: 1", "    maxSurge: 0", "maxSurge: 0", Error, "neither more nor fewer"),
        ("    nodeTaintsPolicy: \"Honor\"\n", "", "  - maxSkew: 1", Warning, "a node is cordoned"),
        ("app.kubernetes.io/instance: \"ppm\"", "app.kubernetes.io/instance: \"library\"", "\"library\"", Error, "the pods carry `ppm`"),
        ("maxSkew: 1", "maxSkew: 0", "maxSkew: 0", Error, "the least skew is 1"),
        ("ppm-infra/stack: \"ppm-prod\"", "ppm-infra/stack: \"other\"", "\"other\"", Error, "the nodes carry ppm-infra/stack"),
        ("podDisruptionBudget:\n  maxUnavailable: 1", "podDisruptionBudget:\n  minAvailable: 3", "minAvailable", Error, "every pod must be there"),
        ("podDisruptionBudget:\n", "podDisruptionBudget:\n  minAvailable: 1\n", "minAvailable", Error, "both maxUnavailable and minAvailable"),
        ("    cpu: \"4\"", "    cpu: \"9\"", "cpu: \"9\"", Error, "two pods with 9 each"),
        ("    memory: \"8Gi\"", "    memory: \"15Gi\"", "15Gi", Error, "two pods with 15Gi each"),
        ("    memory: \"13Gi\"", "    memory: \"20Gi\"", "20Gi", Warning, "two pods with 20Gi each"),
        ("    cpu: \"15\"", "    cpu: \"2\"", "cpu: \"2\"", Error, "below the request"),
        ("    ephemeralStorage: \"20Gi\"", "    ephemeralStorage: \"200Mi\"", "200Mi", Error, "may use 200Mi"),
        ("MaxOpenConnections: \"50\"", "MaxOpenConnections: \"600\"", "\"600\"", Error, "has room for about"),
        ("MaxOpenConnections: \"50\"", "MaxOpenConnections: \"many\"", "\"many\"", Error, "is not a number"),
        ("MaxOpenConnections: \"50\"", "MaxOpenConnections: \"0\"", "MaxOpenConnections: \"0\"", Error, "there is no limit"),
        ("terminationGracePeriodSeconds: 120", "terminationGracePeriodSeconds: 10", "Seconds: 10", Error, "its hook alone takes 15"),
        ("terminationGracePeriodSeconds: 120", "terminationGracePeriodSeconds: 15", "Seconds: 15", Error, "its hook alone takes 15"),
        ("enableSandboxing: true", "enableSandboxing: false", "enableSandboxing", Warning, "without a sandbox"),
        ("replicas: 3", "replicas: 3\nimage: {repository: rstudio/rstudio-package-manager}", "repository", Error, "composes a tag"),
        ("replicas: 3", "replicas: 3\nimage: {tag: latest}", "latest", Error, "the tag is latest"),
        ("replicas: 3", "replicas: 3\naffinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname}]}}", "affinity", Error, "the new pod finds no node"),
        ("pod:\n", "pod:\n  containerSecurityContext: {readOnlyRootFilesystem: true}\n", "readOnly", Error, "cannot be written to"),
        ("pod:\n", "pod:\n  volumeMounts: [{name: x, mountPath: /mnt}]\n", "mountPath: /mnt", Error, "no volume `x`"),
    ]);
}

#[test]
#[rustfmt::skip]
fn older_charts_and_clusters() {
    let older = Inputs { chart_version: "0.5.43".into(), ..reference() };
    find_all(&older, &[
        ("replicas: 3", "replicas: 3\nimage: {os: ubuntu-24.04}", "os: ubuntu", Warning, "does not know this key"),
        ("replicas: 3", "replicas: 3\nimage: {repository: posit/package-manager}", "repository", Error, "composes a tag"),
        ("pod:\n", "pod:\n  hostAliases: []\n", "hostAliases", Warning, "does not know this key"),
        ("Listen: \":4242\"", "Listen: \":8080\"", "Listen", Error, "the server listens on 8080"),
    ]);
    let cluster = Inputs { kubernetes_minor: 26, ..reference() };
    let review = checked(&file(&reference()), &cluster);
    assert!(review.findings.iter().any(|finding| finding.what.contains("before Kubernetes 1.27")), "{review}");
}

/// What Helm takes and Kubernetes refuses; `make test-helm` sees that it does.
#[test]
#[rustfmt::skip]
fn types_of_kubernetes() {
    let edits = edits("refused");
    let mistakes: Vec<Mistake<'_>> = edits
        .iter()
        .map(|edit| {
            let [from, to, pointed_at, what] = &edit[..] else { panic!("{edit:?}") };
            (from.as_str(), to.as_str(), pointed_at.as_str(), Error, what.as_str())
        })
        .collect();
    find_all(&reference(), &mistakes);
    // The schemas have no pattern for amounts; the API server has.
    find_all(&reference(), &[
        ("pod:\n", "pod:\n  volumes: [{name: a, emptyDir: {sizeLimit: 1GB}}]\n", "sizeLimit", Error, "expected an amount"),
    ]);
}
