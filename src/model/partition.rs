//! The partitions of AWS: groups of regions that share accounts, names of hosts and service principals with nobody else.
//!
//! Promises: every region belongs to exactly one, also a region that is newer than this program. Whatever differs between
//! partitions stands in this one table.
//!
//! Source of names, suffixes and regions: the partitions that AWS publishes with its SDKs (`partitions.json`).

/// A partition.
#[derive(Debug, PartialEq, Eq)]
pub struct Partition {
    /// The second part of every ARN: `aws`, `aws-cn` and others.
    pub name: &'static str,
    /// What the host names of its services end in.
    pub dns_suffix: &'static str,
    /// Its regions, as far as they are known here.
    pub regions: &'static [&'static str],
    /// Where it is apart from every other network, which this program does not build in.
    pub is_isolated: bool,
    /// The service that EC2 instances take a role as. EKS demands it in the trust of the role of nodes (its refusal:
    /// "Following required service principals … were not found in the trust relationships of nodeRole").
    pub instances: &'static str,
    /// Where IAM is, which belongs to no region: its calls are signed for that one (`iam` in `endpoints.json`), and its
    /// events are kept there ("Global service events", CloudTrail User Guide).
    pub iam_region: &'static str,
    /// What the names of some endpoints begin with, in place of `com.amazonaws`, and of which services.
    pub endpoints: (&'static str, &'static [&'static str]),
    /// What its regions begin with, up to the direction; `aws` has whatever is left.
    areas: &'static [&'static str],
}

/// The partition of every region that is in no other.
static COMMERCIAL: Partition = Partition {
    name: "aws",
    dns_suffix: "amazonaws.com",
    regions: &[
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "me-west-1",
        "mx-central-1",
        "sa-east-1",
        "sa-west-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
    is_isolated: false,
    instances: "ec2.amazonaws.com",
    iam_region: "us-east-1",
    endpoints: ("com.amazonaws", &[]),
    areas: &[],
};

/// The others.
static APART: [Partition; 7] = [
    Partition {
        name: "aws-cn",
        dns_suffix: "amazonaws.com.cn",
        regions: &["cn-north-1", "cn-northwest-1"],
        is_isolated: false,
        instances: "ec2.amazonaws.com.cn",
        iam_region: "cn-north-1",
        // `aws ec2 describe-vpc-endpoint-services` there; the AWS CDK keeps the same list.
        endpoints: (
            "cn.com.amazonaws",
            &["autoscaling", "ec2", "ecr.api", "ecr.dkr", "eks", "elasticfilesystem", "sts"],
        ),
        areas: &["cn-"],
    },
    Partition {
        name: "aws-us-gov",
        dns_suffix: "amazonaws.com",
        regions: &["us-gov-east-1", "us-gov-west-1"],
        is_isolated: false,
        instances: "ec2.amazonaws.com",
        iam_region: "us-gov-west-1",
        endpoints: ("com.amazonaws", &[]),
        areas: &["us-gov-"],
    },
    Partition {
        name: "aws-eusc",
        dns_suffix: "amazonaws.eu",
        regions: &["eusc-de-east-1"],
        is_isolated: false,
        // IAM refuses `ec2.amazonaws.eu` there as an invalid principal.
        instances: "ec2.amazonaws.com",
        iam_region: "eusc-de-east-1",
        // EC2 knows the registry under no other name there; the AWS CDK keeps the same list.
        endpoints: ("eu.amazonaws", &["ecr.api", "ecr.dkr"]),
        areas: &["eusc-"],
    },
    isolated("aws-iso", "c2s.ic.gov", &["us-iso-east-1", "us-iso-west-1"], &["us-iso-"], "ec2.c2s.ic.gov"),
    isolated("aws-iso-b", "sc2s.sgov.gov", &["us-isob-east-1", "us-isob-west-1"], &["us-isob-"], "ec2.sc2s.sgov.gov"),
    isolated("aws-iso-e", "cloud.adc-e.uk", &["eu-isoe-west-1"], &["eu-isoe-"], "ec2.cloud.adc-e.uk"),
    isolated(
        "aws-iso-f",
        "csp.hci.ic.gov",
        &["us-isof-south-1", "us-isof-east-1"],
        &["us-isof-"],
        "ec2.csp.hci.ic.gov",
    ),
];

/// One that nobody outside reaches; IAM is in the first of its regions.
const fn isolated(
    name: &'static str,
    dns_suffix: &'static str,
    regions: &'static [&'static str],
    areas: &'static [&'static str],
    instances: &'static str,
) -> Partition {
    let endpoints = ("com.amazonaws", [].as_slice());
    Partition { name, dns_suffix, regions, is_isolated: true, instances, iam_region: regions[0], endpoints, areas }
}

