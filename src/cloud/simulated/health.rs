//! Health in the simulated cloud: everything it made stands, and no pod answers until somebody writes so into the world.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ID, Simulated, SimulatedObject, World};
use crate::cloud::health::{
    Answer, Certificate, ClusterHealth, DatabaseHealth, Health, KeyHealth, ListenerHealth, LoadBalancerHealth,
    Maintenance, NodeGroupHealth, Probe, Support, TargetHealth,
};

/// Health that differs from the default, by ARN, name or version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimulatedHealth {
    /// Load balancers.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub balancers: BTreeMap<String, LoadBalancerHealth>,
    /// Targets of target groups.
    pub targets: BTreeMap<String, Vec<TargetHealth>>,
    /// Certificates.
    pub certificates: BTreeMap<String, Certificate>,
    /// Versions of Kubernetes.
    pub support: BTreeMap<String, Support>,
    /// Clusters.
    pub clusters: BTreeMap<String, ClusterHealth>,
    /// Databases.
    pub databases: BTreeMap<String, DatabaseHealth>,
    /// What awaits databases.
    pub maintenance: BTreeMap<String, Vec<Maintenance>>,
    /// Keys.
    pub keys: BTreeMap<String, KeyHealth>,
}

impl SimulatedHealth {
    /// Whether everything is as by default.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl World {
    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &SimulatedObject> {
        self.objects.values().filter(move |object| object.mark.address.kind.as_str() == kind)
    }

    pub(super) fn find<'w>(&'w self, kind: &str, id: &str) -> Option<&'w SimulatedObject> {
        self.objects.values().find(|object| object.mark.address.kind.as_str() == kind && object.id() == id)
    }
}

fn field<'o>(object: &'o SimulatedObject, name: &str) -> Option<&'o Value> {
    object.declared.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
}

fn text(object: &SimulatedObject, name: &str) -> String {
    field(object, name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number<N: TryFrom<u64>>(object: &SimulatedObject, name: &str) -> Option<N> {
    field(object, name).and_then(Value::as_u64).and_then(|number| number.try_into().ok())
}

fn points_at(object: &SimulatedObject, name: &str, id: &str) -> bool {
    field(object, name).and_then(|value| value.get(ID)).and_then(Value::as_str) == Some(id)
}

/// How well an object of the world serves: that of the kind that answers with this.
trait InWorld: Sized + Send + 'static {
    fn find(world: &World, id: &str) -> Option<Self>;
}

impl<T: InWorld> Probe<T> for Simulated {
    fn probe<'a>(&'a self, id: &'a str) -> Answer<'a, T> {
        self.tell(|world| T::find(world, id))
    }
}

impl InWorld for LoadBalancerHealth {
    fn find(world: &World, arn: &str) -> Option<Self> {
        let found = world.find("load_balancer", arn)?;
        if let Some(told) = world.health.balancers.get(arn) {
            return Some(told.clone());
        }
        let listeners = world.of_kind("listener").filter(|listener| points_at(listener, "load_balancer", arn));
        let mut listeners: Vec<ListenerHealth> = listeners
            .map(|listener| ListenerHealth {
                port: number(listener, "port").unwrap_or_default(),
                protocol: text(listener, "protocol"),
                certificate: field(listener, "certificate").and_then(Value::as_str).map(str::to_owned),
            })
            .collect();
        listeners.sort_by_key(|listener| listener.port);
        let dns_name = found.computed.text("dns_name").unwrap_or_default().to_owned();
        Some(Self { state: "active".to_owned(), reason: None, dns_name, listeners })
    }
}

/// The nodes of the group that is attached: nothing answers on any.
impl InWorld for Vec<TargetHealth> {
    fn find(world: &World, arn: &str) -> Option<Self> {
        let group = world.find("target_group", arn)?;
        if let Some(told) = world.health.targets.get(arn) {
            return Some(told.clone());
        }
        let attached = world.of_kind("target_attachment").any(|one| points_at(one, "target_group", arn));
        let count = world.of_kind("node_group").filter_map(|nodes| number::<u32>(nodes, "count")).sum();
        let count = if attached { count } else { 0 };
        let silent = |n: u32| TargetHealth {
            id: format!("i-{n:017x}"),
            port: number(group, "port"),
            state: "unhealthy".to_owned(),
            reason: Some("Target.FailedHealthChecks".to_owned()),
            description: Some("Health checks failed".to_owned()),
        };
        Some((1..=count).map(silent).collect())
    }
}

impl InWorld for ClusterHealth {
    fn find(world: &World, name: &str) -> Option<Self> {
        let found = world.find("cluster", name)?;
        let well = || Self {
            status: "ACTIVE".to_owned(),
            version: text(found, "version"),
            policy: Some(text(found, "support")),
            issues: Vec::new(),
        };
        Some(world.health.clusters.get(name).cloned().unwrap_or_else(well))
    }
}

impl InWorld for NodeGroupHealth {
    fn find(world: &World, id: &str) -> Option<Self> {
        let desired = number(world.find("node_group", id)?, "count").unwrap_or_default();
        Some(Self { status: "ACTIVE".to_owned(), desired, running: Some(desired), issues: Vec::new() })
    }
}

impl InWorld for DatabaseHealth {
    fn find(world: &World, name: &str) -> Option<Self> {
        let found = world.find("database", name)?;
        let well = || Self {
            status: "available".to_owned(),
            resource_id: found.computed.text("resource_id").map(str::to_owned),
            engine_version: text(found, "engine_version"),
            extended_support: !text(found, "lifecycle_support").ends_with("disabled"),
            multi_az: field(found, "multi_az").and_then(Value::as_bool).unwrap_or_default(),
            pending: Vec::new(),
            authority: None,
            certificate_until: None,
        };
        Some(world.health.databases.get(name).cloned().unwrap_or_else(well))
    }
}

/// One that works, unless the world says otherwise: it may be somebody else's.
impl InWorld for KeyHealth {
    fn find(world: &World, arn: &str) -> Option<Self> {
        let well = || Self { state: "Enabled".to_owned(), deletion: None };
        Some(world.health.keys.get(arn).cloned().unwrap_or_else(well))
    }
}

/// One that never ends, unless the world says otherwise.
pub(super) fn certificate(world: &World, arn: &str) -> Certificate {
    let eternal = || Certificate {
        status: "ISSUED".to_owned(),
        origin: "AMAZON_ISSUED".to_owned(),
        names: Vec::new(),
        expires: None,
        is_renewed: true,
        renewal: None,
        validated_by: Some("DNS".to_owned()),
        proofs: Vec::new(),
        failure: None,
    };
    world.health.certificates.get(arn).cloned().unwrap_or_else(eternal)
}

impl Simulated {
    fn tell<T: Send + 'static>(&self, read: impl FnOnce(&World) -> Option<T>) -> Answer<'static, T> {
        let found = read(&self.world.lock().expect("no panic under this lock"));
        Box::pin(async move { Ok(found) })
    }
}

impl Health for Simulated {
    fn certificate<'a>(&'a self, arn: &'a str) -> Answer<'a, Certificate> {
        self.tell(|world| Some(certificate(world, arn)))
    }

    fn support<'a>(&'a self, version: &'a str) -> Answer<'a, Support> {
        let untold = || Support { standard_until: None, extended_until: None };
        self.tell(|world| Some(world.health.support.get(version).cloned().unwrap_or_else(untold)))
    }

    fn maintenance<'a>(&'a self, arn: &'a str) -> Answer<'a, Vec<Maintenance>> {
        self.tell(|world| Some(world.health.maintenance.get(arn).cloned().unwrap_or_default()))
    }
}
