//! What somebody else moves is named exactly, object and field and both values, and apply puts it back; what differs
//! without meaning anything is no drift. On the reference stack, against the strict emulator.

mod cost;
mod harmless;
mod moved;
mod repeated;
mod unread;

use std::collections::BTreeSet;

use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::events::{changes, now, rules, started, template};

/// A reference stack that stands.
pub(crate) struct Standing {
    /// The emulator it stands in.
    pub(crate) emulator: Emulator,
    /// Clients to meddle with it.
    pub(crate) aws: Clients,
    /// The folder with its declaration.
    pub(crate) desk: Desk,
    /// How many moves were made.
    pub(crate) moves: usize,
}

impl Standing {
    /// Applies the reference declaration with more lines at its end.
    pub(crate) async fn with(lines: &str) -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare_with(lines);
        desk.run(&["apply", "--auto-approve"]).exit(0);
        desk.run(&["plan", "--detailed-exitcode"]).exit(0);
        desk.run(&["drift"]).exit(0);
        let aws = emulator.clients().await;
        Self { emulator, aws, desk, moves: 0 }
    }

    fn record(&self, address: &str) -> Value {
        let lockfile: Value = serde_json::from_str(&self.desk.read("state/ppm-prod.lock.json")).unwrap();
        lockfile["resources"][address].clone()
    }

    /// What AWS computed for an address.
    pub(crate) fn computed(&self, address: &str, field: &str) -> String {
        let record = self.record(address);
        record["computed"][field].as_str().unwrap_or_else(|| panic!("{address} has no {field}: {record}")).to_owned()
    }

    /// The id of an address.
    pub(crate) fn id(&self, address: &str) -> String {
        self.computed(address, "id")
    }

    /// Everything that drifted: address and path, or address and `gone`.
    pub(crate) fn drifted(said: &crate::support::binary::Said) -> BTreeSet<(String, String)> {
        let report = said.json().pop().unwrap();
        let mut found = BTreeSet::new();
        for drift in report["drift"].as_array().unwrap() {
            let address = drift["address"].as_str().unwrap();
            if drift["gone"] == json!(true) {
                found.insert((address.to_owned(), "gone".to_owned()));
            }
            for field in drift["fields"].as_array().into_iter().flatten() {
                assert!(!field["before"].is_null() || !field["after"].is_null(), "both values are told: {drift}");
                found.insert((address.to_owned(), field["path"].as_str().unwrap().to_owned()));
            }
        }
        found
    }

    /// After `meddling`, exactly `expected` drifted; apply puts it back.
    pub(crate) async fn drifts<T: std::fmt::Debug, E: std::fmt::Debug>(
        &mut self,
        expected: &[(&str, &str)],
        meddling: impl Future<Output = Result<T, E>>,
    ) {
        let (rules, since) = (rules(&template(&self.desk)), now(&self.emulator));
        meddling.await.unwrap_or_else(|error| panic!("meddling for {expected:?}: {error:?}"));
        self.moves += 1;
        self.is_told_by_events(&rules, since, expected);
        let said = self.desk.run(&["drift", "--json"]).exit(2);
        let expected: BTreeSet<(String, String)> =
            expected.iter().map(|(address, path)| ((*address).to_owned(), (*path).to_owned())).collect();
        assert_eq!(Self::drifted(&said), expected, "exactly what was moved is named: {said}");
        let who = said.json().pop().unwrap()["who"].clone();
        let told = |address: &str| {
            let mut objects = who["objects"].as_array().unwrap().iter();
            objects.find(|told| told["address"] == *address).and_then(|told| told["confidence"].as_str())
        };
        // A route that leads nowhere any more was changed by nobody, who takes a subnet off its table names neither, and tags of
        // a rule are taken off the rule, which is looked up by its group.
        let is_untold = |(address, path): &&(String, String)| {
            (address.starts_with("route_table.") && (path == "subnets" || expected.len() > 1))
                || (address.starts_with("security_group_rule.") && path.starts_with("tags."))
        };
        for (address, _) in expected.iter().filter(|one| !is_untold(one)) {
            assert!(matches!(told(address), Some("exact" | "likely")), "who changed {address} is known: {who:#}");
        }
        self.desk.run(&["apply", "--auto-approve"]).exit(0);
        self.desk.run(&["drift"]).exit(0);
        self.desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    }

    /// Every call since then starts a look, and those find some of `expected` and nothing else.
    fn is_told_by_events(&self, rules: &[Value], since: u64, expected: &[(&str, &str)]) {
        // Who takes a subnet off its table names neither.
        let is_untold = |event: &&Value| event["detail"]["eventName"] == "DisassociateRouteTable";
        let changes = changes(&self.emulator, since);
        if changes.iter().any(|event| is_untold(&event)) {
            return;
        }
        let started = started(&self.emulator, rules, since);
        assert_eq!(started.len(), changes.len(), "each call starts one look: {changes:#?}");
        let mut found = BTreeSet::new();
        for one in started {
            let [(name, event)] = one.environment.as_slice() else { panic!("{:?}", one.environment) };
            let set = format!("{name}='{}' ", event.replace('\'', r"'\''"));
            let said = self.desk.shell(&format!("{set}ppm-infra drift --no-record --no-who --json --event env:{name}"));
            found.extend(Self::drifted(&said));
        }
        let all: BTreeSet<(String, String)> =
            expected.iter().map(|(address, path)| ((*address).to_owned(), (*path).to_owned())).collect();
        assert!(!found.is_empty() && found.is_subset(&all), "{found:?} of {all:?}");
    }

    /// After `meddling`, nothing drifted and nothing would change.
    pub(crate) async fn stays<T: std::fmt::Debug, E: std::fmt::Debug>(
        &mut self,
        what: &str,
        meddling: impl Future<Output = Result<T, E>>,
    ) {
        meddling.await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        self.moves += 1;
        let said = self.desk.run(&["drift", "--json"]);
        assert_eq!(said.code, 0, "{what} is no drift: {said}");
        self.desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    }

    /// After `meddling`, one thing more is told that nobody declared: its address, its class, how grave it is and a part of
    /// what is said of it. Nothing would change.
    pub(crate) async fn adds<T: std::fmt::Debug, E: std::fmt::Debug>(
        &mut self,
        (address, class, severity, what): (&str, &str, &str, &str),
        meddling: impl Future<Output = Result<T, E>>,
    ) {
        meddling.await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        self.moves += 1;
        let said = self.desk.run(&["drift", "--json"]).exit(2);
        let report = said.json().pop().unwrap();
        let new = |one: &&Value| one["is_new"] == json!(true);
        let told: Vec<&Value> = report["findings"].as_array().unwrap().iter().filter(new).collect();
        assert_eq!(told.len(), 1, "{what} is told once: {said}");
        let [at, id, grade, text] = ["address", "id", "severity", "what"].map(|key| told[0][key].as_str().unwrap());
        assert_eq!((at, id, grade), (address, class, severity), "{text}");
        assert!(text.contains(what), "{text}");
        assert_eq!(Self::drifted(&said), BTreeSet::new(), "no field of ours: {said}");
        self.desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    }
}
