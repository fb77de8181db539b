//! The keys of how the stack is used, as far as that decides what it costs.

use super::Absent::{Defaults, Means};
use super::{Key, Kind, Literal};

/// The keys, sections before their keys.
pub(in crate::stack) static KEYS: &[Key] = &[
    Key {
        path: "cost",
        kind: Kind::Section,
        absent: Defaults,
        what: "How the stack is used, for the estimate of what it costs. Nothing is made otherwise for it.",
        source: "Data and requests are billed by use, which no declaration of objects tells; what is not declared here is named as not included (docs/cost.md).",
        example: Literal::Nothing,
        question: None,
    },
    Key {
        path: "cost.installs_per_day",
        kind: Kind::Whole { least: 0, most: 1_000_000_000, unit: "installs" },
        absent: Means("requests are not included in the estimate"),
        what: "How many packages are installed in a day, each a download.",
        source: "Posit's reference architecture serves 30 million installs a month, which is a million a day. `RequestCount` of the load balancer in CloudWatch tells what it was.",
        example: Literal::Whole(100_000),
        question: None,
    },
    Key {
        path: "cost.install_mb",
        kind: Kind::Whole { least: 0, most: 10_240, unit: "MB" },
        absent: Means("data that users download is not included in the estimate"),
        what: "How many megabytes an install has on average.",
        source: "Nobody publishes a figure. `ProcessedBytes` divided by `RequestCount` of the load balancer in CloudWatch tells it; a few megabytes are usual for binary packages.",
        example: Literal::Whole(2),
        question: None,
    },
    Key {
        path: "cost.package_tb",
        kind: Kind::Whole { least: 0, most: 10_000, unit: "TB" },
        absent: Means("what is stored in the bucket is not included in the estimate"),
        what: "How many terabytes of packages are stored, each 1,024 GB.",
        source: "Posit's documentation of air-gapped servers has sizes of whole repositories. `BucketSizeBytes` of the bucket in CloudWatch tells what it is.",
        example: Literal::Whole(1),
        question: None,
    },
    Key {
        path: "cost.fetched_gb",
        kind: Kind::Whole { least: 0, most: 1_000_000, unit: "GB" },
        absent: Means("data that passes NAT gateways is not included in the estimate"),
        what: "How many gigabytes the nodes fetch from the internet in a month: packages, images, Git repositories.",
        source: "Package Manager fetches each version of a package once and keeps it (Posit's documentation, \"Sizing and capacity planning\"). `BytesInFromDestination` of the NAT gateways in CloudWatch tells what it was.",
        example: Literal::Whole(100),
        question: None,
    },
];
