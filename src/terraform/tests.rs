//! What a file looks like, and what of a record cannot be said.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::hcl::{HclFile, Mains};
use super::{NamedResource, TerraformStack, export};
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::resource::Known;
use crate::model::terraform::{Term, TerraformError, TerraformResource};
use crate::resources::catalog;

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

#[test]
fn a_resource_is_laid_out_as_terraform_lays_out() {
    let policy = json!({"Statement": [{"Condition": {"Bool": {"aws:SecureTransport": "false"}}, "null": "${x} %{y}"}]});
    let resource = TerraformResource::new("aws_toy", "toy-1")
        .with("name", "a \"toy\"\nof two lines")
        .with("enabled", true)
        .with("policy", Term::Json(Box::new(Term::json(&policy))))
        .with("size", 3u8)
        .with("box_id", Term::Attribute { of: at("vpc.main"), path: "rooms[0].id" })
        .with("empty", Term::List(Vec::new()))
        .with("ids", Term::List((0..9).map(|n| Term::from(format!("subnet-0a1b2c3d4e{n}"))).collect()))
        .block("filter", Vec::new())
        .block("rule", vec![("id", Term::from("x")), ("status", Term::from("on")), ("when", Term::Block(Vec::new()))])
        .ignoring(&["size", "rule[0].id"])
        .note("It is told of it what whoever reads the file should know before anything of it is changed by hand, and more.");
    let named = NamedResource {
        at: at("subnet.toy"),
        component: Component::Network,
        name: "aws_toy.main".to_owned(),
        resource,
        after: BTreeSet::from(["aws_box.one".to_owned()]),
        is_protected: true,
    };
    let mains: Mains = BTreeMap::from([(at("vpc.main"), "aws_vpc.main".to_owned())]);
    let mut file = HclFile::new("Toys");
    file.resource(&named, &mains);
    file.import("aws_toy.main", "toy-1");
    insta::assert_snapshot!(file.text());
}

fn state(objects: &[(&str, serde_json::Value, serde_json::Value)]) -> State {
    let mut state = State::empty("ppm", "us-east-1", "0".repeat(32), "0.0.0");
    for (address, declared, computed) in objects {
        let known = Known { declared: Document::of(declared), computed: Document::of(computed) };
        state.resources.insert(at(address), Recorded::found(known));
    }
    state
}

#[test]
fn what_cannot_be_said_is_named() {
    let export = |state: &State| {
        let stack = TerraformStack { state, catalog: &catalog(), lockfile: "lock", declaration: "stack.yaml" };
        export(&stack).unwrap_err()
    };
    let gateway = json!({"vpc": {"$ref": "vpc.main"}, "tags": {}});
    let dangling = state(&[("internet_gateway.main", gateway, json!({"id": "igw-1"}))]);
    assert_eq!(
        export(&dangling),
        TerraformError::Unrecorded { at: at("internet_gateway.main"), needs: at("vpc.main") }
    );
    let other = state(&[("vpc.main", json!({"cidr": 1}), json!({"id": "vpc-1"}))]);
    assert!(matches!(export(&other), TerraformError::OtherShape { .. }));
    let unknown = state(&[("toy.main", json!({}), json!({"id": "toy-1"}))]);
    assert!(matches!(export(&unknown), TerraformError::OtherShape { .. }));
}
