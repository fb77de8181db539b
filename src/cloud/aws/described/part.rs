//! The part of the answers that belongs to one object.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::ask::{Reach, reach};
use super::capture::Kept;
use crate::cloud::CloudError;
use crate::described::root::{Root, elements};
use crate::model::address::Address;
use crate::model::described::CallAnswer;
use crate::model::index::IdIndex;
use crate::model::resource::Known;

/// An object, with what it is recognised by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recognisable<'a> {
    pub(super) address: &'a Address,
    pub(super) known: &'a Known,
    pub(super) ids: &'a IdIndex,
}

impl Recognisable<'_> {
    /// By what the answers of a call are recognised as those about it; nothing where they cannot be, or where it has none.
    pub(super) fn values<'t>(&self, root: &Root<'t>) -> Option<BTreeMap<&'t str, String>> {
        if root.only_with.is_some_and(|field| self.value(field).is_none()) {
            return None;
        }
        root.by.iter().map(|one| Some((one.told, self.value(one.field)?))).collect()
    }

    /// The text of a field of what the cloud computed, or else of the declaration; of a reference the id behind it.
    fn value(&self, field: &str) -> Option<String> {
        let value = self.known.computed.get(field).or_else(|| self.known.declared.get(field))?;
        let text = match value {
            Value::String(text) => Some(text.as_str()),
            Value::Object(reference) => match reference.get("$ref").and_then(Value::as_str) {
                Some(address) => self.ids.computed(&address.parse().ok()?).and_then(|computed| computed.text("id")),
                None => reference.get("id").and_then(Value::as_str),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
        };
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    }
}

/// What was answered about one object by one call; nothing where nobody asked.
pub(super) fn part_of(object: &Recognisable<'_>, root: &Root<'_>, kept: &[Kept]) -> Option<CallAnswer> {
    told_of(&object.values(root)?, (root.call, root.path, root.absent), kept)
}

