//! Records are edited, moved, forgotten, pushed and restored in any order, with edits of the declaration and losses in
//! between: nothing panics, data stays, a record never costs an object, and some command that the last output names leads
//! to a sound and empty plan.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{APPLY, LOCKFILE, PLAN, edit, ids, rename};
use crate::support::binary::{Desk, Said};
use crate::support::fixture::{desk, text};
use crate::support::random::check;

type Ids = BTreeSet<(String, String)>;

/// Kinds whose objects hold what cannot be made again.
const DATA: [&str; 4] = ["bucket", "database", "kms_key", "secret"];

/// Kinds whose objects can be removed by hand while everything else stands.
const LEAVES: [&str; 6] =
    ["access_entry", "addon", "listener", "security_group_rule", "target_attachment", "vpc_endpoint"];

/// Lines that make another declaration: other nodes, fewer who may come in, fewer gateways, a tag, another front door,
/// another port of the nodes, no standby, another administrator, a newer engine.
pub(super) const EDITS: [(&str, &str); 10] = [
    ("", ""),
    ("kubernetes:\n", "kubernetes:\n  nodes: {instance_type: m6i.4xlarge}\n"),
    ("load_balancer:\n", "load_balancer:\n  allow_from: [\"10.0.0.0/8\"]\n"),
    ("architecture: kubernetes\n", "architecture: kubernetes\nnetwork: {nat: single}\n"),
    ("architecture: kubernetes\n", "architecture: kubernetes\ntags: {team: data}\n"),
    ("load_balancer:\n", "load_balancer:\n  scheme: internal\n"),
    ("load_balancer:\n", "load_balancer:\n  node_port: 30050\n"),
    ("architecture: kubernetes\n", "architecture: kubernetes\ndatabase: {multi_az: false}\n"),
    ("kubernetes:\n", "kubernetes:\n  admins: [\"arn:aws:iam::111122223333:role/ops\"]\n"),
    ("architecture: kubernetes\n", "architecture: kubernetes\ndatabase: {engine_version: \"18\"}\n"),
];

/// The edit that AWS has no way back from.
const ONE_WAY: usize = EDITS.len() - 1;

#[derive(Clone, Debug)]
enum Deed {
    /// Another declaration.
    Edit(usize),
    Apply,
    /// `state rm`.
    Forget(Index),
    /// `state mv` to another address of the kind.
    Move(Index, Index),
    /// What an older program's `state mv` left.
    Mislay(Index),
    /// What only a fault leaves: one object recorded twice.
    Double(Index),
    /// Keeps what `state pull` prints.
    Pull,
    /// Puts that in force again.
    Push(bool),
    /// The lockfile before the last write.
    Restore,
    Recover,
    /// Somebody removes an object that nothing hangs on.
    Lose(Index),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let at = any::<Index>;
    prop_oneof![
        3 => (0..EDITS.len()).prop_map(Deed::Edit),
        3 => Just(Deed::Apply),
        2 => at().prop_map(Deed::Forget),
        2 => (at(), at()).prop_map(|(from, to)| Deed::Move(from, to)),
        2 => at().prop_map(Deed::Mislay),
        1 => at().prop_map(Deed::Double),
        1 => Just(Deed::Pull),
        1 => any::<bool>().prop_map(Deed::Push),
        1 => Just(Deed::Restore),
        1 => Just(Deed::Recover),
        1 => at().prop_map(Deed::Lose),
    ]
}

/// A declaration with one of the edits, in place of the line that had the same key.
pub(super) fn edited(text: &str, edit: usize) -> String {
    let (from, to) = EDITS[edit];
    assert!(text.contains(from), "{from}");
    let key = to[from.len()..].split_inclusive(':').next().unwrap_or_default();
    let others = text.split_inclusive('\n').filter(|line| key.is_empty() || !line.starts_with(key));
    others.collect::<String>().replacen(from, to, 1)
}

