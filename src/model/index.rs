//! From references to ids and from ids back to references.

use std::collections::BTreeMap;

use super::address::{Address, Kind};
use super::document::Document;
use super::reference::Ref;
use super::resource::Resource;

/// What is known of every object of the stack: computed documents by address, and addresses by id and by ARN.
#[derive(Clone, Debug, Default)]
pub struct IdIndex {
    computed: BTreeMap<Address, Document>,
    by_id: BTreeMap<String, BTreeMap<Kind, Address>>,
}

/// What the cloud knows an object by.
fn ids(computed: &Document) -> impl Iterator<Item = &str> {
    ["id", "arn"].into_iter().filter_map(|field| computed.text(field))
}

impl IdIndex {
    /// The index of these objects.
    pub fn of<'a>(objects: impl IntoIterator<Item = (&'a Address, &'a Document)>) -> Self {
        let computed: BTreeMap<Address, Document> =
            objects.into_iter().map(|(address, computed)| (address.clone(), computed.clone())).collect();
        let mut by_id: BTreeMap<String, BTreeMap<Kind, Address>> = BTreeMap::new();
        for (address, computed) in &computed {
            for id in ids(computed) {
                by_id.entry(id.to_owned()).or_default().insert(address.kind.clone(), address.clone());
            }
        }
        Self { computed, by_id }
    }

    /// Adds an object, or takes it in place of the one known by this address.
    pub fn insert(&mut self, address: &Address, computed: &Document) {
        self.remove(address);
        for id in ids(computed) {
            self.by_id.entry(id.to_owned()).or_default().insert(address.kind.clone(), address.clone());
        }
        self.computed.insert(address.clone(), computed.clone());
    }

    /// Forgets an object.
    pub fn remove(&mut self, address: &Address) {
        let Some(computed) = self.computed.remove(address) else { return };
        for id in ids(&computed) {
            let Some(kinds) = self.by_id.get_mut(id) else { continue };
            if kinds.get(&address.kind) == Some(address) {
                kinds.remove(&address.kind);
            }
            if kinds.is_empty() {
                self.by_id.remove(id);
            }
        }
    }

    /// What the cloud computed for `address`.
    pub fn computed(&self, address: &Address) -> Option<&Document> {
        self.computed.get(address)
    }

    /// The address of the object of `kind` that the cloud knows by `id`, which may be an id or an ARN.
    pub fn address(&self, kind: &Kind, id: &str) -> Option<&Address> {
        self.of_kind(kind.as_str(), id)
    }

    /// The address of the object the cloud knows by `id` or ARN, of whatever kind it is.
    pub fn named(&self, id: &str) -> Option<&Address> {
        self.by_id.get(id)?.values().next()
    }

    /// As [`IdIndex::address`], for a kind whose word alone is known.
    pub fn of_kind(&self, kind: &str, id: &str) -> Option<&Address> {
        self.by_id.get(id)?.iter().find(|(known, _)| known.as_str() == kind).map(|(_, address)| address)
    }

    /// A reference to the object the cloud knows by `id`: by name if it is ours, by id if not.
    pub fn refer<R: Resource>(&self, id: &str) -> Ref<R> {
        self.address(&R::KIND, id).and_then(Ref::to).unwrap_or_else(|| Ref::external(id))
    }

    /// All objects by address.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Document)> {
        self.computed.iter()
    }
}
