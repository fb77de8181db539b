//! The words a declaration chooses from.
//!
//! Promises: a choice's spelling and meaning are said once, here; parsing, printing, schema and `explain` read them.
//!
//! Leaves to others what a choice leads to.

use crate::model::finding::Grade;
use crate::model::put_right::PutRightChange;
use crate::product::UsageData;

/// One word of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it is written.
    pub word: &'static str,
    /// What it leads to, as a clause.
    pub meaning: &'static str,
    /// Whether this version can do it; a word it cannot do is known, and refused by name.
    pub supported: bool,
}

/// A choice among [`Choice`]s.
pub trait Word: Copy + 'static {
    /// All words, the default first.
    const CHOICES: &'static [Choice];
    /// The value a word stands for; none if it is not (or not yet) one.
    fn from_word(word: &str) -> Option<Self>;
    /// How it is written.
    fn word(self) -> &'static str;
}

macro_rules! words {
    (
        $(#[$about:meta])* $name:ident {
            $($variant:ident = $word:literal: $meaning:literal,)+
            $(; refused $($refused:literal: $refused_meaning:literal,)+)?
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $(#[doc = concat!("`", $word, "`: ", $meaning, ".")] $variant,)+
        }

        spelt! {
            $name {
                $($variant = $word: $meaning,)+
                $(; refused $($refused: $refused_meaning,)+)?
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.word())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }
    };
}

/// How a declaration spells the values of a type that is somebody else's.
macro_rules! spelt {
    (
        $name:ident {
            $($variant:ident = $word:literal: $meaning:literal,)+
            $(; refused $($refused:literal: $refused_meaning:literal,)+)?
        }
    ) => {
        impl Word for $name {
            const CHOICES: &'static [Choice] = &[
                $(Choice { word: $word, meaning: $meaning, supported: true },)+
                $($(Choice { word: $refused, meaning: $refused_meaning, supported: false },)+)?
            ];

            fn from_word(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }

            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// Which of the architectures Posit documents is built.
    Architecture {
        Kubernetes = "kubernetes": "Package Manager on an EKS cluster, the reference for many users",
        ; refused
        "cluster": "several EC2 servers behind a load balancer",
        "server": "one EC2 server",
    }
}

words! {
    /// Where NAT gateways stand, by which private subnets reach the internet.
    NatPlacement {
        PerZone = "per_zone": "one NAT gateway in each zone, so that a zone's failure stays in that zone",
        Single = "single": "one NAT gateway for all zones: cheaper, and one zone's failure cuts all of them off",
    }
}

words! {
    /// Whether what stands in the network reaches the internet.
    Connectivity {
        Internet = "internet": "private subnets reach it through NAT gateways",
        AirGapped = "air_gapped": "nothing reaches it: AWS is reached through endpoints in the network",
    }
}

words! {
    /// Who can route to the load balancer.
    Scheme {
        InternetFacing = "internet_facing": "public addresses in the public subnets",
        Internal = "internal": "private addresses in the private subnets, for VPN or peered networks",
    }
}

words! {
    /// How requests get from the load balancer to the pods.
    Targets {
        NodePort = "node_port": "the nodes, at one fixed port; nothing needs to be installed in the cluster first",
        TargetGroupBinding = "target_group_binding": "the pods; needs the AWS Load Balancer Controller in the cluster",
        Ingress = "ingress": "the pods, by an Ingress from which the AWS Load Balancer Controller makes a load balancer; none is made here",
    }
}

words! {
    /// How passwords and keys get from Secrets Manager into the cluster.
    SecretsBy {
        Kubectl = "kubectl": "by `ppm-infra secrets`, through a pipe to kubectl; nothing needs to be installed",
        ExternalSecrets = "external_secrets": "by the External Secrets Operator, with a role of its own",
        Csi = "csi": "by the Secrets Store CSI driver and its AWS provider, with the role of the pods",
    }
}

spelt! {
    UsageData {
        Database = "database": "a database of its own on the same server, `ppm_usage`",
        Schema = "schema": "a schema of its own in the same database, `usage_data`",
    }
}

words! {
    /// Where the job runs that looks for drift on a schedule, if its role is a part of the stack.
    JobPlace {
        Kubernetes = "kubernetes": "a CronJob in the cluster, whose service account takes the role",
        ; refused
        "cron": "a machine, with credentials of its own",
        "systemd": "a machine, with credentials of its own",
        "github": "a workflow, with a role that the command drift schedule says how to make",
        "eventbridge": "a task of ECS, with roles in the template that the command drift schedule writes",
    }
}

spelt! {
    PutRightChange {
        Changed = "changed": "a field that somebody moved is set as it was recorded, in place",
        Missing = "missing": "an object that is gone is made again, if it held no data",
    }
}

spelt! {
    Grade {
        Low = "low": "it is untidy, or costs something",
        Medium = "medium": "it works otherwise than it was meant to",
        High = "high": "somebody has to look today",
        Critical = "critical": "everybody is let in, or another account; data goes; or nobody is served",
    }
}

words! {
    /// What `destroy` and replacements refuse to delete.
    Protected {
        Database = "database": "the database, with RDS's deletion protection",
        Bucket = "bucket": "the bucket of packages",
        Key = "key": "the KMS key, without which the bucket and the database cannot be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reads_as_it_prints_unless_refused() {
        for choice in NatPlacement::CHOICES {
            assert_eq!(NatPlacement::from_word(choice.word).unwrap().to_string(), choice.word);
        }
        assert_eq!(Architecture::from_word("kubernetes"), Some(Architecture::Kubernetes));
        assert_eq!(Architecture::from_word("server"), None);
        assert!(Architecture::CHOICES.iter().any(|choice| choice.word == "server" && !choice.supported));
    }
}