/// A person at a terminal with one stack: what is declared, and everything typed so far.
pub(super) struct Story {
    desk: Desk,
    /// The declaration without edits.
    text: String,
    declared: usize,
    /// What was declared and there when all was last as declared, unless objects were lost since.
    calm: Option<(usize, Ids)>,
    told: Vec<String>,
}

impl Story {
    fn begin(start: &str) -> Self {
        Self::at(desk(start), text(start, "reference.yaml"), 0, Vec::new())
    }

    /// Goes on with what stands at `desk`; `told` is what happened there before.
    pub(super) fn at(desk: Desk, text: String, declared: usize, told: Vec<String>) -> Self {
        let mut story = Self { desk, text, declared, calm: None, told };
        story.declare(declared);
        story
    }

    pub(super) fn declare(&mut self, declared: usize) {
        self.declared = declared;
        self.desk.write("plans/reference.yaml", &edited(&self.text, declared));
    }

    pub(super) fn run(&mut self, arguments: &[&str]) -> Said {
        let before = ids(&self.desk);
        let said = self.desk.run(arguments);
        self.told.push(format!("{} (declared {}) → {}", arguments.join(" "), self.declared, said.code));
        let told = &self.told;
        assert!([0, 1, 2, 3, 64, 78].contains(&said.code), "{told:#?}\n{said}");
        let after = ids(&self.desk);
        let data = |all: &Ids| all.iter().filter(|(kind, _)| DATA.contains(&&**kind)).cloned().collect::<Ids>();
        let lost: Ids = data(&before).difference(&data(&after)).cloned().collect();
        assert_eq!(lost, Ids::new(), "data is gone: {told:#?}\n{said}");
        if arguments[0] == "apply" && said.code == 0 {
            if let Some((declared, there)) = &self.calm
                && *declared == self.declared
            {
                assert_eq!(&after, there, "a record cost an object: {told:#?}\n{said}");
            }
            self.calm = Some((self.declared, after));
        }
        // What is said to be no record's any more is removed, as it is said.
        if let Some(rest) = said.stderr.split("The object ").nth(1).filter(|_| said.stderr.contains("is not declared"))
        {
            let id = rest.split(' ').next().unwrap().to_owned();
            self.lose(|_, found| found == id);
        }
        said
    }

    fn lose(&mut self, which: impl Fn(&str, &str) -> bool) {
        let mut world: Value = serde_json::from_str(&self.desk.read("world.json")).unwrap();
        let objects = world["objects"].as_object_mut().unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        objects.retain(|_, object| {
            let kind = text(&object["mark"]["address"]).split('.').next().unwrap().to_owned();
            DATA.contains(&&*kind) || !which(&kind, &text(&object["computed"]["id"]))
        });
        self.desk.write("world.json", &world.to_string());
        self.calm = None;
    }

    /// The addresses of the record, if it can be read.
    fn recorded(&self) -> Vec<String> {
        let lockfile: Value = serde_json::from_str(&self.desk.read(LOCKFILE)).unwrap();
        lockfile["resources"].as_object().unwrap().keys().cloned().collect()
    }

