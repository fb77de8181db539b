//! What a killed run made may show late: the next one looks for it as long as the cloud may hide it, and no longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_core::future::BoxFuture;
use ppm_infra::cloud::simulated::{Object, Simulated, World};
use ppm_infra::cloud::{Cloud, CloudError, Context, Look, Marked};
use ppm_infra::engine::plan::{Part, StepKey};
use ppm_infra::engine::state::{Intent, State};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::{Mark, Tags};
use ppm_infra::model::observation::Observation;
use ppm_infra::model::policy::Policy;
use ppm_infra::model::resource::{Known, Resource as _};
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::resources;
use ppm_infra::resources::elastic_ip::ElasticIp;
use ppm_infra::resources::kms_key::KmsKey;
use ppm_infra::run::event::Sink;
use ppm_infra::run::{self, Ledger, Teller};
use serde_json::json;

use crate::support::bench::{REGION, session};
use crate::support::memory::MemoryStore;
use crate::support::random::paused;

const STACK: &str = "lab";

/// A cloud whose lists show nothing before they were asked so often.
struct Late {
    cloud: Simulated,
    from: usize,
    looks: AtomicUsize,
}

impl Cloud for Late {
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>> {
        self.cloud.survey(ask)
    }

    fn observe<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        if self.looks.fetch_add(1, Ordering::SeqCst) + 1 >= self.from {
            return self.cloud.observe(look);
        }
        let nothing = look.targets.keys().map(|at| (at.clone(), Observation::Absent)).collect();
        Box::pin(async { nothing })
    }

    fn census<'a>(
        &'a self,
        stack: &'a str,
        place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>> {
        self.cloud.census(stack, place)
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        look: &'a Look<'a>,
    ) -> BoxFuture<'a, Observation> {
        self.cloud.find(at, id, like, look)
    }

    fn create<'a>(
        &'a self,
        _: &'a Address,
        _: &'a Document,
        _: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        unreachable!("recovering makes nothing")
    }

    fn update<'a>(
        &'a self,
        _: &'a Address,
        _: &'a Known,
        _: &'a Document,
        _: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        unreachable!("recovering changes nothing")
    }

    fn delete<'a>(&'a self, _: &'a Address, _: &'a Known, _: &'a Context) -> BoxFuture<'a, Result<(), CloudError>> {
        unreachable!("recovering removes nothing")
    }
}

/// Which of these are found by a run after one that was killed while it made them, where nothing shows before look
/// number `from`; and how often was looked.
async fn found(wanted: &BTreeMap<Address, Document>, from: usize) -> (BTreeSet<Address>, usize) {
    let catalog = resources::catalog();
    let mark = |at: &Address| Mark { stack: STACK.to_owned(), address: at.clone(), attempt: "a".repeat(32) };
    let objects = wanted.iter().zip(1..).map(|((at, declared), serial)| {
        let computed = (catalog[&at.kind].sample)(declared, at, serial);
        (serial, Object { mark: mark(at), declared: declared.clone(), computed })
    });
    let world = World { made: wanted.len() as u64, objects: objects.collect(), ..World::default() };
    let cloud =
        Arc::new(Late { cloud: Simulated::new(catalog.clone(), REGION, world), from, looks: AtomicUsize::new(0) });
    let session = session(cloud.clone(), &catalog);
    let fresh = State::empty(STACK, REGION, "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0");
    let mut ledger = Ledger::open(Box::new(MemoryStore::new(catalog, false)), fresh).await.unwrap();
    let intents = wanted.iter().map(|(at, declared)| Intent {
        step: StepKey { address: at.clone(), part: Part::Create },
        mark: mark(at),
        declared: Some(declared.clone()),
        after: BTreeSet::new(),
        vanished: false,
        replaced: None,
    });
    ledger.begin(intents.collect()).await.unwrap();
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    let mut tell = Teller::new(&session.host, &mut sinks);
    run::recover(&session, &mut ledger, &mut tell).await.unwrap();
    assert!(ledger.book().open.is_empty(), "nothing is left open");
    (ledger.state().resources.keys().cloned().collect(), cloud.looks.load(Ordering::SeqCst))
}

#[test]
fn a_key_is_looked_for_twice_as_long_as_the_rest() {
    let key = KmsKey {
        alias: "alias/lab".to_owned(),
        description: String::new(),
        policy: Policy::new(&json!({})),
        rotation: true,
        enabled: true,
        deletion_days: 7,
        tags: Tags::new(),
    };
    let (key_at, address_at) = (Address::of(KmsKey::KIND, "main"), Address::of(ElasticIp::KIND, "a"));
    let address = Document::of(&ElasticIp { tags: Tags::new() });
    let both = BTreeMap::from([(key_at.clone(), Document::of(&key)), (address_at.clone(), address.clone())]);
    let only = BTreeMap::from([(address_at.clone(), address)]);
    paused().block_on(async {
        assert_eq!(found(&both, 6).await, (both.keys().cloned().collect(), 6));
        assert_eq!(found(&both, 12).await, (BTreeSet::from([key_at]), 12), "an address is given up before");
        assert_eq!(found(&both, 13).await, (BTreeSet::new(), 12));
        assert_eq!(found(&only, 7).await, (BTreeSet::new(), 6), "who waits for no key waits a minute");
    });
}
