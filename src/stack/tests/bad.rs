//! Declarations that are refused: where, why and with what advice. Here what is wrong by itself; `rules` has what is
//! wrong together, `settings` the settings of the server. The tables are not formatted by machine, so that a case stays two lines.

mod rules;
mod settings;

use super::{HEAD, refused};
use crate::stack::Problem;

/// A problem as it must be: line, column, key, and parts of message and hint.
type Expected = (usize, usize, &'static str, &'static str, &'static str);

fn check(text: &str, problems: &[(usize, usize, &str, &str, &str)]) {
    let error = refused(text);
    let describe = |p: &Problem| format!("({}, {}, {:?}, {:?}, {:?})", p.line, p.column, p.path, p.message, p.hint);
    let found: Vec<String> = error.problems.iter().map(describe).collect();
    let agree = error.problems.len() == problems.len()
        && error.problems.iter().zip(problems).all(|(found, (line, column, path, message, hint))| {
            (found.line, found.column, found.path.as_str()) == (*line, *column, *path)
                && found.message.contains(message)
                && found.hint.contains(hint)
        });
    assert!(agree, "\n{text}\nexpected {problems:#?}\nfound {found:#?}");
}

/// Cases are the text after [`HEAD`] and its problems.
fn check_all(cases: &[(&str, &[Expected])]) {
    for (text, problems) in cases {
        check(&format!("{HEAD}{text}"), problems);
    }
}

#[test]
#[rustfmt::skip]
fn what_is_not_yaml() {
    check_all(&[
        ("network:\n\tzones: 3\n",
            &[(4, 2, "", "tabs", "indent with spaces")]),
        ("network:\n  zones: 3\n nat: single\n",
            &[(5, 2, "", "not YAML", "align this line")]),
        ("account: 1: 2\n",
            &[(3, 11, "", "not YAML", "quotes")]),
        ("protect: [database, bucket\ntags: {}\n",
            &[(4, 5, "", "not YAML", "close every [ and {")]),
        ("protect: database]\n  nat: x\n",
            &[(4, 6, "", "not YAML", "align")]),
        ("account: \"1111\n",
            &[(4, 1, "", "not YAML", "quote")]),
        ("account: @me\n",
            &[(3, 10, "", "unexpected character", "in quotes")]),
        ("account: *me\n",
            &[(3, 10, "", "anchor", "write the value out")]),
        ("---\nstack: other\n",
            &[(4, 1, "", "second YAML document", "file of its own")]),
        ("? [a, b]\n: 1\n",
            &[(3, 3, "", "not YAML", "with an example")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_is_no_declaration() {
    check("", &[(1, 1, "", "is empty", "ppm-infra init")]);
    check(
        "# nothing yet\n\n",
        &[(1, 1, "", "is empty", "`stack:` and `region:`")],
    );
    check(
        "- stack: ppm-prod\n",
        &[(1, 1, "", "this is a list", "stack: ppm-prod")],
    );
    check(
        "stack:ppm-prod\n",
        &[(1, 1, "", "the text `stack:ppm-prod`", "space after the colon")],
    );
    check("42\n", &[(1, 1, "", "the number 42", "keys such as")]);
    check(
        "{}\n",
        &[
            (1, 1, "region", "`region` is missing", "region: us-east-1"),
            (1, 1, "stack", "`stack` is missing", "stack: ppm-prod"),
        ],
    );
}

#[test]
#[rustfmt::skip]
fn unknown_keys_at_every_level() {
    check_all(&[
        ("netwrok: {zones: 3}\n",
            &[(3, 1, "netwrok", "no key `netwrok`", "did you mean `network`? The keys here are: stack, region")]),
        ("network:\n  cird: 10.0.0.0/16\n",
            &[(4, 3, "network.cird", "under `network`", "did you mean `cidr`? The keys here are: cidr, zones, nat, connectivity, existing")]),
        ("kubernetes:\n  nodes:\n    instanceType: c6a.large\n",
            &[(5, 5, "kubernetes.nodes.instanceType", "under `kubernetes.nodes`", "`instance_type`")]),
        ("package_manager:\n  license:\n    secert: x\n",
            &[(5, 5, "package_manager.license.secert", "no key", "The keys here are: secret, key")]),
        ("cidr: 10.0.0.0/16\n",
            &[(3, 1, "cidr", "in a declaration", "belongs under `network`")]),
        ("network:\n  tags: {a: b}\n",
            &[(4, 3, "network.tags", "no key `tags`", "top level")]),
        ("state: s3://bucket\ndrift: {job: kubernetes, every: 6}\n",
            &[
                (4, 26, "drift.every", "no key `every` under `drift`", "the keys here are: job, state_key"),
            ]),
        ("load-balancer: {domain: a.b}\n",
            &[(3, 1, "load-balancer", "no key", "did you mean `load_balancer`?")]),
        ("\"\\e[31m\": 1\n",
            &[(3, 1, "\u{fffd}[31m", "no key `\\u{1b}[31m`", "the keys here are")]),
    ]);
    check(
        "stakc: ppm-prod\nregion: us-east-1\n",
        &[(1, 1, "stakc", "no key `stakc`", "did you mean `stack`?")],
    );
}

#[test]
#[rustfmt::skip]
fn keys_written_twice() {
    check_all(&[
        ("stack: other\n",
            &[(3, 1, "", "`stack` is written twice", "keep one")]),
        ("network:\n  zones: 3\n  nat: single\n  zones: 9\nprotect: [databas]\n",
            &[
                (6, 3, "", "`zones` is written twice", "keep one"),
                (7, 11, "protect[0]", "`databas` is not one of", "did you mean `database`?"),
            ]),
    ]);
}

#[test]
#[rustfmt::skip]
fn values_of_another_type() {
    check_all(&[
        ("kubernetes:\n  version: 1.30\n",
            &[(4, 12, "kubernetes.version", "YAML reads `1.30` as the number 1.3", "put it in quotes: \"1.30\"")]),
        ("database:\n  engine_version: 17\n",
            &[(4, 19, "database.engine_version", "the number 17", "put it in quotes: \"17\"")]),
        ("account: 111122223333\n",
            &[(3, 10, "account", "the number 111122223333", "\"111122223333\"")]),
        ("account: 012345678901\n",
            &[(3, 10, "account", "the number 12345678901,", "\"012345678901\"")]),
        ("database: {multi_az: yes}\n",
            &[(3, 22, "database.multi_az", "the text `yes`", "write true, without quotes")]),
        ("database: {multi_az: 'false'}\n",
            &[(3, 22, "database.multi_az", "expected true or false", "write false, without quotes")]),
        ("database: {multi_az: maybe}\n",
            &[(3, 22, "database.multi_az", "the text `maybe`", "write true or false")]),
        ("kubernetes: {nodes: {count: '3'}}\n",
            &[(3, 29, "kubernetes.nodes.count", "'3' is text", "write 3 without quotes")]),
        ("kubernetes: {nodes: {count: 3.5}}\n",
            &[(3, 29, "kubernetes.nodes.count", "not whole", "such as 4")]),
        ("kubernetes: {nodes: {count: three}}\n",
            &[(3, 29, "kubernetes.nodes.count", "found the text `three`", "write a number")]),
        ("kubernetes: {nodes: 3}\n",
            &[(3, 21, "kubernetes.nodes", "expected keys indented below", "count, max, instance_type, disk_gib")]),
        ("network: [10.0.0.0/16]\n",
            &[(3, 10, "network", "found a list", "cidr, zones, nat, connectivity, existing")]),
        ("network:\n  cidr: {a: 1}\n",
            &[(4, 9, "network.cidr", "found keys with values", "10.0.0.0/16")]),
        ("network:\n  cidr:\n",
            &[(4, 3, "network.cidr", "no value is written", "delete the line: the default is 10.0.0.0/16")]),
        ("network: {existing: }\n",
            &[(3, 11, "network.existing", "nothing is written below", "vpc, private_subnets, public_subnets")]),
        ("load_balancer:\n  allow_from: 10.1.0.0/16\n",
            &[(4, 15, "load_balancer.allow_from", "expected a list", "in brackets: [10.1.0.0/16]")]),
        ("load_balancer:\n  allow_from:\n    - 10\n    - [a]\n",
            &[
                (5, 7, "load_balancer.allow_from[0]", "the number 10", "such as 10.0.0.0/16"),
                (6, 7, "load_balancer.allow_from[1]", "found a list", "one value"),
            ]),
        ("storage: {bucket: true}\n",
            &[(3, 19, "storage.bucket", "the boolean true", "put it in quotes: \"true\"")]),
        ("network: {nat: 1}\n",
            &[(3, 16, "network.nat", "the number 1", "such as per_zone")]),
        ("tags: [a]\n",
            &[(3, 7, "tags", "found a list", "team")]),
    ]);
    check(
        "stack:\nregion: us-east-1\n",
        &[(1, 1, "stack", "no value is written", "`stack: ppm-prod`")],
    );
}

#[test]
#[rustfmt::skip]
fn numbers_and_words_out_of_range() {
    check_all(&[
        ("network: {zones: 1}\n",
            &[(3, 18, "network.zones", "expected a whole number of zones from 2 to 4", "write 2")]),
        ("load_balancer: {node_port: 8080}\n",
            &[(3, 28, "load_balancer.node_port", "from 30000 to 32767", "write 30000")]),
        ("database: {backup_days: 0}\n",
            &[(3, 25, "database.backup_days", "of days from 1 to 35", "write 1")]),
        ("database: {storage_gib: 999999999999999999999999}\n",
            &[(3, 25, "database.storage_gib", "20 to 65536", "write 65536")]),
        ("database: {storage_gib: -100}\n",
            &[(3, 25, "database.storage_gib", "-100 is out of range", "write 20,")]),
        ("architecture: cluster\n",
            &[(3, 15, "architecture", "(several EC2 servers behind a load balancer) is not supported by this version", "write kubernetes")]),
        ("architecture: kubernets\n",
            &[(3, 15, "architecture", "is not one of kubernetes", "did you mean `kubernetes`?")]),
        ("network: {nat: per-zone}\n",
            &[(3, 16, "network.nat", "is not one of per_zone, single", "did you mean `per_zone`?")]),
        ("protect: [database, database]\n",
            &[(3, 21, "protect[1]", "in the list twice", "delete one")]),
        ("load_balancer: {allow_from: []}\n",
            &[(3, 17, "load_balancer.allow_from", "the list has 0, and at least 1", "the default is [0.0.0.0/0]")]),
    ]);
}

#[test]
fn everything_wrong_is_said_at_once() {
    let error = refused(
        "stack: x\nregion: us-east-1\nnetwork:\n  cidr: 10.0.0.1/16\n  zones: 9\nkubernetes:\n  version: 1.34\n  \
         service_cidr: 8.0.0.0/16\ndatabase:\n  multi_az: on\n  storage: 100\ntgas: {}\n",
    );
    let lines: Vec<usize> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 4, 5, 7, 8, 10, 11, 12], "{error}");
}

#[test]
fn what_people_see() {
    insta::assert_snapshot!(
        refused("stack: ppm-prod\nregion: us-east-1\nkubernetes:\n  version: 1.30\n  nodse: {count: 3}\n"),
        @r#"
    kubernetes.version: YAML reads `1.30` as the number 1.3, and a Kubernetes version is wanted
     --> test.yaml:4:12
      |
    4 |   version: 1.30
      |            ^^^^
      = hint: put it in quotes: "1.30"

    kubernetes.nodse: there is no key `nodse` under `kubernetes`
     --> test.yaml:5:3
      |
    5 |   nodse: {count: 3}
      |   ^^^^^
      = hint: did you mean `nodes`? The keys here are: version, extended_support, service_cidr, public_cidrs, admins, nodes

    2 problems in test.yaml
    "#
    );
}
