//! What a killed run made may show late: the next one looks for it as long as the cloud may hide it, and no longer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ppm_infra::cloud::simulated::{ACCOUNT, Simulated, SimulatedObject, World};
use ppm_infra::engine::plan::{StepKey, StepPart};
use ppm_infra::engine::state::{Intent, State};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::{Mark, Tags};
use ppm_infra::model::policy::Policy;
use ppm_infra::model::resource::Resource as _;
use ppm_infra::model::site::Site;
use ppm_infra::resources;
use ppm_infra::resources::elastic_ip::ElasticIp;
use ppm_infra::resources::kms_key::KmsKey;
use ppm_infra::run::event::Sink;
use ppm_infra::run::{self, EventEmitter, Ledger};
use serde_json::json;

use crate::support::bench::{REGION, session};
use crate::support::memory::MemoryStore;
use crate::support::random::paused;
use crate::support::watched::WatchedCloud;

const STACK: &str = "lab";

/// Which of these are found by a run after one that was killed while it made them, where nothing shows before look
/// number `from`; and how often was looked.
async fn found(wanted: &BTreeMap<Address, Document>, from: usize) -> (BTreeSet<Address>, usize) {
    let catalog = resources::catalog();
    let site = Site::new(REGION, ACCOUNT);
    let mark = |at: &Address| Mark { stack: STACK.to_owned(), address: at.clone(), attempt: "a".repeat(32) };
    let objects = wanted.iter().zip(1..).map(|((at, declared), serial)| {
        let computed = (catalog[&at.kind].sample)(declared, at, serial, &site);
        (serial, SimulatedObject { mark: mark(at), declared: declared.clone(), computed })
    });
    let world = World { made: wanted.len() as u64, objects: objects.collect(), ..World::default() };
    let simulated = Arc::new(Simulated::new(catalog.clone(), site, world));
    let cloud = WatchedCloud::before(simulated.clone());
    for address in wanted.keys() {
        cloud.hide(address, from - 1);
    }
    let session = session(cloud.clone(), &catalog);
    let fresh = State::empty(STACK, REGION, "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0");
    let mut ledger = Ledger::open(Box::new(MemoryStore::new(catalog, false)), fresh).await.unwrap();
    let intents = wanted.iter().map(|(at, declared)| Intent {
        step: StepKey { address: at.clone(), part: StepPart::Create },
        mark: mark(at),
        declared: Some(declared.clone()),
        after: BTreeSet::new(),
        vanished: false,
        replaced: None,
    });
    ledger.begin(intents.collect()).await.unwrap();
    let mut sinks: Vec<Box<dyn Sink>> = Vec::new();
    let mut events = EventEmitter::new(&session, &mut sinks);
    run::recover(&session, &mut ledger, &mut events).await.unwrap();
    assert!(ledger.book().open.is_empty(), "nothing is left open");
    assert_eq!(simulated.writes(), [], "recovering makes, changes and removes nothing");
    let looks = wanted.keys().map(|at| cloud.looked(at)).max().unwrap();
    (ledger.state().resources.keys().cloned().collect(), looks)
}

#[test]
fn a_key_is_looked_for_twice_as_long_as_the_rest() {
    let key = KmsKey {
        alias: "alias/lab".to_owned(),
        description: String::new(),
        policy: Policy::new(&json!({})),
        rotation: true,
        enabled: true,
        scheduled_deletion: None,
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
