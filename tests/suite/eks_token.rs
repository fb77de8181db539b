//! Tokens for the cluster, asked of STS as the control plane asks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::binary::Desk;
use crate::support::emulator::{Emulator, Line};
use crate::support::kubernetes::Kubernetes;

const ASK: [&str; 5] = ["eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"];
const HOST: &str = "sts.us-east-1.amazonaws.com";

/// The text behind a token, in base64 for addresses.
pub(crate) fn decoded(text: &str) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert!(!text.contains('='), "without padding");
    let bits: Vec<bool> = text
        .chars()
        .map(|c| DIGITS.find(c).unwrap())
        .flat_map(|d| (0..6).rev().map(move |n| d >> n & 1 == 1))
        .collect();
    let byte = |eight: &[bool]| eight.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
    String::from_utf8(bits.chunks_exact(8).map(byte).collect()).unwrap()
}

/// What the control plane of `cluster` does with a token: it asks the address in it, with its own name in the header.
fn asked(line: &Line, token: &str, cluster: Option<&str>) -> String {
    let address = decoded(token.strip_prefix("k8s-aws-v1.").unwrap());
    let path = address.strip_prefix(&format!("https://{HOST}")).unwrap_or_else(|| panic!("{address}"));
    assert!(path.contains("X-Amz-Expires=60&") && path.contains("X-Amz-SignedHeaders=host%3Bx-k8s-aws-id"), "{path}");
    let header = cluster.map(|cluster| format!("x-k8s-aws-id: {cluster}\r\n")).unwrap_or_default();
    let mut stream = TcpStream::connect(line.endpoint().strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {HOST}\r\n{header}\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn sts_knows_the_signer_at_this_cluster_and_at_no_other() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let said = desk.run(&ASK).exit(0);
    assert_eq!(said.stderr, "");
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(answer["kind"], "ExecCredential");
    assert_eq!(answer["apiVersion"], "client.authentication.k8s.io/v1");
    let token = answer["status"]["token"].as_str().unwrap();
    let ends: jiff::Timestamp = answer["status"]["expirationTimestamp"].as_str().unwrap().parse().unwrap();
    let signed = decoded(&token["k8s-aws-v1.".len()..]);
    let date = signed.split("X-Amz-Date=").nth(1).unwrap().split('&').next().unwrap();
    let begun: jiff::Timestamp = date.parse().unwrap();
    assert_eq!(ends.as_second() - begun.as_second(), 14 * 60);

    assert!(asked(&emulator, token, Some("ppm-prod")).contains("<Arn>arn:aws:sts::"), "the signer is told");
    for cluster in [None, Some("ppm-test")] {
        assert!(asked(&emulator, token, cluster).contains("SignatureDoesNotMatch"), "{cluster:?}");
    }
    assert_eq!(desk.files().len(), 0, "a token is written nowhere");
}

#[test]
fn kubectl_takes_the_kubeconfig_and_asks_with_our_token() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["kubeconfig", "--out", "config"]).exit(0);
    let kubernetes = Kubernetes::start(&desk);

    let kubectl = "kubectl --kubeconfig config";
    let seen = desk.shell(&format!("{kubectl} config view --minify -o json")).exit(0);
    let seen: Value = serde_json::from_str(&seen.stdout).unwrap();
    assert_eq!(seen["current-context"], "ppm-prod");
    assert_eq!(seen["contexts"][0]["context"]["namespace"], "ppm");
    // Where the emulated cluster would answer, nobody does: this one thing is another.
    let name = seen["clusters"][0]["name"].as_str().unwrap();
    desk.shell(&format!(
        "{kubectl} config set-cluster '{name}' --server={} --certificate-authority=ca.pem --embed-certs",
        kubernetes.server()
    ))
    .exit(0);
    let said = desk.shell(&format!("{kubectl} get --raw /version")).exit(0);
    let answer: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(answer["path"], "/version");
    let token = answer["authorization"].as_str().unwrap().strip_prefix("Bearer ").unwrap();
    assert!(asked(&emulator, token, Some("ppm-prod")).contains("<Arn>arn:aws:sts::"), "the cluster is told who asks");

    // Who has no credentials is told so by us, through kubectl.
    let nobody = desk.without("AWS_ACCESS_KEY_ID").shell(&format!("{kubectl} get --raw /version"));
    assert!(nobody.code != 0 && nobody.stderr.contains("could not find credentials for the token"), "{nobody}");
}

/// What docs/helm.md tells to type for a claim that waits for ever: kubectl carries it out, and the volume is free for the
/// next claim of that name and for no other.
#[test]
fn kubectl_frees_a_volume_as_the_documentation_says() {
    let text = include_str!("../../docs/helm.md");
    let (_, section) = text.split_once("## Uninstalled, and installed again").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let typed: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    kubectl ")).collect();
    let [get, patch] = typed[..] else { panic!("{typed:?}") };
    let name = get.strip_prefix("get pv ").unwrap();
    let options = patch.strip_prefix(&format!("patch pv {name} ")).unwrap_or_else(|| panic!("{patch}"));

    let desk = Desk::simulated();
    let shared = "shared_storage:\n    file_system: fs-0123456789abcdef0";
    desk.write("a.yaml", &format!("stack: ppm-prod\nregion: us-east-1\npackage_manager:\n  {shared}\n"));
    desk.run(&["apply", "--auto-approve", "--values", "values.yaml", "a.yaml"]).exit(0);
    assert!(desk.read("values.yaml").contains(&format!("name: \"{name}\"")), "the volume of the values has that name");
    let claim = r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": "ppm", "name": "ppm-shared-storage",
        "uid": "0f5a2b1c", "resourceVersion": "4711"}"#;
    let volume = r#"{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "NAME"},
        "spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"], "claimRef": CLAIM}}"#;
    desk.write("pv.json", &volume.replace("NAME", name).replace("CLAIM", claim));
    let said = desk.shell(&format!("kubectl patch --local -f pv.json -o json {options}")).exit(0);
    let freed: Value = serde_json::from_str(&said.stdout).unwrap();
    let mut left: Value = serde_json::from_str(claim).unwrap();
    left.as_object_mut().unwrap().retain(|key, _| !["uid", "resourceVersion"].contains(&key.as_str()));
    assert_eq!(freed["spec"]["claimRef"], left, "{said}");
}

#[test]
fn kubectl_says_which_version_it_understands() {
    let emulator = Emulator::start(0);
    let info = |version: &str| {
        format!(r#"{{"apiVersion":"client.authentication.k8s.io/{version}","kind":"ExecCredential","spec":{{}}}}"#)
    };
    let desk = |version: &str| Desk::at(&emulator.endpoint(), 0).with("KUBERNETES_EXEC_INFO", &info(version));
    let said = desk("v1beta1").run(&ASK).exit(0);
    assert!(said.stdout.contains(r#""apiVersion":"client.authentication.k8s.io/v1beta1""#), "{said}");
    desk("v1alpha1").run(&ASK).exit(64).says(&["client.authentication.k8s.io/v1alpha1"]);
    let nobody = Desk::at(&emulator.endpoint(), 0).without("AWS_ACCESS_KEY_ID").run(&ASK).exit(69);
    nobody.says(&["could not find credentials for the token"]);
}
