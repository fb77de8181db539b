//! Stacks of any size on disk: the reference stack as an apply left it, and beside it subnets that nobody declares.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ppm_infra::architecture::{expand, outputs, questions};
use ppm_infra::cloud::Consent;
use ppm_infra::cloud::simulated::{ACCOUNT, Simulated, SimulatedObject, World};
use ppm_infra::engine::Request;
use ppm_infra::engine::durations::Experience;
use ppm_infra::engine::state::{Book, Recorded, State, Status};
use ppm_infra::model::address::{Address, Kind};
use ppm_infra::model::document::Document;
use ppm_infra::model::mark::Mark;
use ppm_infra::model::resource::Node;
use ppm_infra::model::site::Site;
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::resources;
use ppm_infra::run::{self, Blueprint, EventEmitter, Host, RunId, Session, Settled, Stop};
use ppm_infra::stack::Stack;
use ppm_infra::store::{FileStore, Store as _};
use serde_json::{Value, json};

const REGION: &str = "us-east-1";
/// Name of the stack in every declaration of this file.
const STACK: &str = "ppm-prod";
/// A network that somebody else made.
const OTHERS_VPC: &str = "vpc-0123456789abcdef0";

/// Whose network the subnets are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// The stack's own: they point at an address.
    Made,
    /// Somebody else's (`network.existing`): they point at an id.
    Existing,
}

impl Network {
    /// As it is called on the command line.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "own" => Self::Made,
            "others" => Self::Existing,
            _ => panic!("`own` or `others`, not {word:?}"),
        }
    }
}

/// What is done to a stack that was grown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// What nobody declares is removed.
    Converge,
    /// Everything is removed.
    Destroy,
}

impl Goal {
    /// As it is called on the command line.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "apply" => Self::Converge,
            "destroy" => Self::Destroy,
            _ => panic!("`apply` or `destroy`, not {word:?}"),
        }
    }
}

struct Declared(Stack);

impl Blueprint for Declared {
    fn questions(&self, state: &State) -> Questions {
        questions(&self.0, state)
    }

    fn nodes(&self, surroundings: &Surroundings, state: &State) -> BTreeMap<Address, Node> {
        expand(&self.0, surroundings, state)
    }

    fn account(&self) -> Option<String> {
        self.0.account.as_ref().map(ToString::to_string)
    }

    fn publish(&self, state: &mut State) {
        state.outputs = outputs(&self.0, state);
        "stack.yaml".clone_into(&mut state.declaration);
    }
}

/// Writes `stack.yaml`, `world.json` and `state/` into `folder`: the reference stack and `extra` subnets.
pub(crate) async fn grow(folder: &Path, extra: usize, network: Network) {
    let text = include_str!("../../plans/reference.yaml");
    std::fs::write(folder.join("stack.yaml"), text).unwrap();
    let declared = Declared(Stack::parse("stack.yaml", text).unwrap());
    let (state, mut world) = standing(folder, &declared).await;
    let mut state = state;
    let vpc = state.resources[&"vpc.main".parse().unwrap()].computed.text("id").unwrap().to_owned();
    for n in 0..extra {
        let address = Address::of(Kind::new("subnet"), &format!("extra-{n:06}"));
        let (recorded, seen) = match network {
            Network::Made => (json!({"$ref": "vpc.main"}), json!({"$id": vpc, "$kind": "vpc"})),
            Network::Existing => (json!({"id": OTHERS_VPC}), json!({"id": OTHERS_VPC})),
        };
        let document = |vpc: Value| {
            Document::of(&json!({
                "vpc": vpc,
                "cidr": format!("10.{}.{}.0/24", n / 256 % 256, n % 256),
                "zone": "us-east-1a",
                "map_public_ip": false,
                "tags": {
                    "Name": format!("{STACK}-extra-{n:06}"),
                    "ppm-infra:stack": STACK,
                    "ppm-infra:address": address.to_string(),
                },
            }))
        };
        let computed = Document::of(&json!({"id": format!("subnet-extra{n:08x}")}));
        let mark = Mark { stack: STACK.to_owned(), address: address.clone(), attempt: format!("extra{n:08x}") };
        world.made += 1;
        world
            .objects
            .insert(world.made, SimulatedObject { mark, declared: document(seen), computed: computed.clone() });
        let record = Recorded {
            status: Status::Ready,
            after: std::collections::BTreeSet::new(),
            declared: document(recorded),
            attempted: Vec::new(),
            computed,
        };
        state.resources.insert(address, record);
    }
    state.serial += 1;
    store(folder).write(&state).await.unwrap();
    std::fs::write(folder.join("world.json"), serde_json::to_string(&world).unwrap()).unwrap();
}

