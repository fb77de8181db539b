//! Every check against worlds in which it passes, warns, fails and does not know.

mod access;
mod account;
mod database;
mod front;
mod network;
mod quotas;
mod removal;
mod storage;
mod versions;
mod zones;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{CheckContext, QueryContext, checks, query};
use crate::architecture::{expand, questions};
use crate::cloud::simulated::{Simulated, World};
use crate::cloud::{Cloud, CloudError, ErrorKind};
use crate::engine::plan::Plan;
use crate::engine::state::{Recorded, State, Status};
use crate::engine::{self, Request};
use crate::model::address::Address;
use crate::model::facts::{Fact, Facts};
use crate::model::finding::{Check, Severity};
use crate::model::observation::Observation;
use crate::model::resource::Known;
use crate::model::site::Site;
use crate::model::surroundings::Surroundings;
use crate::resources::catalog;
use crate::stack::{Places, Stack};

/// A declaration in a world where everything asked for is as it should be, until the test changes it.
struct Scene {
    stack: Stack,
    places: Places,
    surroundings: Surroundings,
    facts: Facts,
    state: State,
    observed: BTreeMap<Address, Observation>,
    plan: Plan,
    p90_seconds: u64,
    credentials_end: Option<Timestamp>,
    destroy: bool,
    now: Timestamp,
}

/// What is asked by a command that is about to write.
fn asking<'a>(stack: &'a Stack, surroundings: &'a Surroundings, state: &'a State, destroy: bool) -> QueryContext<'a> {
    static NONE: BTreeSet<Address> = BTreeSet::new();
    let (makes_final_snapshot, is_thorough) = (true, true);
    QueryContext { stack, surroundings, state, destroy, makes_final_snapshot, replace: &NONE, is_thorough }
}

impl Scene {
    /// The stack `ppm` with these lines more, of which nothing stands yet.
    async fn of(more: &str) -> Self {
        Self::at("us-east-1", more, false).await
    }

    /// The same where all of it stands as declared.
    async fn standing(more: &str) -> Self {
        Self::at("us-east-1", more, true).await
    }

