//! What is installed beside the program: manual pages and completions.

use std::fs::read_dir;

use crate::support::binary::Desk;

/// The commands that the help of `command` lists.
fn listed(desk: &Desk, command: &[&str]) -> Vec<String> {
    let help = desk.run(&[command, &["--help"]].concat()).exit(0).stdout;
    let commands = help.split_once("Commands:\n").map_or("", |(_, rest)| rest.split("\n\n").next().unwrap());
    let names = commands.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(Into::into).collect()
}

#[test]
fn every_command_that_help_lists_has_a_manual_page_with_its_options() {
    let desk = Desk::simulated();
    desk.run(&["man", "share/man/man1"]).exit(0);
    let mut wanted = vec!["ppm-infra.1".to_owned()];
    for command in listed(&desk, &[]) {
        wanted.push(format!("ppm-infra-{command}.1"));
        let below = listed(&desk, &[&command]);
        wanted.extend(below.iter().map(|each| format!("ppm-infra-{command}-{each}.1")));
    }
    assert!(wanted.len() > 30, "{wanted:?}");
    let mut found: Vec<_> = read_dir(desk.path("share/man/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
    let page = desk.read("share/man/man1/ppm-infra-plan.1");
    assert!(page.contains(r"\-\-detailed\-exitcode"), "{page}");
    let page = desk.run(&["man"]).exit(0).stdout;
    assert!(page.starts_with(".ie") && page.contains("Exit status: 0 done"), "{page}");
    assert!(!page.contains("time\\-scale"), "what is hidden is not shown");
}

#[test]
fn a_folder_that_cannot_be_made_is_told_and_nothing_else_written() {
    let desk = Desk::simulated();
    desk.write("pages", "a file");
    let before = desk.files();
    desk.run(&["man", "pages"]).exit(1).says(&["could not write manual pages into pages", "hint: "]);
    assert_eq!(desk.files(), before);
}

#[test]
fn completions_know_the_commands() {
    let desk = Desk::simulated();
    for shell in ["bash", "zsh", "fish"] {
        let text = desk.run(&["completions", shell]).exit(0).stdout;
        for command in listed(&desk, &[]) {
            assert!(text.contains(&command), "{shell} lacks {command}");
        }
    }
}