/// Writes `stacks/`, `world.json` and `state/` into `folder`: so many declarations and their lockfiles, all of which record the
/// objects of one reference stack. The cloud in the file is read as a whole for each of them, so it holds no more than that.
pub(crate) async fn multiply(folder: &Path, stacks: usize) {
    let text = include_str!("../../plans/reference.yaml");
    let declared = Declared(Stack::parse("stack.yaml", text).unwrap());
    let (state, world) = standing(folder, &declared).await;
    std::fs::write(folder.join("world.json"), serde_json::to_string(&world).unwrap()).unwrap();
    std::fs::create_dir_all(folder.join("stacks")).unwrap();
    for n in 0..stacks {
        let name = format!("ppm-{n:04}");
        let text = text.replace(&format!("stack: {STACK}"), &format!("stack: {name}"));
        std::fs::write(folder.join(format!("stacks/{name}.yaml")), text).unwrap();
        let mut store = FileStore::new(&folder.join("state"), &name, resources::catalog());
        store.write(&State { stack: name, lineage: format!("{n:032x}"), ..state.clone() }).await.unwrap();
    }
}

fn store(folder: &Path) -> FileStore {
    FileStore::new(&folder.join("state"), STACK, resources::catalog())
}

/// Applies or destroys a stack that [`grow`] has grown. Answers the seconds that carrying it out took, without the plan, and
/// how many objects went.
pub(crate) async fn shrink(folder: &Path, goal: Goal) -> (f64, usize) {
    let text = std::fs::read_to_string(folder.join("stack.yaml")).unwrap();
    let declared = Declared(Stack::parse("stack.yaml", &text).unwrap());
    let world = std::fs::read_to_string(folder.join("world.json")).unwrap();
    let session = session(Arc::new(simulated(serde_json::from_str(&world).unwrap())));
    let mut sinks = Vec::new();
    let mut events = EventEmitter::new(&session, &mut sinks);
    let fresh = State::empty(STACK, REGION, String::new(), "0.0.0");
    let settled = settled(&session, &declared, folder, fresh, &mut events).await;
    let before = settled.state().resources.len();
    let delete_data: BTreeSet<String> =
        session.catalog.values().filter_map(|facts| facts.holds.data()).map(str::to_owned).collect();
    let consent = Consent { delete_data: delete_data.clone(), skip_final_snapshot: true };
    let ask = Request { destroy: goal == Goal::Destroy, delete_data, ..Request::default() };
    let planned = settled.plan(&ask, &mut events).await.expect("it can be planned");
    let mut open = settled.open().await.unwrap();
    let begun = Instant::now();
    let report = open.carry_out("shrink", (&planned, consent), |state| state, &mut events).await.unwrap();
    let seconds = begun.elapsed().as_secs_f64();
    assert!(report.is_complete(), "{report:?}");
    (seconds, before - open.state().resources.len())
}

fn simulated(world: World) -> Simulated {
    Simulated::new(resources::catalog(), Site::new(REGION, ACCOUNT), world)
}

fn session(cloud: Arc<Simulated>) -> Session {
    Session {
        stack: "ppm-prod".to_owned(),
        run: RunId::fresh(&Host::system()),
        cloud,
        catalog: resources::catalog(),
        host: Host::system(),
        stop: Stop::new(),
        parallelism: run::PARALLELISM,
        time_scale: 1e6,
        experience: Experience::default(),
    }
}

async fn standing(folder: &Path, declared: &Declared) -> (State, World) {
    let cloud = Arc::new(simulated(World::default()));
    let session = session(cloud.clone());
    let mut sinks = Vec::new();
    let mut events = EventEmitter::new(&session, &mut sinks);
    let fresh = State::empty(STACK, REGION, "0123456789abcdef0123456789abcdef".to_owned(), "0.0.0");
    let settled = settled(&session, declared, folder, fresh, &mut events).await;
    let planned = settled.plan(&Request::default(), &mut events).await.expect("it can be planned");
    let mut open = settled.open().await.unwrap();
    let report = open.carry_out("apply", (&planned, Consent::default()), |state| state, &mut events).await.unwrap();
    assert!(report.is_complete(), "{report:?}");
    (open.state().clone(), cloud.world().clone())
}

async fn settled<'a>(
    session: &'a Session,
    declared: &'a Declared,
    folder: &Path,
    fresh: State,
    events: &mut EventEmitter<'_>,
) -> Settled<'a> {
    let mut store = store(folder);
    let book = store.load().await.unwrap().unwrap_or_else(|| Book::of(fresh.clone()));
    Settled::settle(session, declared, (Box::new(store), book), fresh, events).await.unwrap()
}