impl Partition {
    /// The partition that a region is in.
    pub fn of_region(region: &str) -> &'static Self {
        let is_in = |partition: &&Self| partition.areas.iter().any(|area| region.starts_with(area));
        APART.iter().find(is_in).unwrap_or(&COMMERCIAL)
    }

    /// Every partition.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        std::iter::once(&COMMERCIAL).chain(&APART)
    }

    /// The host of a service in one of its regions.
    pub fn host(&self, service: &str, region: &str) -> String {
        format!("{service}.{region}.{}", self.dns_suffix)
    }

    /// The name under which EC2 knows the endpoint of a service.
    pub fn endpoint(&self, service: &str, region: &str) -> String {
        let (prefix, own) = self.endpoints;
        let prefix = if own.contains(&service) { prefix } else { "com.amazonaws" };
        format!("{prefix}.{region}.{service}")
    }
}

/// Every region that is known here and can be built in.
pub fn regions() -> impl Iterator<Item = &'static str> {
    Partition::all().filter(|partition| !partition.is_isolated).flat_map(|partition| partition.regions.iter().copied())
}

/// Whether a region is known here.
pub fn is_known(region: &str) -> bool {
    Partition::all().any(|partition| partition.regions.contains(&region))
}

/// Whether a region that is not known here may have come since: its words are those of which AWS makes names of regions.
pub fn is_plausible(region: &str) -> bool {
    const DIRECTIONS: [&str; 9] =
        ["north", "south", "east", "west", "central", "northeast", "northwest", "southeast", "southwest"];
    let parts: Vec<&str> = region.split('-').collect();
    match parts.as_slice() {
        // Two letters of a country or continent, and a direction.
        [area, direction, _] => area.len() == 2 && DIRECTIONS.contains(direction),
        ["us", "gov", direction, _] => DIRECTIONS.contains(direction),
        ["eusc", country, direction, _] => country.len() == 2 && DIRECTIONS.contains(direction),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_region_is_in_the_partition_that_lists_it() {
        for partition in Partition::all() {
            assert_eq!(Partition::of_region(partition.iam_region), partition, "IAM of {}", partition.name);
            for region in partition.regions {
                assert_eq!(Partition::of_region(region), partition, "{region}");
                assert!(partition.is_isolated || is_plausible(region), "{region}");
            }
        }
    }

    #[test]
    fn a_region_of_tomorrow_is_in_the_partition_its_name_belongs_to() {
        for (region, partition) in [
            ("eu-west-9", "aws"),
            ("nz-south-1", "aws"),
            ("cn-south-1", "aws-cn"),
            ("us-gov-central-1", "aws-us-gov"),
            ("eusc-fr-west-1", "aws-eusc"),
        ] {
            assert_eq!(Partition::of_region(region).name, partition);
            assert!(is_plausible(region) && !is_known(region), "{region}");
        }
        for region in ["us-esat-1", "eu-centrall-1", "usa-east-1", "us-iso-south-1", "eusc-germany-east-1"] {
            assert!(!is_plausible(region), "{region}");
        }
    }

    #[test]
    fn some_endpoints_have_names_of_their_partition() {
        let named = |region: &str, service: &str| Partition::of_region(region).endpoint(service, region);
        assert_eq!(named("cn-north-1", "sts"), "cn.com.amazonaws.cn-north-1.sts");
        assert_eq!(named("cn-north-1", "kms"), "com.amazonaws.cn-north-1.kms");
        assert_eq!(named("us-gov-west-1", "sts"), "com.amazonaws.us-gov-west-1.sts");
        assert_eq!(named("eusc-de-east-1", "ecr.dkr"), "eu.amazonaws.eusc-de-east-1.ecr.dkr");
        assert_eq!(named("eusc-de-east-1", "eks"), "com.amazonaws.eusc-de-east-1.eks");
    }
}
