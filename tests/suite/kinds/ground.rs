//! What databases and load balancers stand on, made through the SDK: so that their tests do not depend on other kinds.

use ppm_infra::cloud::ErrorKind;
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::{Computed, Resource};
use ppm_infra::resources::kms_key::{KmsKey, KmsKeyComputed};
use ppm_infra::resources::secret::{Secret, SecretComputed};
use ppm_infra::resources::security_group::{SecurityGroup, SecurityGroupComputed};
use ppm_infra::resources::subnet::{Subnet, SubnetComputed};
use ppm_infra::resources::vpc::{Vpc, VpcComputed};
use serde_json::{Value, json};

use crate::support::lifecycle::Lab;

/// Records what was made behind the laboratory's back as standing at `name`.
pub(crate) fn stands<R: Resource>(lab: &mut Lab, name: &str, computed: &R::Computed) {
    assert!(!computed.id().is_empty());
    lab.ids.insert(&Address::of(R::KIND, name), &Document::of(computed));
}

/// A network with a way out (`vpc.main`), a subnet in each of three zones (`subnet.a`, `b`, `c`), and two firewalls
/// (`security_group.one`, `two`).
pub(crate) async fn network(lab: &mut Lab) {
    // How long new networks and keys take to show is not what is tested here.
    lab.emulator.post("/strict/settings", &json!({"consistency": {"ec2": 0, "kms": 0}}));
    let ec2 = lab.clients.ec2.clone();
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await.unwrap();
    let vpc = vpc.vpc().unwrap().vpc_id().unwrap().to_owned();
    let gateway = ec2.create_internet_gateway().send().await.unwrap();
    let gateway = gateway.internet_gateway().unwrap().internet_gateway_id().unwrap().to_owned();
    ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(&vpc).send().await.unwrap();
    for (part, zone) in ["a", "b", "c"].into_iter().enumerate() {
        let call = ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("10.0.{part}.0/24"));
        let made = call.availability_zone(format!("us-east-1{zone}")).send().await.unwrap();
        let id = made.subnet().unwrap().subnet_id().unwrap().to_owned();
        stands::<Subnet>(lab, zone, &SubnetComputed { id });
    }
    for name in ["one", "two"] {
        let call = ec2.create_security_group().vpc_id(&vpc).group_name(name).description(name);
        let id = call.send().await.unwrap().group_id().unwrap().to_owned();
        stands::<SecurityGroup>(lab, name, &SecurityGroupComputed { id });
    }
    stands::<Vpc>(lab, "main", &VpcComputed { id: vpc });
}

/// A key (`kms_key.main`) and a login for the user `ppm` (`secret.database`).
pub(crate) async fn secrets(lab: &mut Lab) {
    let key = lab.clients.kms.create_key().send().await.unwrap();
    let key = key.key_metadata().unwrap();
    let computed = KmsKeyComputed { id: key.arn().unwrap().to_owned(), key_id: key.key_id().to_owned() };
    stands::<KmsKey>(lab, "main", &computed);
    let login = json!({"username": "ppm", "password": "correcthorsebatterystaple"}).to_string();
    let secret = lab.clients.secrets.create_secret().name("lab-database").secret_string(login).send().await.unwrap();
    stands::<Secret>(lab, "database", &SecretComputed { id: secret.arn().unwrap().to_owned(), value_due: false });
}

/// The id recorded at `name`.
pub(crate) fn id<R: Resource>(lab: &Lab, name: &str) -> String {
    let computed = lab.ids.computed(&Address::of(R::KIND, name)).unwrap();
    computed.text("id").unwrap().to_owned()
}

/// The fields in which what is found at `name` differs from `declared`.
pub(crate) async fn differs<R: Resource>(lab: &Lab, name: &str, declared: &R) -> Vec<String> {
    let found = Document::of(&lab.look(name, Some(declared)).await.unwrap());
    let declared = Document::of(declared);
    // What has the value AWS takes by itself is left out of a document.
    let fields: std::collections::BTreeSet<&str> =
        declared.fields().chain(found.fields()).map(|(field, _)| field).collect();
    fields.into_iter().filter(|field| found.get(field) != declared.get(field)).map(str::to_owned).collect()
}

/// What is worth noting about what stands at `name`.
pub(crate) async fn notes<R: Resource>(lab: &Lab, name: &str) -> Vec<String> {
    match lab.observe(&Address::of(R::KIND, name), None, true).await {
        Observation::Present { notes, .. } => notes,
        found @ (Observation::Absent | Observation::Foreign { .. } | Observation::Unread { .. }) => {
            panic!("{name}: {found:?}")
        }
    }
}

/// Finds that what stands under the name of `resource` is not ours, and that making it is refused and changes nothing.
pub(crate) async fn leaves_foreign_alone<R: Resource>(lab: &mut Lab, name: &str, resource: &R) {
    let at = Address::of(R::KIND, name);
    let found = lab.observe(&at, Some(&Document::of(resource)), false).await;
    assert!(matches!(found, Observation::Foreign { .. }), "{found:?}");
    let before = inventory(lab);
    let error = lab.try_make(name, resource).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotOurs, "{error}");
    assert!(error.to_string().contains("adopt"), "{error}");
    assert_eq!(inventory(lab), before, "nothing was changed");
}

/// Everything that exists.
pub(crate) fn inventory(lab: &Lab) -> Value {
    lab.emulator.get("/strict/inventory")
}

/// Makes `resource` at `name` although the answer to `operation` of `service` is lost: there is one object all the same.
pub(crate) async fn makes_one_when_the_answer_is_lost<R: Resource>(
    lab: &mut Lab,
    (service, operation): (&str, &str),
    name: &str,
    resource: &R,
) -> R::Computed {
    let kind = R::KIND.to_string().replace("database", "db_instance");
    let lost = json!({"service": service, "operation": operation, "kind": "reset_after", "nth": 1});
    lab.emulator.post("/strict/faults", &lost);
    let made = lab.make(name, resource).await;
    assert!(calls(lab, operation) >= 2, "{operation} was repeated");
    lab.emulator.post("/strict/faults/clear", &json!({}));
    assert_eq!(inventory(lab)["counts"][&kind], 1, "there is one {kind}");
    made
}

/// Looks at `name` while each of these operations is denied: what cannot be read is neither there nor gone.
pub(crate) async fn is_unread_without<R: Resource>(lab: &Lab, name: &str, service: &str, operations: &[&str]) {
    let at = Address::of(R::KIND, name);
    for operation in operations {
        let denied = json!({"service": service, "operation": operation, "kind": "denied"});
        lab.emulator.post("/strict/faults", &denied);
        let found = lab.observe(&at, None, true).await;
        assert!(matches!(found, Observation::Unread { .. }), "{operation}: {found:?}");
        lab.emulator.post("/strict/faults/clear", &json!({}));
    }
}

/// Does what AWS does by itself.
pub(crate) fn happens(lab: &Lab, what: &Value) {
    lab.emulator.post("/strict/mutate", what);
}

/// How often this operation was called so far.
pub(crate) fn calls(lab: &Lab, operation: &str) -> usize {
    lab.emulator.calls().iter().filter(|call| call["operation"] == operation).count()
}
