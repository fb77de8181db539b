"""The Kubernetes and add-on versions that EKS offers here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, UTC
from functools import cache


def _day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class KubernetesVersion:
    """One minor version of Kubernetes and its support dates."""

    text: str
    patch: str
    platform: int
    released: str
    standard_until: str
    extended_until: str
    standard: bool

    @property
    def minor(self) -> int:
        """31 of "1.31"."""
        return int(self.text.split(".")[1])

    @property
    def ami_releases(self) -> tuple[str, ...]:
        """AMI releases for nodes of this version, oldest first."""
        return tuple(f"{self.patch}-{day}" for day in AMI_DAYS)

    def as_json(self) -> dict[str, object]:
        """The version as DescribeClusterVersions shows it."""
        support = "STANDARD" if self.standard else "EXTENDED"
        return {
            "clusterVersion": self.text,
            "clusterType": "eks",
            "defaultPlatformVersion": f"eks.{self.platform}",
            "defaultVersion": self.text == DEFAULT_VERSION,
            "releaseDate": _day(self.released),
            "endOfStandardSupportDate": _day(self.standard_until),
            "endOfExtendedSupportDate": _day(self.extended_until),
            "status": f"{support}_SUPPORT".lower().replace("_", "-"),
            "versionStatus": f"{support}_SUPPORT",
            "kubernetesPatchVersion": self.patch,
        }


AMI_DAYS = ("20261001", "20261103")
DEFAULT_VERSION = "1.36"

VERSIONS: dict[str, KubernetesVersion] = {
    each.text: each
    for each in (
        KubernetesVersion(
            "1.30", "1.30.14", 61, "2024-05-23", "2025-07-23", "2026-07-23", False
        ),
        KubernetesVersion(
            "1.31", "1.31.14", 52, "2024-09-26", "2025-11-26", "2026-11-26", False
        ),
        KubernetesVersion(
            "1.32", "1.32.13", 46, "2025-01-23", "2026-03-23", "2027-03-23", False
        ),
        KubernetesVersion(
            "1.33", "1.33.10", 38, "2025-05-29", "2026-07-29", "2027-07-29", False
        ),
        KubernetesVersion(
            "1.34", "1.34.6", 27, "2025-10-02", "2026-12-02", "2027-12-02", True
        ),
        KubernetesVersion(
            "1.35", "1.35.3", 12, "2026-01-27", "2027-03-27", "2028-03-27", True
        ),
        KubernetesVersion(
            "1.36", "1.36.2", 6, "2026-06-02", "2027-08-02", "2028-08-02", True
        ),
    )
}

AL2_LAST = 32  # Amazon Linux 2 AMIs end with Kubernetes 1.32


def minor(text: str) -> int:
    """The minor number of a version text; -1 for nonsense."""
    pieces = text.split(".")
    return int(pieces[1]) if len(pieces) == 2 and pieces[1].isdigit() else -1


def known(text: str) -> bool:
    """Whether EKS offers that version."""
    return text in VERSIONS


def of_minor(number: int) -> str:
    """ "1.31" of 31."""
    return f"1.{number}"


# --------------------------------------------------------------------------
# Add-ons


@dataclass(frozen=True)
class AddonRelease:
    """One version of an add-on, where it runs and where it is the default."""

    version: str
    clusters: tuple[str, ...]
    default_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class AddonKind:
    """One add-on of the catalogue."""

    name: str
    category: str
    releases: tuple[AddonRelease, ...]  # newest first
    keys: frozenset[str]  # top-level keys of its configuration
    needs_iam: bool = False
    needs_nodes: bool = False
    self_managed: bool = False
    namespace: str = "kube-system"
    extra: dict[str, str] = field(default_factory=dict)

    def release(self, version: str) -> AddonRelease | None:
        """The release of that version."""
        for each in self.releases:
            if each.version == version:
                return each
        return None

    def supports(self, version: str, cluster: str) -> bool:
        """Whether that version may run on a cluster of that version."""
        found = self.release(version)
        return found is not None and cluster in found.clusters

    def default(self, cluster: str) -> str | None:
        """The version taken when none is given."""
        for each in self.releases:
            if cluster in each.default_for:
                return each.version
        return None

    def as_json(self, cluster: str | None) -> dict[str, object]:
        """The add-on as DescribeAddonVersions shows it."""
        return {
            "addonName": self.name,
            "type": self.category,
            "publisher": "eks",
            "owner": "aws",
            "defaultNamespace": self.namespace,
            "addonVersions": [
                {
                    "addonVersion": each.version,
                    "architecture": ["amd64", "arm64"],
                    "computeTypes": ["ec2", "hybrid"],
                    "requiresConfiguration": False,
                    "requiresIamPermissions": self.needs_iam,
                    "compatibilities": [
                        {
                            "clusterVersion": version,
                            "platformVersions": ["*"],
                            "defaultVersion": version in each.default_for,
                        }
                        for version in each.clusters
                        if cluster in (None, version)
                    ],
                }
                for each in self.releases
                if cluster is None or cluster in each.clusters
            ],
        }


ALL = tuple(VERSIONS)
COMMON_KEYS = (
    "affinity",
    "nodeSelector",
    "podAnnotations",
    "podLabels",
    "resources",
    "tolerations",
)


def _kube_proxy() -> tuple[AddonRelease, ...]:
    """kube-proxy follows Kubernetes and may lag behind the cluster."""
    releases = []
    for text in reversed(ALL):
        number = minor(text)
        later = tuple(each for each in ALL if 0 <= minor(each) - number <= 3)
        patch = int(VERSIONS[text].patch.rsplit(".", 1)[1])
        builds = (
            (f"v{text}.{patch}-eksbuild.2", ()),
            (f"v{text}.{patch - 1}-eksbuild.1", (text,)),
            (f"v{text}.{max(patch - 3, 0)}-eksbuild.1", ()),
        )
        releases += [AddonRelease(name, later, default) for name, default in builds]
    return tuple(releases)


@cache
def addons() -> dict[str, AddonKind]:
    """Every add-on by name."""
    from_32 = ALL[2:]
    to_33 = ALL[:4]
    kinds = (
        AddonKind(
            "vpc-cni",
            "networking",
            (
                AddonRelease("v1.21.2-eksbuild.1", ALL),
                AddonRelease("v1.21.1-eksbuild.1", ALL, from_32),
                AddonRelease("v1.20.5-eksbuild.1", ALL, ALL[:2]),
                AddonRelease("v1.20.1-eksbuild.3", ALL),
                AddonRelease("v1.19.6-eksbuild.7", to_33),
                AddonRelease("v1.19.2-eksbuild.1", to_33),
            ),
            frozenset(
                {
                    *COMMON_KEYS,
                    "env",
                    "init",
                    "enableNetworkPolicy",
                    "enableWindowsIpam",
                    "eniConfig",
                    "livenessProbeTimeoutSeconds",
                    "readinessProbeTimeoutSeconds",
                    "nodeAgent",
                    "originalMatchLabels",
                    "updateStrategy",
                }
            ),
            needs_iam=True,
            self_managed=True,
        ),
        AddonKind(
            "kube-proxy",
            "networking",
            _kube_proxy(),
            frozenset({*COMMON_KEYS, "ipvs", "mode"}),
            self_managed=True,
        ),
        AddonKind(
            "coredns",
            "networking",
            (
                AddonRelease("v1.13.2-eksbuild.1", ALL[3:]),
                AddonRelease("v1.12.4-eksbuild.1", ALL, ALL[4:]),
                AddonRelease("v1.12.1-eksbuild.2", ALL, ALL[3:4]),
                AddonRelease("v1.11.4-eksbuild.24", ALL, ALL[:3]),
                AddonRelease("v1.11.4-eksbuild.2", to_33),
                AddonRelease("v1.11.3-eksbuild.1", to_33),
            ),
            frozenset(
                {
                    *COMMON_KEYS,
                    "replicaCount",
                    "corefile",
                    "autoScaling",
                    "computeType",
                    "podDisruptionBudget",
                    "topologySpreadConstraints",
                }
            ),
            needs_nodes=True,
            self_managed=True,
        ),
        AddonKind(
            "eks-pod-identity-agent",
            "security",
            (
                AddonRelease("v1.3.10-eksbuild.2", ALL, ALL),
                AddonRelease("v1.3.8-eksbuild.2", ALL),
            ),
            frozenset({*COMMON_KEYS, "agent"}),
        ),
        AddonKind(
            "aws-ebs-csi-driver",
            "storage",
            (
                AddonRelease("v1.54.0-eksbuild.1", ALL, ALL),
                AddonRelease("v1.48.0-eksbuild.2", ALL),
            ),
            frozenset(
                {*COMMON_KEYS, "controller", "node", "sidecars", "defaultStorageClass"}
            ),
            needs_iam=True,
            needs_nodes=True,
        ),
    )
    return {kind.name: kind for kind in kinds}


# --------------------------------------------------------------------------
# Access policies

ACCESS_POLICIES = tuple(
    f"AmazonEKS{name}Policy"
    for name in (
        "ClusterAdmin",
        "Admin",
        "AdminView",
        "Edit",
        "View",
        "SecretReader",
        "AutoNode",
        "ClusterInsights",
    )
)


def access_policy_arn(name: str, partition: str = "aws") -> str:
    """The ARN of an access policy by its name."""
    return f"arn:{partition}:eks::aws:cluster-access-policy/{name}"
