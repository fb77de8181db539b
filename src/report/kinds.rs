//! How objects are shown by their kind: under which part of the architecture, in which order, and with which words.

use crate::model::address::{Address, Kind};
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::resource::Catalog;

use super::value;

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

/// The component of `kind`.
pub(super) fn component(catalog: &Catalog, kind: &Kind) -> Component {
    catalog.get(kind).map_or(Component::Other, |facts| facts.component)
}

/// Sorts addresses as they are shown: by component, then by kind in the order of the catalogue, then by name.
pub(super) fn order(catalog: &Catalog, address: &Address) -> (Component, usize, Address) {
    let (component, place) =
        catalog.get(&address.kind).map_or((Component::Other, usize::MAX), |facts| (facts.component, facts.place));
    (component, place, address.clone())
}

/// What tells most about an object of `kind`; empty if nothing does.
pub(super) fn telling(catalog: &Catalog, kind: &Kind, declared: &Document) -> String {
    catalog.get(kind).and_then(|facts| filled(facts.summary, declared)).unwrap_or_default()
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
    use serde_json::json;

    use super::*;
    use crate::resources::catalog;

    #[test]
    fn telling_needs_every_value() {
        let catalog = catalog();
        let subnet = |fields: serde_json::Value| telling(&catalog, &Kind::new("subnet"), &Document::of(&fields));
        assert_eq!(subnet(json!({"cidr": "10.0.0.0/19", "zone": "us-east-1a"})), "10.0.0.0/19 in us-east-1a");
        assert_eq!(subnet(json!({"cidr": "10.0.0.0/19"})), "");
        assert_eq!(telling(&catalog, &Kind::new("teapot"), &Document::default()), "");
    }
}
