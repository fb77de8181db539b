//! Commands of programs that no registry of packages has: held against what their documentation says they take.

use crate::support::binary::Desk;
use crate::support::hint::hint;

/// A command: how it begins, its options that take a value and those that take none, and how many words it needs.
/// Sources, read on 2026-11-29: helm.sh/docs/helm (`helm upgrade`, `pull`, `show chart`, `status`, `repo add`),
/// docs.docker.com/reference/cli/docker/image (`pull`, `tag`, `push`), timedatectl(1).
const COMMANDS: [(&str, &[&str], &[&str], usize); 10] = [
    ("helm repo add", &["--ca-file"], &["--force-update"], 2),
    ("helm repo update", &[], &[], 1),
    ("helm upgrade", &["--version", "-n", "-f", "--timeout"], &["--install", "--wait"], 2),
    ("helm status", &["-n"], &[], 1),
    ("helm pull", &["--repo", "--version", "--destination"], &["--untar"], 1),
    ("helm show chart", &["--repo", "--version"], &[], 1),
    ("docker pull", &["--platform"], &["--quiet"], 1),
    ("docker tag", &[], &[], 2),
    ("docker push", &[], &["--quiet"], 1),
    ("timedatectl set-ntp", &[], &[], 1),
];

/// Whether a program would take each command of a line.
pub(super) fn is_taken(line: &str) -> bool {
    line.split(" && ").all(|command| {
        let words: Vec<&str> = command.split(' ').map(|word| word.trim_matches('\'')).collect();
        // `-n NAMESPACE` may stand before the subcommand as well.
        let (program, rest) = match words.as_slice() {
            [program, "-n", namespace, rest @ ..] => (*program, [rest, &["-n", namespace]].concat()),
            [program, rest @ ..] => (*program, rest.to_vec()),
            [] => return false,
        };
        let typed = [&[program], rest.as_slice()].concat().join(" ");
        COMMANDS.iter().any(|(begin, with, without, wanted)| {
            let Some(rest) = typed.strip_prefix(begin).filter(|rest| rest.starts_with(' ')) else { return false };
            let (mut named, mut words) = (0, rest.split_whitespace());
            while let Some(word) = words.next() {
                if with.contains(&word) {
                    if words.next().is_none() {
                        return false;
                    }
                } else if word.starts_with('-') {
                    if !without.contains(&word) {
                        return false;
                    }
                } else {
                    named += 1;
                }
            }
            named == *wanted
        })
    })
}

#[test]
fn what_helm_would_not_take_is_told_apart() {
    for wrong in
        ["helm upgrade", "helm upgrade ppm chart --nonsense", "helm install ppm", "helm -n ppm status", "docker tag a"]
    {
        assert!(!is_taken(wrong), "{wrong}");
    }
}

#[test]
fn helm_takes_what_comes_after_an_apply_and_what_status_names() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = desk.run(&["apply", "--auto-approve", "--values", "our values.yaml"]).exit(0);
    let add = hint(&desk, &said, "helm repo add rstudio", "helm repo add rstudio");
    assert!(is_taken(add.line()), "{}", add.line());
    let upgrade = hint(&desk, &said, "helm upgrade --install", "helm upgrade --install");
    assert!(is_taken(&upgrade.line().replace("'our values.yaml'", "v")), "{}", upgrade.line());
    let said = desk.run(&["status"]).exit(1);
    let status = hint(&desk, &said, "is the chart installed?", "helm -n ppm status");
    assert!(is_taken(status.line()), "{}", status.line());
}

#[test]
fn what_is_to_be_brought_in_can_be_fetched() {
    let desk = Desk::simulated();
    desk.declare(&[("load_balancer:\n", "load_balancer:\n  targets: target_group_binding\n")]);
    let said = desk.run(&["offline-checklist"]).exit(0);
    for named in [
        hint(&desk, &said, "Look up which version", "helm show chart"),
        hint(&desk, &said, "helm pull rstudio-pm", "helm pull rstudio-pm"),
        hint(&desk, &said, "helm pull aws-load-balancer-controller", "helm pull aws-load-balancer-controller"),
        hint(&desk, &said, "docker pull", "docker pull"),
        hint(&desk, &said, "docker tag", "docker tag"),
        hint(&desk, &said, "docker push", "docker push"),
    ] {
        assert!(is_taken(named.line()), "{}", named.line());
    }
}
