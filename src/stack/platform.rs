//! What Package Manager runs on: the part of a declaration that differs from one architecture to another.

use std::collections::BTreeSet;

use serde::Serialize;

use super::values::Values;
use super::words::{Architecture, SecretsBy};
use super::{Pinned, Stack, is_air_gapped};
use crate::model::values::{Arn, ChartVersion, Cidr, InstanceType, KubernetesVersion, Namespace, ReleaseName};
use crate::product::Image;

/// What Package Manager runs on, one for each [`Architecture`]. Who calls [`Stack::kubernetes`] or [`Stack::chart`] holds
/// that there is a cluster; with a second platform both answer an option, and the compiler asks everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Platform {
    /// A cluster of EKS, in which the chart is installed.
    Kubernetes(Kubernetes),
}

/// The EKS cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kubernetes {
    /// The version of the control plane, and in the end of the nodes.
    pub version: Pinned<KubernetesVersion>,
    /// Whether it may stay on a version past its standard support, for money.
    pub extended_support: bool,
    /// Addresses of Kubernetes services.
    pub service_cidr: Cidr,
    /// From where the API can be reached over the internet; empty means that its public endpoint is off.
    pub public_cidrs: BTreeSet<Cidr>,
    /// IAM roles and users with an administrator's access entry.
    pub admins: BTreeSet<Arn>,
    /// The managed node group.
    pub nodes: Nodes,
    /// How Package Manager is installed in it.
    #[serde(skip)]
    pub chart: Chart,
}

/// How Package Manager is installed in a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Chart {
    /// Its namespace.
    pub namespace: Namespace,
    /// The Helm release.
    pub release: ReleaseName,
    /// The chart the values are for.
    #[serde(rename = "chart_version")]
    pub version: ChartVersion,
    /// How its password and key get into the cluster.
    pub secrets: SecretsBy,
    /// The image, if it is not the chart's own.
    pub image: Option<Image>,
}

/// The managed node group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nodes {
    /// How many nodes are wanted, and the least there may be.
    pub count: u16,
    /// The most an autoscaler may go to; the same as `count` if there is none.
    pub max: u16,
    /// The EC2 instance type.
    pub instance_type: InstanceType,
    /// The root disk, in GiB.
    pub disk_gib: u32,
}

impl Nodes {
    /// Whether the size is somebody else's to move, so that a moved size is no drift.
    pub fn is_autoscaled(&self) -> bool {
        self.max > self.count
    }
}

impl Stack {
    /// The cluster it runs on.
    pub fn kubernetes(&self) -> &Kubernetes {
        let Platform::Kubernetes(kubernetes) = &self.platform;
        kubernetes
    }

    /// How Package Manager is installed in the cluster.
    pub fn chart(&self) -> &Chart {
        &self.kubernetes().chart
    }
}

impl Platform {
    /// Which architecture has it.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::Kubernetes(_) => Architecture::Kubernetes,
        }
    }

    pub(super) fn from_values(values: &Values) -> Option<Self> {
        Some(match values.word("architecture")? {
            Architecture::Kubernetes => Self::Kubernetes(Kubernetes::from_values(values)?),
        })
    }
}

impl Kubernetes {
    fn from_values(values: &Values) -> Option<Self> {
        let count = values.whole("kubernetes.nodes.count")?;
        Some(Self {
            version: Pinned::of(values, "kubernetes.version")?,
            extended_support: values.flag("kubernetes.extended_support")?,
            service_cidr: values.text("kubernetes.service_cidr")?,
            // Where nothing comes from the internet, nobody comes from it unless it is said.
            public_cidrs: if is_air_gapped(values) && values.written("kubernetes.public_cidrs").is_none() {
                BTreeSet::new()
            } else {
                values.texts("kubernetes.public_cidrs")?
            },
            admins: values.texts("kubernetes.admins")?,
            nodes: Nodes {
                count,
                max: values.whole("kubernetes.nodes.max").unwrap_or(count),
                instance_type: values.text("kubernetes.nodes.instance_type")?,
                disk_gib: values.whole("kubernetes.nodes.disk_gib")?,
            },
            chart: Chart {
                namespace: values.text("package_manager.namespace")?,
                release: values.text("package_manager.release")?,
                version: values.text("package_manager.chart_version")?,
                secrets: values.word("package_manager.secrets")?,
                image: image(values),
            },
        })
    }
}

fn image(values: &Values) -> Option<Image> {
    Some(Image {
        repository: values.text("package_manager.image.repository")?,
        tag: values.text("package_manager.image.tag")?,
    })
}
