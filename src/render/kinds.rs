//! How each kind is shown: which part of the architecture it belongs to, and what tells most about it in one line.

use crate::model::address::{Address, Kind};
use crate::model::document::Document;

use super::value;

/// A part of the architecture, in the order in which parts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Component {
    Network,
    Access,
    Data,
    Kubernetes,
    FrontDoor,
    Other,
}

impl Component {
    /// Its heading.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Network => "Network",
            Self::Access => "Access",
            Self::Data => "Data",
            Self::Kubernetes => "Kubernetes",
            Self::FrontDoor => "Front door",
            Self::Other => "Other",
        }
    }

    /// Its name in JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Access => "access",
            Self::Data => "data",
            Self::Kubernetes => "kubernetes",
            Self::FrontDoor => "front_door",
            Self::Other => "other",
        }
    }
}

/// The only table of kinds: in the order in which they are shown, each with its component and with what tells most
/// about an object of it. `{field}` stands for the value of that field; without one of them nothing is told.
const KINDS: &[(&str, Component, &str)] = &[
    ("vpc", Component::Network, "{cidr}"),
    ("internet_gateway", Component::Network, ""),
    ("subnet", Component::Network, "{cidr} in {zone}"),
    ("elastic_ip", Component::Network, ""),
    ("nat_gateway", Component::Network, "in {subnet}"),
    ("route_table", Component::Network, "{routes}"),
    ("vpc_endpoint", Component::Network, "{service}"),
    ("security_group", Component::Network, "{description}"),
    ("security_group_rule", Component::Network, "{description}"),
    ("iam_role", Component::Access, "{description}"),
    ("iam_policy", Component::Access, "{description}"),
    ("oidc_provider", Component::Access, "of {cluster}"),
    ("kms_key", Component::Access, "{alias}"),
    ("secret", Component::Data, "{description}"),
    ("bucket", Component::Data, "{name}"),
    ("db_subnet_group", Component::Data, "{name}"),
    ("db_parameter_group", Component::Data, "{family}"),
    ("database", Component::Data, "PostgreSQL {engine_version}, {instance_class}, {storage_gib} GiB"),
    ("cluster", Component::Kubernetes, "Kubernetes {version}"),
    ("access_entry", Component::Kubernetes, "for {principal}"),
    ("addon", Component::Kubernetes, "{version}"),
    ("node_group", Component::Kubernetes, "{count} of {instance_type}, {disk_gib} GiB each"),
    ("load_balancer", Component::FrontDoor, "{scheme}"),
    ("target_group", Component::FrontDoor, "{protocol} {port}, {target_type}"),
    ("listener", Component::FrontDoor, "{protocol} {port}"),
    ("target_attachment", Component::FrontDoor, "{node_group} in {target_group}"),
];

/// The words by which a value says which of several things it is: what stands under them changes as one value.
pub(super) const CHOICES: &[&str] = &[
    "arn",
    "blackhole",
    "cidr",
    "cluster",
    "creator",
    "forward",
    "group",
    "internet_gateway",
    "login",
    "nat_gateway",
    "other",
    "prefix_list",
    "random_hex",
    "redirect_to_https",
    "service",
    "service_account",
];

fn place(kind: &Kind) -> Option<usize> {
    KINDS.iter().position(|(word, ..)| *word == kind.as_str())
}

/// The component of `kind`.
pub(super) fn component(kind: &Kind) -> Component {
    place(kind).map_or(Component::Other, |place| KINDS[place].1)
}

/// Sorts addresses as they are shown: by component, then by kind in the order of the table, then by name.
pub(super) fn order(address: &Address) -> (Component, usize, Address) {
    (component(&address.kind), place(&address.kind).unwrap_or(KINDS.len()), address.clone())
}

/// What tells most about an object of `kind`; empty if nothing does.
pub(super) fn telling(kind: &Kind, declared: &Document) -> String {
    place(kind).and_then(|place| filled(KINDS[place].2, declared)).unwrap_or_default()
}

/// The template with every `{field}` replaced; nothing if one of them has no value.
fn filled(template: &str, declared: &Document) -> Option<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let (field, behind) = behind.split_once('}')?;
        let value = declared.get(field).filter(|value| !value::is_empty(value))?;
        text.push_str(before);
        text.push_str(&value::words(value));
        rest = behind;
    }
    Some(text + rest)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::resources::catalog;

    #[test]
    fn every_kind_is_shown_and_no_other() {
        let shown: BTreeSet<&str> = KINDS.iter().map(|(word, ..)| *word).collect();
        let catalog = catalog();
        assert_eq!(shown, catalog.keys().map(Kind::as_str).collect());
        assert_eq!(shown.len(), KINDS.len());
    }

    #[test]
    fn what_is_told_are_fields_of_the_kind() {
        for (kind, facts) in catalog() {
            let (_, _, template) = KINDS[place(&kind).unwrap()];
            for field in template.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()) {
                assert!(facts.fields.iter().any(|known| known.name == field), "{kind}: {field}");
            }
        }
    }

    #[test]
    fn telling_needs_every_value() {
        let subnet = |fields: serde_json::Value| telling(&Kind::new("subnet"), &Document::of(&fields));
        assert_eq!(subnet(json!({"cidr": "10.0.0.0/19", "zone": "us-east-1a"})), "10.0.0.0/19 in us-east-1a");
        assert_eq!(subnet(json!({"cidr": "10.0.0.0/19"})), "");
        assert_eq!(telling(&Kind::new("teapot"), &Document::default()), "");
    }
}
