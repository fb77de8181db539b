//! What a pod of the server may ask for and use on a node of a given type.
//!
//! Promises: two pods fit on one node by request of every resource and by memory limit, because a rollout puts the
//! new pod beside the old one; otherwise an error says what is too small.
//!
//! Knows the instance types people use for this; everything else is refused by name rather than guessed.

/// Families with the same proportions: GiB of memory per vCPU. Pod limits per size are equal across all of them
/// (`eni-max-pods.txt` of awslabs/amazon-eks-ami).
const FAMILIES: [(&str, u64); 15] = [
    ("c5", 2),
    ("c6a", 2),
    ("c6i", 2),
    ("c7a", 2),
    ("c7i", 2),
    ("m5", 4),
    ("m6a", 4),
    ("m6i", 4),
    ("m7a", 4),
    ("m7i", 4),
    ("r5", 8),
    ("r6a", 8),
    ("r6i", 8),
    ("r7a", 8),
    ("r7i", 8),
];
/// Sizes of those families: vCPUs, and pods without prefix delegation.
const SIZES: [(&str, u64, u64); 5] =
    [("large", 2, 29), ("xlarge", 4, 58), ("2xlarge", 8, 58), ("4xlarge", 16, 234), ("8xlarge", 32, 234)];

/// What one pod of the reference architecture is promised; larger nodes raise limits, not promises.
const REFERENCE_REQUEST: Amount = Amount { millicores: 4000, memory_gib: 8, ephemeral_gib: 5 };
/// Least memory a pod is promised: the chart's own default request.
const LEAST_MEMORY_GIB: u64 = 2;
/// Room for logs and scratch files of Git builds before a pod is evicted. The chart's 200Mi evicts at once.
const MOST_EPHEMERAL_GIB: u64 = 20;

/// Why pods have no room on a node.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// Nothing is known about the size of these nodes.
    #[error("how much a pod may use on `{instance_type}` is not known")]
    UnknownInstanceType {
        /// The instance type.
        instance_type: String,
        /// Types that would do, in words.
        known: String,
    },
    /// The old and the new pod do not fit on one node together.
    #[error(
        "a rollout needs room for two pods on one node, but twice {each} of {resource} is more than the {allocatable} \
         that {instance_type} leaves for pods"
    )]
    NodeTooSmall {
        /// The instance type.
        instance_type: String,
        /// CPU or memory.
        resource: &'static str,
        /// What one pod takes.
        each: String,
        /// What the node has for pods.
        allocatable: String,
    },
    /// Images, logs and scratch files of two pods do not fit on the root disk.
    #[error("a root disk of {disk_gib} GiB leaves {allocatable} for pods, and two pods need {each} each")]
    DiskTooSmall {
        /// Size of the disk.
        disk_gib: u32,
        /// What one pod takes.
        each: String,
        /// What the node has for pods.
        allocatable: String,
    },
}

/// An instance as EC2 describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Machine {
    vcpus: u64,
    memory_gib: u64,
    max_pods: u64,
}

/// What a node leaves for pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocatable {
    /// CPU in thousandths of a core.
    pub millicores: u64,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Room on the root disk in MiB.
    pub ephemeral_mib: u64,
}

/// What one pod is promised, or may use at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// CPU in thousandths of a core.
    pub millicores: u64,
    /// Memory in GiB.
    pub memory_gib: u64,
    /// Room on the root disk in GiB.
    pub ephemeral_gib: u64,
}

impl Amount {
    /// CPU in the form Kubernetes prefers: whole cores where they are whole.
    pub fn cpu(&self) -> String {
        if self.millicores.is_multiple_of(1000) {
            (self.millicores / 1000).to_string()
        } else {
            format!("{}m", self.millicores)
        }
    }

    /// Memory as a Kubernetes quantity.
    pub fn memory(&self) -> String {
        format!("{}Gi", self.memory_gib)
    }

    /// Ephemeral storage as a Kubernetes quantity.
    pub fn ephemeral_storage(&self) -> String {
        format!("{}Gi", self.ephemeral_gib)
    }
}

/// Requests and limits of a pod, and the node they were derived from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// What the node leaves for pods.
    pub allocatable: Allocatable,
    /// What a pod is promised.
    pub requests: Amount,
    /// What a pod may use at most.
    pub limits: Amount,
}

/// How many addresses one network interface of a machine of this type holds; nothing for a type that is not known here.
///
/// Follows from how many pods it takes, which is interfaces × (addresses − 1) + 2 (`eni-max-pods.txt` of
/// awslabs/amazon-eks-ami): 3 interfaces of 10, 3 of 12, 4 of 15, 8 of 30.
pub fn addresses_per_interface(instance_type: &str) -> Option<u64> {
    Some(match machine(instance_type)?.max_pods {
        29 => 10,
        35 => 12,
        58 => 15,
        _ => 30,
    })
}

/// What a node with a root disk of this many GiB leaves for pods; nothing for a type that is not known here.
pub fn allocatable(instance_type: &str, disk_gib: u32) -> Option<Allocatable> {
    machine(instance_type).map(|machine| left_for_pods(machine, disk_gib))
}