    fn act(&mut self, deed: &Deed) {
        let all = self.recorded();
        let chosen = |at: &Index| (!all.is_empty()).then(|| at.get(&all).clone());
        let is_open = self.desk.path("state/ppm-prod.journal").exists();
        match deed {
            Deed::Edit(declared) => self.declare(*declared),
            Deed::Apply => drop(self.run(&APPLY)),
            Deed::Forget(at) => {
                if let Some(at) = chosen(at) {
                    self.run(&["state", "rm", &at]);
                }
            }
            Deed::Move(from, to) => {
                if let (Some(from), Some(to)) = (chosen(from), chosen(to)) {
                    let kind = from.split('.').next().unwrap();
                    let name = to.split('.').nth(1).unwrap();
                    self.run(&["state", "mv", &from, &format!("{kind}.{name}")]);
                }
            }
            // A journal continues the lockfile as it was written.
            Deed::Mislay(_) | Deed::Double(_) if is_open => {}
            Deed::Mislay(at) => {
                if let Some(from) = chosen(at) {
                    let to = format!("{}.mislaid", from.split('.').next().unwrap());
                    if !all.contains(&to) {
                        edit(&self.desk, |state| rename(state, &from, &to));
                        self.told.push(format!("{from} is recorded as {to}"));
                    }
                }
            }
            Deed::Double(at) => {
                if let Some(from) = chosen(at) {
                    let to = format!("{}.double", from.split('.').next().unwrap());
                    edit(&self.desk, |state| state["resources"][&to] = state["resources"][&from].clone());
                    self.told.push(format!("{from} is recorded as {to} too"));
                }
            }
            Deed::Pull => {
                let said = self.run(&["state", "pull"]);
                if said.code == 0 {
                    self.desk.write("pulled.json", &said.stdout);
                }
            }
            Deed::Push(force) => {
                if self.desk.path("pulled.json").exists() {
                    self.run(if *force {
                        &["state", "push", "pulled.json", "--force"]
                    } else {
                        &["state", "push", "pulled.json"]
                    });
                }
            }
            Deed::Restore => {
                let said = self.run(&["state", "history"]);
                if let Some(serial) = said.stdout.lines().find(|line| !line.contains("in force")) {
                    self.run(&["state", "restore", serial]);
                }
            }
            Deed::Recover => drop(self.run(&["recover", "--force", "--auto-approve"])),
            Deed::Lose(at) => {
                let there = ids(&self.desk);
                let all: Vec<&(String, String)> = there.iter().filter(|(kind, _)| LEAVES.contains(&&**kind)).collect();
                if all.is_empty() {
                    return;
                }
                let (kind, id) = at.get(&all);
                self.lose(|k, i| k == kind && i == id);
                self.told.push(format!("{kind} {id} is lost"));
            }
        }
    }

    /// What is there and in no record.
    fn orphans(&self) -> Ids {
        let lockfile: Value = serde_json::from_str(&self.desk.read(LOCKFILE)).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let standing = lockfile["resources"].as_object().unwrap().iter();
        let standing =
            standing.map(|(at, one)| (at.split('.').next().unwrap().to_owned(), text(&one["computed"]["id"])));
        let recorded: Ids = standing.collect();
        ids(&self.desk).difference(&recorded).cloned().collect()
    }

    /// Does what the last output names, until a plan is empty and everything there is recorded.
    pub(super) fn follow(&mut self, last: Option<&Said>) {
        let mut next: VecDeque<Vec<String>> = last.map(named).unwrap_or_default();
        let mut tried = BTreeSet::new();
        if let Some(command) = next.pop_front() {
            self.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).exit(0);
        }
        for _ in 0..12 {
            let plan = self.run(&PLAN);
            let orphans = if plan.code == 0 { self.orphans() } else { Ids::new() };
            if plan.code == 0 && orphans.is_empty() {
                return;
            }
            let told = [&plan.stderr, &plan.stdout];
            let is_told = |hint: &str| told.iter().any(|text| text.contains(hint));
            if plan.code == 1 && (is_told("declare the version that is there") || is_told("hint: write \"18\"")) {
                self.declare(ONE_WAY);
                continue;
            }
            // What is merely adopted is no change, and is recorded by apply.
            let adopts = plan.code == 0 && plan.stdout.contains("Adopted");
            if plan.code == 2 || adopts {
                next.push_front(APPLY.map(str::to_owned).to_vec());
            } else {
                next.extend(named(&plan));
            }
            let Some(command) = next.pop_front() else { break };
            if plan.code != 2 && !adopts && !tried.insert(command.clone()) {
                continue;
            }
            let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
            let said = if arguments[0] == "cp" { self.desk.shell(&arguments.join(" ")) } else { self.run(&arguments) };
            if said.code != 0 {
                next = named(&said);
            }
        }
        let plan = self.desk.run(&PLAN);
        panic!("no command leads on: {:#?}\n{plan}\norphans: {:?}", self.told, self.orphans());
    }
}

