//! Tokens for the cluster, asked of STS as the control plane asks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use crate::support::binary::Desk;
use crate::support::emulator::{Emulator, Line};

const ASK: [&str; 5] = ["eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"];
const HOST: &str = "sts.us-east-1.amazonaws.com";

fn decoded(text: &str) -> String {
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