/// Sizes a pod for nodes of this type with a root disk of this many GiB.
///
/// # Errors
/// What is too small for two pods on each, or that nothing is known about the type.
pub fn size(instance_type: &str, disk_gib: u32) -> Result<Sizing, SizeError> {
    let machine = machine(instance_type).ok_or_else(|| SizeError::UnknownInstanceType {
        instance_type: instance_type.to_owned(),
        known: known_types(),
    })?;
    let sizing = propose(machine, disk_gib);
    let Sizing { allocatable, requests, limits } = sizing;
    let too_small = |resource, each, allocatable| SizeError::NodeTooSmall {
        instance_type: instance_type.to_owned(),
        resource,
        each,
        allocatable,
    };
    if 2 * requests.millicores > allocatable.millicores {
        return Err(too_small("requested CPU", requests.cpu(), format!("{}m", allocatable.millicores)));
    }
    for (resource, amount) in [("requested memory", requests), ("memory limit", limits)] {
        if 2 * amount.memory_gib * 1024 > allocatable.memory_mib {
            return Err(too_small(resource, amount.memory(), gib(allocatable.memory_mib)));
        }
    }
    if 2 * requests.ephemeral_gib * 1024 > allocatable.ephemeral_mib {
        return Err(SizeError::DiskTooSmall {
            disk_gib,
            each: requests.ephemeral_storage(),
            allocatable: gib(allocatable.ephemeral_mib),
        });
    }
    Ok(sizing)
}

/// Shows MiB as GiB with one decimal, rounded down.
pub fn gib(mib: u64) -> String {
    format!("{}.{}Gi", mib / 1024, mib % 1024 * 10 / 1024)
}

/// How many vCPUs an instance type has; none if it is not one that nodes may have.
pub fn vcpus(instance_type: &str) -> Option<u64> {
    machine(instance_type).map(|machine| machine.vcpus)
}

fn machine(instance_type: &str) -> Option<Machine> {
    let (family, size) = instance_type.split_once('.')?;
    match (family, size) {
        ("t3", "large") => {
            return Some(Machine { vcpus: 2, memory_gib: 8, max_pods: 35 });
        }
        ("t3", "xlarge") => {
            return Some(Machine { vcpus: 4, memory_gib: 16, max_pods: 58 });
        }
        ("t3", "2xlarge") => {
            return Some(Machine { vcpus: 8, memory_gib: 32, max_pods: 58 });
        }
        // The one family whose sizes jump from 4xlarge to 9xlarge.
        ("c5", "8xlarge") => return None,
        ("c5", "9xlarge") => {
            return Some(Machine { vcpus: 36, memory_gib: 72, max_pods: 234 });
        }
        _ => {}
    }
    let &(_, memory_per_vcpu) = FAMILIES.iter().find(|(name, _)| *name == family)?;
    let &(_, vcpus, max_pods) = SIZES.iter().find(|(name, ..)| *name == size)?;
    Some(Machine { vcpus, memory_gib: vcpus * memory_per_vcpu, max_pods })
}

fn known_types() -> String {
    let families: Vec<&str> = FAMILIES.iter().map(|(name, _)| *name).collect();
    format!("{} in sizes large to 8xlarge (c5: 9xlarge), or t3 in sizes large to 2xlarge", families.join(", "))
}

fn propose(machine: Machine, disk_gib: u32) -> Sizing {
    let allocatable = left_for_pods(machine, disk_gib);
    let requests = Amount {
        millicores: (machine.vcpus * 1000 / 4).min(REFERENCE_REQUEST.millicores),
        memory_gib: (machine.memory_gib / 4).clamp(LEAST_MEMORY_GIB, REFERENCE_REQUEST.memory_gib),
        ephemeral_gib: REFERENCE_REQUEST.ephemeral_gib,
    };
    let limits = Amount {
        // The chart cannot leave the CPU limit out once limits are on, so it stands near the size of the node.
        millicores: machine.vcpus.saturating_sub(1).max(1) * 1000,
        // 13 of 32 GiB on the reference node, and the same share elsewhere.
        memory_gib: (machine.memory_gib * 13 / 32).max(requests.memory_gib),
        ephemeral_gib: (allocatable.ephemeral_mib / 1024 / 2).clamp(requests.ephemeral_gib, MOST_EPHEMERAL_GIB),
    };
    Sizing { allocatable, requests, limits }
}