/// The commands that an output names and that change something, as they are typed.
fn named(said: &Said) -> VecDeque<Vec<String>> {
    let text = format!("{}\n{}", said.stderr, said.stdout);
    let quoted = text.split('`').skip(1).step_by(2);
    let commands = quoted.filter_map(|command| {
        let words: Vec<&str> = command.split_whitespace().map(|word| word.trim_matches('\'')).collect();
        let is_left_open = |word: &&&str| word.contains('…') || ["SERIAL", "FILE", "ADDRESS"].contains(*word);
        if words.iter().any(|word| is_left_open(&word)) {
            return None;
        }
        let mut words: Vec<String> = match words.as_slice() {
            ["cp", ..] => words.iter().map(ToString::to_string).collect(),
            ["ppm-infra", rest @ ..] => rest.iter().map(ToString::to_string).collect(),
            _ => return None,
        };
        let changes = match words.first().map(String::as_str)? {
            "apply" | "recover" | "adopt" => {
                words.push("--auto-approve".to_owned());
                true
            }
            "state" => ["rm", "mv", "push", "restore"].contains(&words.get(1)?.as_str()),
            "cp" => true,
            _ => false,
        };
        changes.then_some(words)
    });
    commands.collect()
}

fn any_story() -> impl Strategy<Value = (&'static str, Vec<Deed>)> {
    (select(&["whole", "whole", "interrupted"][..]), prop::collection::vec(any_deed(), 1..9))
}

#[test]
fn whatever_was_done_to_the_record_some_command_that_is_named_leads_to_an_empty_plan() {
    check(10, any_story, |_, (start, deeds)| {
        let mut story = Story::begin(start);
        for deed in &deeds {
            story.act(deed);
        }
        story.follow(None);
        // And the edit taken back.
        story.declare(0);
        story.follow(None);
    });
}

/// An older lockfile that does not know what stands is not put in force in silence, and what is then in no record is found.
#[test]
fn what_a_newer_lockfile_records_is_not_lost_sight_of_by_restoring_an_older_one() {
    let nodes = |story: &mut Story| {
        story.declare(1);
        story.run(&APPLY).exit(0);
    };
    // Another object took the place of what the older one records.
    let mut story = Story::begin("whole");
    story.run(&APPLY).exit(0);
    story.run(&["state", "pull"]);
    nodes(&mut story);
    let serial = story.run(&["state", "history"]).stdout.lines().next().unwrap().to_owned();
    let files = story.desk.files();
    let says = ["does not know node_group.main", "nothing was changed", &format!("state restore {serial} --force")];
    story.run(&["state", "restore", &serial]).exit(78).says(&says);
    assert_eq!(story.desk.files(), files);
    let there = ids(&story.desk);
    let said = story.run(&["state", "restore", &serial, "--force"]).exit(0);
    let said = said.says(&["no plan is sure to find", "node_group.main", "state restore", "recover --force"]);
    story.follow(Some(&said));
    assert_eq!(ids(&story.desk), there, "the nodes are found, and nothing is made twice");
    // What is merely not recorded there stays recorded.
    let mut story = Story::begin("whole");
    story.run(&["state", "rm", "addon.coredns"]).exit(0);
    story.run(&APPLY).exit(0);
    let serial = story.run(&["state", "history"]).stdout.lines().next().unwrap().to_owned();
    story.run(&["state", "restore", &serial]).exit(0).says(&["did not know addon.coredns", "goes on"]);
    story.run(&PLAN).exit(0);
    assert_eq!(ids(&story.desk).len(), 46);
}

