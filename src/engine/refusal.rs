//! Why there is no plan, one finding for each resource it is about: for callers that want more than a sentence.

use super::error::PlanError;
use crate::model::address::Address;
use crate::model::finding::{Finding, Severity};

impl PlanError {
    /// One finding for each resource that stands in the way. Their ids are stable, `plan.foreign` and the like.
    pub fn findings(&self) -> Vec<Finding> {
        let one = Finding::error;
        let because = |id, address: &Address, what: String, chain: &[Address]| Finding {
            why: chain
                .windows(2)
                .map(|pair| format!("{} is replaced because {} is replaced", pair[0], pair[1]))
                .collect::<Vec<_>>()
                .join("; "),
            ..one(id, address, what)
        };
        match self {
            Self::Unread { unread } => unread
                .iter()
                .map(|(address, error)| Finding {
                    severity: Severity::Unknown,
                    ..one("plan.unread", address, error.to_string())
                })
                .collect(),
            Self::Foreign { foreign } => foreign
                .iter()
                .map(|(address, there)| Finding {
                    why: there.because.clone(),
                    remedies: there.remedy.advice(address, &there.id),
                    ..one(
                        "plan.foreign",
                        address,
                        format!("{} exists already and does not belong to this stack", there.id),
                    )
                })
                .collect(),
            Self::Shared(clash) => vec![one(
                "plan.shared",
                &clash.address,
                format!("it is to be the same object as {}, {}", clash.stands, clash.id),
            )],
            Self::Removed(clash) => vec![one(
                "plan.removed",
                &clash.address,
                format!("{} would be removed, and stands as {}", clash.id, clash.stands),
            )],
            Self::Lost { lost } => lost
                .iter()
                .map(|(address, gone)| {
                    let needed: Vec<String> = gone.needed_by.iter().map(ToString::to_string).collect();
                    let why = if needed.is_empty() {
                        "it held data, and a new one would be empty".to_owned()
                    } else {
                        format!("it is needed to read what is in {}", needed.join(" and "))
                    };
                    Finding {
                        why,
                        ..one("plan.lost", address, format!("{} is gone, and cannot be made again as it was", gone.id))
                    }
                })
                .collect(),
            Self::Cycle { cycle } => {
                cycle.iter().take(1).map(|address| one("plan.cycle", address, self.to_string())).collect()
            }
            Self::Protected { address, replaced, chain, .. } => {
                let what = format!("it is protected and would be {}", if *replaced { "replaced" } else { "deleted" });
                vec![because("plan.protected", address, what, chain)]
            }
            Self::NoRoom { address, because: why, chain } => {
                vec![because("plan.no_room", address, format!("it cannot be replaced while it stands: {why}"), chain)]
            }
            Self::StepDown { address, field, from, to } => {
                vec![one("plan.step_down", address, format!("{field} cannot go from {from} back to {to}"))]
            }
            Self::NotRecorded { address } => {
                vec![one("plan.not_recorded", address, "it is not in the lockfile".to_owned())]
            }
            Self::UnknownKind { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::error::Clash;
    use crate::model::error::{CloudError, ErrorKind};
    use crate::model::observation::{ForeignObject, Remedy};

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    /// Id, subject, severity, and words that it says.
    fn told(error: &PlanError) -> Vec<(&'static str, String, Severity, String)> {
        let line = |one: Finding| {
            let said = format!("{} | {} | {}", one.what, one.why, one.remedies.join("; "));
            (one.id, one.subject.to_string(), one.severity, said)
        };
        error.findings().into_iter().map(line).collect()
    }

    #[test]
    fn every_resource_that_stands_in_the_way_has_a_finding_of_its_own() {
        let there = |id: &str| ForeignObject {
            id: id.to_owned(),
            because: "it carries no tags of this stack".to_owned(),
            remedy: Remedy::Adopt,
        };
        let foreign: BTreeMap<_, _> = [(at("bucket.packages"), there("ppm")), (at("vpc.main"), there("vpc-1"))].into();
        let found = told(&PlanError::Foreign { foreign });
        assert_eq!(found.len(), 2);
        for ((id, subject, severity, said), (address, object)) in
            found.iter().zip([("bucket.packages", "ppm"), ("vpc.main", "vpc-1")])
        {
            assert_eq!((*id, subject.as_str(), *severity), ("plan.foreign", address, Severity::Error));
            for word in [object, "no tags of this stack", &format!("ppm-infra adopt {address} '{object}'")] {
                assert!(said.contains(word), "{word}: {said}");
            }
        }
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_not_wrong() {
        let error = CloudError::new(ErrorKind::Denied, "read the role", "no");
        let found = told(&PlanError::Unread { unread: [(at("iam_role.nodes"), error)].into() });
        let [(id, subject, severity, said)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((*id, subject.as_str(), *severity), ("plan.unread", "iam_role.nodes", Severity::Unknown));
        assert!(said.contains("read the role"), "{said}");
    }

    #[test]
    fn the_chain_that_leads_to_a_refusal_is_told() {
        let chain = vec![at("database.main"), at("db_subnet_group.database"), at("vpc.main")];
        let error = PlanError::Protected { address: chain[0].clone(), replaced: true, chain, diffs: Vec::new() };
        let found = told(&error);
        let [(id, subject, _, said)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((*id, subject.as_str()), ("plan.protected", "database.main"));
        assert!(said.contains("db_subnet_group.database is replaced because vpc.main is replaced"), "{said}");
        let clash =
            Clash { address: at("access_entry.ann"), stands: at("access_entry.creator"), id: "c/ann".to_owned() };
        let found = told(&PlanError::Shared(Box::new(clash)));
        assert_eq!((found[0].0, found[0].1.as_str()), ("plan.shared", "access_entry.ann"));
        assert!(found[0].3.contains("access_entry.creator"), "{found:?}");
    }
}