/// What was answered by a call about what these parameters or members name, at a path of the answer; one error means that
/// nothing is set.
pub(super) fn told_of(
    values: &BTreeMap<&str, String>,
    (call, path, absent): (&str, &str, Option<&str>),
    kept: &[Kept],
) -> Option<CallAnswer> {
    let mut told: Option<Vec<Value>> = None;
    let mut not_set = false;
    let mut failed: Option<&CloudError> = None;
    for one in kept.iter().filter(|one| one.call == call) {
        let reaches: Vec<_> =
            values.iter().map(|(told, value)| (reach(call, &one.asked, told, value), *told, value)).collect();
        if reaches.iter().any(|(reach, ..)| *reach == Reach::Beside) {
            continue;
        }
        let answer = match &one.told {
            Ok(answer) => answer,
            Err(error) if absent.is_some_and(|code| error.is(code)) => {
                not_set = true;
                continue;
            }
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        let is_it = |element: &&Value| {
            let mut open = reaches.iter().filter(|(reach, ..)| *reach != Reach::Alone);
            open.all(|(_, path, value)| elements(element, path).into_iter().any(|found| found.as_str() == Some(value)))
        };
        let found: Vec<&Value> = elements(answer, path).into_iter().filter(is_it).collect();
        // A list that failed for one of many is asked again for each.
        if !found.is_empty() {
            failed = None;
        }
        let told = told.get_or_insert_default();
        for element in found {
            add(told, element, path);
        }
    }
    match (failed, told) {
        (Some(error), _) => Some(CallAnswer::Unread(error.clone())),
        (None, Some(told)) => Some(CallAnswer::Told(told)),
        (None, None) => not_set.then_some(CallAnswer::NotSet),
    }
}

/// Adds what one answer told: another element of a list, more of the whole answer, or what takes the place of what was
/// told before.
fn add(told: &mut Vec<Value>, element: &Value, path: &str) {
    if path.ends_with("[]") {
        if !told.contains(element) {
            told.push(element.clone());
        }
    } else if let (Some(Value::Object(known)), Value::Object(more), "") = (told.first_mut(), element, path) {
        merge(known, more);
    } else {
        *told = vec![element.clone()];
    }
}

/// Joins the pages of an answer, or the answers to two questions.
fn merge(known: &mut Map<String, Value>, more: &Map<String, Value>) {
    for (name, value) in more {
        match (known.get_mut(name), value) {
            (Some(Value::Array(known)), Value::Array(more)) => {
                for one in more {
                    if !known.contains(one) {
                        known.push(one.clone());
                    }
                }
            }
            (Some(Value::Object(known)), Value::Object(more)) => merge(known, more),
            _ => drop(known.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::request::Parameters;
    use super::*;
    use crate::cloud::ErrorKind;
    use crate::described::root::roots;
    use crate::model::document::Document;

    const TABLE: &str = "\
iam:ListRolePolicies\t\troot\teach; RoleName=id\t-\tx
ec2:DescribeSubnets\tSubnets[]\troot\tall; SubnetId=id\t-\tx
ec2:DescribeRouteTables\tRouteTables[].Associations[]\troot\tshared; SubnetId=id\t-\tx
elasticloadbalancing:DescribeTags\tTagDescriptions[]\troot\tshared; ResourceArn=id\t-\tx
s3:GetBucketPolicy\t\troot\teach; Bucket=id; absent NoSuchBucketPolicy\t-\tx
elasticloadbalancing:DescribeListenerCertificates\tCertificates[]\troot\tall; ListenerArn=id where certificate\t-\tx
eks:DescribeAddon\taddon\troot\teach; clusterName=cluster, addonName=name\t-\tx
ec2:DescribeVpcEndpoints\tVpcEndpoints[]\troot\tshared; VpcId=id\t-\tx";

    fn document(value: &Value) -> Document {
        serde_json::from_value(value.clone()).unwrap()
    }

    fn kept(call: &str, asked: &[(&str, &str)], told: Result<Value, CloudError>) -> Kept {
        let mut parameters = Parameters::default();
        parameters.extend(asked.iter().copied());
        Kept { call: call.to_owned(), asked: parameters, told }
    }

    fn error(code: &str) -> CloudError {
        CloudError { code: Some(code.to_owned()), ..CloudError::new(ErrorKind::Refused, "ask", "no") }
    }

    fn part(declared: &Value, call: &str, kept: &[Kept]) -> Option<CallAnswer> {
        let known = Known { declared: document(declared), computed: document(&json!({"id": "me"})) };
        let cluster: Address = "cluster.main".parse().unwrap();
        let ids = IdIndex::of([(&cluster, &document(&json!({"id": "c"})))]);
        let address = "subnet.me".parse().unwrap();
        let root = roots(TABLE).find(|root| root.call == call).unwrap();
        part_of(&Recognisable { address: &address, known: &known, ids: &ids }, &root, kept)
    }

    #[test]
    fn pages_are_joined_and_other_objects_left_out() {
        let call = "iam:ListRolePolicies";
        let all = [
            kept(call, &[("RoleName", "me")], Ok(json!({"PolicyNames": ["a"], "Marker": "1"}))),
            kept(call, &[("RoleName", "other")], Ok(json!({"PolicyNames": ["x"]}))),
            kept(call, &[("RoleName", "me")], Ok(json!({"PolicyNames": ["b"]}))),
        ];
        let whole = json!({"PolicyNames": ["a", "b"], "Marker": "1"});
        assert_eq!(part(&json!({}), call, &all), Some(CallAnswer::Told(vec![whole])));
        assert_eq!(part(&json!({}), call, &[]), None, "nobody asked");
    }

    #[test]
    fn elements_of_a_list_go_to_whom_they_belong() {
        let call = "ec2:DescribeSubnets";
        let me = json!({"SubnetId": "me", "a": 1});
        let page = |subnets: Value| kept(call, &[("filter vpc-id", "v")], Ok(json!({"Subnets": subnets})));
        let all = [page(json!([{"SubnetId": "other"}, me])), page(json!([])), page(json!([me]))];
        assert_eq!(part(&json!({}), call, &all), Some(CallAnswer::Told(vec![me])));
        assert_eq!(part(&json!({}), call, &all[1..2]), Some(CallAnswer::Told(vec![])), "it is gone");
        let call = "ec2:DescribeRouteTables";
        let tables = json!({"RouteTables": [{"Associations": [{"SubnetId": "me"}, {"Main": true}]}, {}]});
        let expected = Some(CallAnswer::Told(vec![json!({"SubnetId": "me"})]));
        assert_eq!(part(&json!({}), call, &[kept(call, &[], Ok(tables))]), expected);
        // A list of single endpoints tells nothing of a network.
        let call = "ec2:DescribeVpcEndpoints";
        let listed = json!({"VpcEndpoints": [{"VpcId": "me"}]});
        assert_eq!(part(&json!({}), call, &[kept(call, &[("filter vpc-endpoint-id", "e")], Ok(listed))]), None);
    }

    #[test]
    fn not_set_is_told_from_unread_and_a_list_that_failed_may_be_asked_again() {
        let call = "s3:GetBucketPolicy";
        let failed = |code: &str| kept(call, &[("Bucket", "me")], Err(error(code)));
        assert_eq!(part(&json!({}), call, &[failed("NoSuchBucketPolicy")]), Some(CallAnswer::NotSet));
        assert_eq!(part(&json!({}), call, &[failed("Strange")]), Some(CallAnswer::Unread(error("Strange"))));
        let call = "elasticloadbalancing:DescribeTags";
        let batch = |told| [kept(call, &[("ResourceArns", "gone"), ("ResourceArns", "me")], Err(error("Gone"))), told];
        let mine = json!({"ResourceArn": "me"});
        let again = kept(call, &[("ResourceArns", "me")], Ok(json!({"TagDescriptions": [mine]})));
        assert_eq!(part(&json!({}), call, &batch(again)), Some(CallAnswer::Told(vec![mine])));
        let other = kept(call, &[("ResourceArns", "other")], Ok(json!({"TagDescriptions": []})));
        assert_eq!(part(&json!({}), call, &batch(other)), Some(CallAnswer::Unread(error("Gone"))));
    }

    #[test]
    fn an_object_is_recognised_by_its_fields_and_by_what_they_point_at() {
        let call = "eks:DescribeAddon";
        let all = [
            kept(call, &[("clusterName", "c"), ("addonName", "dns")], Ok(json!({"addon": {"a": 1}}))),
            kept(call, &[("clusterName", "d"), ("addonName", "dns")], Ok(json!({"addon": {"a": 2}}))),
        ];
        let declared = json!({"cluster": {"$ref": "cluster.main"}, "name": "dns"});
        assert_eq!(part(&declared, call, &all), Some(CallAnswer::Told(vec![json!({"a": 1})])));
        let outside = json!({"cluster": {"id": "d"}, "name": "dns"});
        assert_eq!(part(&outside, call, &all), Some(CallAnswer::Told(vec![json!({"a": 2})])));
        let call = "elasticloadbalancing:DescribeListenerCertificates";
        let all = [kept(call, &[("ListenerArn", "me")], Ok(json!({"Certificates": [{"CertificateArn": "x"}]})))];
        assert_eq!(part(&json!({"certificate": null}), call, &all), None);
        let told = Some(CallAnswer::Told(vec![json!({"CertificateArn": "x"})]));
        assert_eq!(part(&json!({"certificate": "x"}), call, &all), told);
    }
}