/// What the record before knew nothing of and nobody declares any more is found as well.
#[test]
fn where_a_record_is_not_sound_what_is_named_first_loses_sight_of_nothing() {
    for from in ["nat_gateway.c", "elastic_ip.nat-b"] {
        let mut story = Story::begin("interrupted");
        story.run(&APPLY).exit(0);
        story.declare(3);
        edit(&story.desk, |state| state["resources"][format!("{from}x")] = state["resources"][from].clone());
        let kept = story.run(&["state", "history"]).stdout.lines().next().unwrap().to_owned();
        // The one before knows nothing of it, so it is not put in force in silence.
        let refused = story.run(&["state", "restore", &kept]).exit(78);
        let refused = refused.says(&["does not know", from, "nothing was changed", "recover", "--force"]);
        let said = if from == "nat_gateway.c" { story.run(&PLAN).exit(78) } else { refused };
        story.follow(Some(&said));
    }
}

/// Whoever copies an older lockfile over the newer one, as a hint says, goes on with what stands by then.
#[test]
fn what_took_the_place_of_what_an_older_lockfile_records_is_found_by_its_marks() {
    // Where nothing is left of what told the port of the nodes, the older records still do.
    for (declared, at, lost) in [
        (1, "node_group.main", None),
        (5, "load_balancer.main", None),
        (5, "target_group.main", Some("security_group_rule")),
    ] {
        let mut story = Story::begin("whole");
        story.run(&APPLY).exit(0);
        if let Some(lost) = lost {
            story.lose(|kind, _| kind == lost);
        }
        story.calm = None;
        story.declare(declared);
        story.run(&APPLY).exit(0);
        let there = ids(&story.desk);
        story.desk.shell(&format!("cp {LOCKFILE}.backup {LOCKFILE}")).exit(0);
        let plan = story.run(&["plan", "--json"]).exit(0).json().remove(0);
        assert!(plan["adopted"].to_string().contains(at), "{at}: {}", plan["adopted"]);
        assert_eq!((&plan["summary"]["create"], &plan["summary"]["replace"]), (&json!(0), &json!(0)), "{at}: {plan}");
        story.run(&APPLY).exit(0);
        assert_eq!(ids(&story.desk), there, "nothing is made twice, and nothing goes: {:#?}", story.told);
        story.run(&PLAN).exit(0);
    }
}

/// A damaged lockfile is kept aside, and another put in force.
#[test]
fn an_older_lockfile_takes_the_place_of_one_that_cannot_be_read() {
    for command in [["restore", "1"], ["push", "pulled.json"]] {
        let mut story = Story::begin("whole");
        story.run(&APPLY).exit(0);
        let pulled = story.run(&["state", "pull"]).exit(0).stdout;
        story.desk.write("pulled.json", &pulled);
        let serial = story.run(&["state", "history"]).stdout.lines().next().unwrap().to_owned();
        edit(&story.desk, |state| state["resources"]["vpc.double"] = state["resources"]["vpc.main"].clone());
        let what = if command[0] == "restore" { serial.as_str() } else { command[1] };
        let said = story.run(&["state", command[0], what]).exit(0);
        said.says(&["could not be read and is kept as", "lock.json.damaged-1", "recover --force"]);
        story.follow(None);
    }
}

/// What apply settles first, plan foresees: both plan the same, and a plan saved before is carried out after.
#[test]
fn a_plan_after_an_interrupted_run_is_the_one_that_apply_makes() {
    let summary = |said: &Said| {
        let all = said.json();
        let found = all.iter().find_map(|one| one.get("summary").cloned());
        let mut found = found.unwrap_or_else(|| panic!("no plan: {said}"));
        // What takes long is checked by apply alone.
        found["checks"]["pass"].take();
        found
    };
    let story = desk("interrupted");
    let files = story.files();
    let planned = summary(&story.run(&["plan", "--json"]).exit(0));
    assert_eq!(story.files(), files, "planning changes nothing");
    story.run(&["plan", "-o", "saved.plan.json"]).exit(0);
    assert_ne!(planned["update"], json!(0), "something was cut short: {planned}");
    let again = desk("interrupted");
    assert_eq!(summary(&again.run(&["apply", "--auto-approve", "--json"]).exit(0)), planned);
    story.run(&["apply", "saved.plan.json"]).exit(0);
    story.run(&PLAN).exit(0);
}
