//! Every way to credentials that README names leads to them: who signed, a token for a cluster tells.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::Value;

use crate::eks_token::decoded;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;

const ASK: [&str; 5] = ["eks-token", "--cluster", "ppm-prod", "--region", "us-east-1"];
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A folder whose environment has no credentials.
fn bare(emulator: &Emulator) -> Desk {
    Desk::at(&emulator.endpoint(), 0).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY")
}

/// The id of the key that signed.
fn signer(said: &Said) -> String {
    let answer: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{said}"));
    let token = answer["status"]["token"].as_str().unwrap();
    let address = decoded(token.strip_prefix("k8s-aws-v1.").unwrap());
    let credential = address.split("X-Amz-Credential=").nth(1).unwrap();
    credential.split("%2F").next().unwrap().to_owned()
}

/// Answers the path of every request, as long as the test runs; where it listens.
fn answering(answer: impl Fn(&str) -> String + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut head = [0; 4096];
            let read = stream.read(&mut head).unwrap_or_default();
            let head = String::from_utf8_lossy(&head[..read]).into_owned();
            let body = answer(head.split(' ').nth(1).unwrap_or_default());
            // The service for instances says how long its token lasts; nobody else looks at it.
            let lasts = "x-aws-ec2-metadata-token-ttl-seconds: 21600";
            let answer = format!(
                "HTTP/1.1 200 OK\r\n{lasts}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    endpoint
}

/// The same with one answer for all.
fn serving(body: String) -> String {
    answering(move |_| body.clone())
}

fn hashed(desk: &Desk, by: &str, text: &str) -> String {
    let said = desk.shell(&format!("printf %s '{text}' | {by}")).exit(0);
    said.stdout.split(' ').next().unwrap().to_owned()
}

#[test]
fn keys_in_the_environment_and_in_profiles_are_taken() {
    let emulator = Emulator::start(0);
    let desk = bare(&emulator).with("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT").with("AWS_SECRET_ACCESS_KEY", SECRET);
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "AKIAENVIRONMENT");

    let desk = bare(&emulator);
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = {SECRET}\n");
    desk.write(".aws/credentials", &format!("[default]\n{}[other]\n{}", keys("AKIADEFAULT"), keys("AKIAOTHER")));
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "AKIADEFAULT");
    let desk = desk.with("AWS_PROFILE", "other");
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "AKIAOTHER");

    // A role that a profile takes on: STS gives its keys.
    desk.write(
        ".aws/config",
        "[profile admin]\nsource_profile = other\nrole_arn = arn:aws:iam::123456789012:role/admin\nregion = us-east-1\n",
    );
    let desk = desk.with("AWS_PROFILE", "admin");
    let id = signer(&desk.run(&ASK).exit(0));
    assert!(id.starts_with("ASIA"), "keys of a session: {id}");
}

#[test]
fn what_aws_login_left_is_taken() {
    let emulator = Emulator::start(0);
    let desk = bare(&emulator);
    let session = "arn:aws:iam::123456789012:user/ann";
    desk.write(".aws/config", &format!("[default]\nlogin_session = {session}\nregion = us-east-1\n"));
    let name = hashed(&desk, "sha256sum", session);
    let token = |ends: &str| {
        format!(
            r#"{{"accessToken": {{"accessKeyId": "ASIALOGIN", "secretAccessKey": "{SECRET}", "sessionToken": "token",
            "accountId": "123456789012", "expiresAt": "{ends}"}}, "tokenType": "aws_sigv4", "refreshToken": "refresh",
            "clientId": "arn:aws:signin:::devtools/same-device", "dpopKey": "key"}}"#
        )
    };
    desk.write(&format!(".aws/login/cache/{name}.json"), &token("2099-01-01T00:00:00Z"));
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "ASIALOGIN");
    // Without what it left, the person is told which command leaves it.
    std::fs::remove_file(desk.path(&format!(".aws/login/cache/{name}.json"))).unwrap();
    desk.run(&ASK).exit(69).says(&["aws login"]);
}