/// Computes what the node agent of EKS (`nodeadm` of awslabs/amazon-eks-ami) leaves for pods.
///
/// CPU: 6 % of the first core, 1 % of the second, 0.5 % of the next two and 0.25 % of the rest are reserved. Memory:
/// 255 MiB and 11 MiB per possible pod are reserved and 100 MiB kept back from eviction. Disk: 1 GiB is reserved and
/// the last tenth kept back from eviction.
fn left_for_pods(machine: Machine, disk_gib: u32) -> Allocatable {
    let reserved_millicores: u64 = match machine.vcpus {
        0 => 0,
        1 => 60,
        2 => 70,
        vcpus @ 3..=4 => 70 + (vcpus - 2) * 5,
        vcpus => 80 + ((vcpus - 4) * 5).div_ceil(2),
    };
    let memory_mib = machine.memory_gib * 1024;
    // What hypervisor and kernel take before the kubelet counts. AWS publishes no figure; this is a little more than
    // nodes of these types show.
    let unseen_mib = 200 + memory_mib * 3 / 100;
    let reserved_mib = 255 + 11 * machine.max_pods + 100 + unseen_mib;
    Allocatable {
        millicores: (machine.vcpus * 1000).saturating_sub(reserved_millicores),
        memory_mib: memory_mib.saturating_sub(reserved_mib),
        ephemeral_mib: (u64::from(disk_gib) * 1024 * 9 / 10).saturating_sub(1024),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(instance_type: &str, disk_gib: u32) -> [String; 6] {
        let Sizing { requests, limits, .. } = size(instance_type, disk_gib).expect("a known type");
        [
            requests.cpu(),
            requests.memory(),
            requests.ephemeral_storage(),
            limits.cpu(),
            limits.memory(),
            limits.ephemeral_storage(),
        ]
    }

    #[test]
    fn both_editions_of_the_reference_get_their_figures() {
        assert_eq!(amounts("c6a.4xlarge", 100), ["4", "8Gi", "5Gi", "15", "13Gi", "20Gi"]);
        assert_eq!(amounts("m6i.2xlarge", 100), ["2", "8Gi", "5Gi", "7", "13Gi", "20Gi"]);
    }

    #[test]
    fn allocatable_follows_the_formula_of_the_node_agent() {
        let allocatable = size("c6a.4xlarge", 100).expect("a known type").allocatable;
        assert_eq!(allocatable.millicores, 15_890);
        assert_eq!(gib(allocatable.memory_mib), "27.9Gi");
        assert_eq!(gib(allocatable.ephemeral_mib), "89.0Gi");
        assert_eq!(size("m6i.2xlarge", 100).expect("a known type").allocatable.millicores, 7910);
        assert_eq!(size("m5.large", 100).expect("a known type").allocatable.millicores, 1930);
        assert_eq!(size("m5.xlarge", 100).expect("a known type").allocatable.millicores, 3920);
    }

    #[test]
    fn small_nodes_get_small_pods_and_large_nodes_keep_the_promise() {
        assert_eq!(amounts("t3.large", 100), ["500m", "2Gi", "5Gi", "1", "3Gi", "20Gi"]);
        assert_eq!(amounts("r6i.8xlarge", 100), ["4", "8Gi", "5Gi", "31", "104Gi", "20Gi"]);
        assert_eq!(amounts("c5.9xlarge", 100)[3], "35");
    }

    #[test]
    fn the_disk_bounds_the_ephemeral_limit() {
        assert_eq!(amounts("c6a.4xlarge", 20)[5], "8Gi");
        assert_eq!(amounts("c6a.4xlarge", 13)[5], "5Gi");
    }

    #[test]
    fn a_node_that_cannot_hold_two_pods_is_refused() {
        let error = size("c5.large", 100).expect_err("4 GiB are too few").to_string();
        assert!(error.contains("twice 2Gi of requested memory") && error.contains("c5.large"), "{error}");
        let error = size("c6a.4xlarge", 12).expect_err("12 GiB are too few").to_string();
        assert!(error.contains("a root disk of 12 GiB"), "{error}");
        assert!(size("c6a.4xlarge", 0).is_err());
    }

    #[test]
    fn an_unknown_type_names_the_known_ones() {
        for unknown in ["x1e.large", "c5.8xlarge", "t3.small", "m5", "c6a.", "m6i.metal"] {
            let error = size(unknown, 100).expect_err("not in the table");
            let SizeError::UnknownInstanceType { known, .. } = &error else { panic!("{error}") };
            assert!(error.to_string().contains(unknown) && known.contains("c6a") && known.contains("t3"), "{error:?}");
        }
    }

    #[test]
    fn every_known_type_either_holds_two_pods_or_says_why() {
        for (family, _) in FAMILIES {
            for (size_name, ..) in SIZES {
                let name = format!("{family}.{size_name}");
                match size(&name, 100) {
                    Ok(Sizing { allocatable, requests, limits }) => {
                        assert!(2 * requests.millicores <= allocatable.millicores, "{name}");
                        assert!(2 * limits.memory_gib * 1024 <= allocatable.memory_mib, "{name}");
                        assert!(requests.millicores <= limits.millicores, "{name}");
                        assert!(requests.memory_gib <= limits.memory_gib, "{name}");
                        assert!(limits.millicores < allocatable.millicores, "{name}");
                    }
                    Err(SizeError::NodeTooSmall { .. }) => {
                        assert!(name.starts_with('c') && size_name == "large");
                    }
                    Err(other) => assert_eq!(name, "c5.8xlarge", "{other}"),
                }
            }
        }
    }
}