    async fn at(region: &str, more: &str, stands: bool) -> Self {
        let text = format!("stack: ppm\nregion: {region}\n{more}");
        let (stack, places) = Stack::read("a.yaml", &text).unwrap();
        let mut state = State::empty("ppm", region, "6f1c".to_owned(), "0");
        let site = Site::new(region, "111122223333");
        let cloud = Simulated::new(catalog(), site.clone(), World::default());
        let surroundings = cloud.survey(&questions(&stack, &state)).await.unwrap();
        let nodes = expand(&stack, &surroundings, &state);
        let mut observed: BTreeMap<_, _> = nodes.keys().map(|address| (address.clone(), Observation::Absent)).collect();
        if stands {
            for (n, (address, node)) in (1..).zip(&nodes) {
                let computed = (catalog()[&address.kind].sample)(&node.declared, address, n, &site);
                let known = Known { declared: node.declared.clone(), computed };
                let recorded = Recorded {
                    status: Status::Ready,
                    after: node.after.keys().cloned().collect(),
                    declared: known.declared.clone(),
                    attempted: Vec::new(),
                    computed: known.computed.clone(),
                };
                state.resources.insert(address.clone(), recorded);
                observed.insert(
                    address.clone(),
                    Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: true },
                );
            }
        }
        let plan = engine::plan(&catalog(), &nodes, &state, &observed, &Request::default()).unwrap();
        let facts = cloud.facts(&query(&asking(&stack, &surroundings, &state, false)), &surroundings).await;
        let now = Timestamp::UNIX_EPOCH;
        let (p90_seconds, credentials_end, destroy) = (0, None, false);
        Self { stack, places, surroundings, facts, state, observed, plan, p90_seconds, credentials_end, destroy, now }
    }

    /// The same with these lines instead, planned anew.
    async fn edited(mut self, more: &str) -> Self {
        let text = format!("stack: ppm\nregion: {}\n{more}", self.stack.region);
        (self.stack, self.places) = Stack::read("a.yaml", &text).unwrap();
        let site = Site::new(self.stack.region.as_str(), &self.surroundings.account);
        let cloud = Simulated::new(catalog(), site, World::default());
        self.surroundings = cloud.survey(&questions(&self.stack, &self.state)).await.unwrap();
        let nodes = expand(&self.stack, &self.surroundings, &self.state);
        self.plan = engine::plan(&catalog(), &nodes, &self.state, &self.observed, &Request::default()).unwrap();
        self
    }

    /// The same on another day, at noon.
    fn on(mut self, day: &str) -> Self {
        self.now = format!("{day}T12:00:00Z").parse().unwrap();
        self
    }

    /// The same, planned to go with everything in it.
    async fn going(more: &str) -> Self {
        let mut scene = Self::standing(more).await;
        let recorded = scene.state.resources.iter();
        let present = recorded.map(|(address, one)| {
            let known = Known { declared: one.declared.clone(), computed: one.computed.clone() };
            (address.clone(), Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: true })
        });
        let observed: BTreeMap<_, _> = present.collect();
        let all = ["database", "bucket", "key"].into_iter().map(str::to_owned).collect();
        let ask = Request { destroy: true, delete_data: all, ..Request::default() };
        scene.plan = engine::plan(&catalog(), &BTreeMap::new(), &scene.state, &observed, &ask).unwrap();
        scene.destroy = true;
        let cloud = Simulated::new(catalog(), Site::new("us-east-1", "111122223333"), World::default());
        let ask = query(&asking(&scene.stack, &scene.surroundings, &scene.state, true));
        scene.facts = cloud.facts(&ask, &scene.surroundings).await;
        scene
    }

    fn checks(&self) -> Vec<Check> {
        checks(&CheckContext {
            stack: &self.stack,
            places: &self.places,
            surroundings: &self.surroundings,
            facts: &self.facts,
            state: &self.state,
            plan: &self.plan,
            p90_seconds: self.p90_seconds,
            credentials_end: self.credentials_end,
            destroy: self.destroy,
            now: self.now,
        })
    }

    /// One check; it must be there.
    fn check(&self, id: &str) -> Check {
        self.checks().into_iter().find(|check| check.id == id).unwrap_or_else(|| panic!("there is no check {id}"))
    }

    /// Demands that the check has one finding of this severity, on this line, which says all of these.
    fn finds(&self, id: &str, severity: Severity, line: usize, says: &[&str]) {
        let check = self.check(id);
        let [finding] = check.findings.as_slice() else { panic!("one finding is expected: {check:#?}") };
        assert_eq!((finding.severity, finding.place.unwrap().line), (severity, line), "{finding:#?}");
        for text in says {
            let said = [&finding.what, &finding.why, &finding.remedy()].iter().any(|part| part.contains(text));
            assert!(said, "`{text}` is not said: {finding:#?}");
        }
        assert!(!finding.remedy().is_empty());
    }

    /// Demands that the check passes.
    fn passes(&self, id: &str) {
        assert_eq!(self.check(id).findings, []);
    }
}

/// Demands one finding of this severity about this resource, which says all of these.
fn found(scene: &Scene, id: &str, severity: Severity, about: &str, says: &[&str]) {
    let [finding] = scene.check(id).findings.try_into().unwrap();
    assert_eq!((finding.severity, finding.subject.to_string().as_str()), (severity, about), "{finding:?}");
    for text in says {
        assert!(finding.what.contains(text) || finding.remedy().contains(text), "`{text}` is not said: {finding:?}");
    }
}

/// Somebody lacks the permission.
fn denied<T>() -> Fact<T> {
    Fact::Unread { error: CloudError::new(ErrorKind::Denied, "read it", "AccessDenied") }
}

#[tokio::test]
async fn what_stands_and_stays_asks_for_nothing_and_what_goes_is_not_checked() {
    let mut facts = Scene::of("").await.facts;
    assert_eq!(facts.principals.len(), 1);
    assert!(facts.database.is_some() && facts.permits.is_some(), "what is to be made has to be offered and allowed");
    assert_eq!((facts.quotas.len(), facts.service_roles.len()), (19, 5), "{:?}", facts.quotas.keys());
    facts = Scene::standing("").await.facts;
    assert!(facts.permits.take().is_some(), "whatever the plan does, it has to be allowed");
    assert!(facts.is_empty(), "{facts:?}");
    let mut going = Scene::of("storage: {kms: arn:aws:kms:us-east-1:111122223333:key/k}\n").await;
    going.facts.keys.values_mut().for_each(|key| *key = Fact::Missing);
    going.facts.quotas.clear();
    going.destroy = true;
    assert_eq!(going.checks(), []);
    let none = query(&asking(&going.stack, &going.surroundings, &going.state, true));
    assert_eq!(none, crate::model::facts::FactQuery::default());
}
