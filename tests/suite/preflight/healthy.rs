//! Accounts in which all is well, each in its way.

use super::seeds::{KeyIs, NetworkIs, Seed};

/// An account in which all is well.
pub(super) struct Healthy {
    pub(super) name: &'static str,
    /// Lines that the declaration ends with.
    pub(super) declared: &'static str,
    pub(super) seeds: &'static [Seed],
    /// How many checks have to be made at least, so that silence means something.
    pub(super) passes: u64,
}

const EXISTING: &str = "network:\n  existing:\n    vpc: VPC\n    private_subnets:PRIVATE\n    public_subnets:PUBLIC";
const AIR_GAPPED: &str =
    "network: {connectivity: air_gapped}\npackage_manager:\n  image: {repository: r.example.com/ppm, tag: \"1\"}";

pub(super) fn all() -> [Healthy; 11] {
    [
        Healthy { name: "an empty one", declared: "", seeds: &[], passes: 30 },
        Healthy {
            name: "with networks, buckets and roles of others",
            declared: "",
            seeds: &[Seed::Others],
            passes: 30,
        },
        Healthy {
            name: "with no more than is needed of what is short",
            declared: "",
            seeds: &[Seed::Quota("L-1216C47A", 48), Seed::Quota("L-0263D0A3", 3), Seed::Quota("L-F678F1CE", 2)],
            passes: 30,
        },
        Healthy {
            name: "whose caller may do what apply needs, and no more",
            declared: "",
            seeds: &[Seed::Policy("")],
            passes: 30,
        },
        Healthy {
            name: "whose services have their roles, which the caller may not make",
            declared: "",
            seeds: &[
                Seed::ServiceRoles,
                Seed::Policy(r#"{"Effect": "Deny", "Action": "iam:CreateServiceLinkedRole", "Resource": "*"}"#),
            ],
            passes: 30,
        },
        Healthy { name: "with a key", declared: "storage: {kms: KEY}", seeds: &[Seed::Key(KeyIs::Good)], passes: 30 },
        Healthy {
            name: "with a certificate for all names",
            declared: "whole:\nstack: ppm-prod\nregion: us-east-1\nload_balancer:\n  domain: packages.example.com\n  \
                       certificate: CERTIFICATE\n",
            seeds: &[Seed::Certificate("*.example.com", true)],
            passes: 30,
        },
        Healthy {
            name: "with a network",
            declared: EXISTING,
            seeds: &[Seed::Network(NetworkIs::Good), Seed::Quota("L-F678F1CE", 2), Seed::Quota("L-FE5A380F", 1)],
            passes: 24,
        },
        Healthy { name: "without a way to the internet", declared: AIR_GAPPED, seeds: &[], passes: 28 },
        Healthy {
            name: "with credentials that last",
            declared: "whole:\nstack: ppm-prod\nregion: eu-west-1\n",
            seeds: &[Seed::EndsIn(120)],
            passes: 29,
        },
        Healthy { name: "in which the stack stands", declared: "", seeds: &[Seed::Standing], passes: 4 },
    ]
}