#[test]
fn what_aws_sso_login_left_is_taken() {
    let emulator = Emulator::start(0);
    let portal = serving(format!(
        r#"{{"roleCredentials": {{"accessKeyId": "ASIASSO", "secretAccessKey": "{SECRET}", "sessionToken": "token",
        "expiration": 4070908800000}}}}"#
    ));
    let desk = bare(&emulator).with("AWS_ENDPOINT_URL_SSO", &portal);
    desk.write(
        ".aws/config",
        "[default]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = admin\nregion = us-east-1\n\
         [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n",
    );
    let name = hashed(&desk, "sha1sum", "corp");
    desk.write(
        &format!(".aws/sso/cache/{name}.json"),
        r#"{"accessToken": "token", "expiresAt": "2099-01-01T00:00:00Z", "region": "us-east-1",
        "startUrl": "https://corp.awsapps.com/start"}"#,
    );
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "ASIASSO");
    std::fs::remove_file(desk.path(&format!(".aws/sso/cache/{name}.json"))).unwrap();
    desk.run(&ASK).exit(69).says(&["aws sso login"]);
}

#[test]
fn other_programs_containers_and_pods_give_theirs() {
    let emulator = Emulator::start(0);
    let desk = bare(&emulator);
    let keys = format!(
        r#"{{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "{SECRET}", "SessionToken": "token",
        "Expiration": "2099-01-01T00:00:00Z"}}"#
    );
    desk.write("keys.json", &keys);
    desk.write(".aws/config", &format!("[default]\ncredential_process = cat {}\n", desk.path("keys.json").display()));
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "AKIAPROCESS");

    let container = serving(format!(
        r#"{{"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "{SECRET}", "Token": "token",
        "Expiration": "2099-01-01T00:00:00Z"}}"#
    ));
    let desk = bare(&emulator).with("AWS_CONTAINER_CREDENTIALS_FULL_URI", &format!("{container}/keys"));
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "ASIACONTAINER");

    // As GitHub Actions and pods of EKS have it: a token that STS takes for a role.
    let desk = bare(&emulator);
    desk.write("token", "eyJhbGciOiJub25lIn0.e30.");
    let desk = desk
        .with("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/deployer")
        .with("AWS_ROLE_SESSION_NAME", "run")
        .with("AWS_WEB_IDENTITY_TOKEN_FILE", "token");
    let id = signer(&desk.run(&ASK).exit(0));
    assert!(id.starts_with("ASIA"), "keys of a session: {id}");
}

#[test]
fn the_role_of_an_instance_is_taken() {
    let emulator = Emulator::start(0);
    // The service for instances answers a token, the name of the role, and its keys.
    let endpoint = answering(|path| match path.trim_end_matches('/') {
        "/latest/api/token" => "token".to_owned(),
        path if path.ends_with("/deployer") => format!(
            r#"{{"Code": "Success", "Type": "AWS-HMAC", "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "{SECRET}",
            "Token": "token", "AccountId": "123456789012", "Expiration": "2099-01-01T00:00:00Z",
            "LastUpdated": "2026-01-01T00:00:00Z"}}"#
        ),
        _ => "deployer".to_owned(),
    });
    let desk = bare(&emulator).without("AWS_EC2_METADATA_DISABLED");
    let desk = desk.with("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint);
    assert_eq!(signer(&desk.run(&ASK).exit(0)), "ASIAINSTANCE");
}

/// Whoever has none is told what was looked at, in words of this program alone.
#[test]
fn without_credentials_it_is_said_what_was_looked_at() {
    let emulator = Emulator::start(0);
    let desk = bare(&emulator).with("AWS_PROFILE", "nope");
    desk.write(".aws/config", "[default]\nregion = us-east-1\n[profile prod]\nregion = us-east-1\n");
    for state in ["", "state: s3://ppm-states/prod\n"] {
        desk.write("plans/a.yaml", &format!("stack: ppm-prod\nregion: us-east-1\n{state}"));
        for command in [&["plan"][..], &["destroy", "--auto-approve"], &["drift"]] {
            let said = desk.run(command).exit(69).says(&[
                "no AWS credentials: AWS_ACCESS_KEY_ID is not set",
                "the profile `nope` of AWS_PROFILE is not in",
                "(there: default, prod)",
            ]);
            for word in ["DispatchFailure", "dispatch failure", "Ec2InstanceMetadata", "Attempted"] {
                assert!(!said.stderr.contains(word), "{command:?} {state}: {said}");
            }
        }
    }
    // A proxy that is not there, on the way to the state.
    let desk = Desk::at("http://127.0.0.1:1", 0);
    desk.write("plans/a.yaml", "stack: ppm-prod\nregion: us-east-1\nstate: s3://ppm-states/prod\n");
    let said = desk.run(&["state", "list"]);
    assert!(said.code != 0 && !said.stderr.contains("DispatchFailure") && !said.stderr.contains("{ "), "{said}");
}
