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
    /// By kind, where objects of several kinds have the same id.
    by_id: BTreeMap<String, Vec<Address>>,
}

/// What the cloud knows an object by.
fn ids(computed: &Document) -> impl Iterator<Item = &str> {
    ["id", "arn"].into_iter().filter_map(|field| computed.text(field))
}

/// Notes that the cloud knows an object by this id, in place of another of its kind.
fn enter(by_id: &mut BTreeMap<String, Vec<Address>>, id: &str, address: &Address) {
    let Some(known) = by_id.get_mut(id) else {
        by_id.insert(id.to_owned(), vec![address.clone()]);
        return;
    };
    match known.binary_search_by(|one| one.kind.cmp(&address.kind)) {
        Ok(at) => known[at] = address.clone(),
        Err(at) => known.insert(at, address.clone()),
    }
}

impl IdIndex {
    /// The index of these objects.
    pub fn of<'a>(objects: impl IntoIterator<Item = (&'a Address, &'a Document)>) -> Self {
        let computed: BTreeMap<Address, Document> =
            objects.into_iter().map(|(address, computed)| (address.clone(), computed.clone())).collect();
        let mut index = Self { computed, by_id: BTreeMap::new() };
        let mut named: Vec<(&str, &Address)> =
            index.computed.iter().flat_map(|(address, computed)| ids(computed).map(move |id| (id, address))).collect();
        named.sort_unstable();
        for (id, address) in named {
            enter(&mut index.by_id, id, address);
        }
        index
    }

    /// Adds an object, or takes it in place of the one known by this address.
    pub fn insert(&mut self, address: &Address, computed: &Document) {
        self.remove(address);
        for id in ids(computed) {
            enter(&mut self.by_id, id, address);
        }
        self.computed.insert(address.clone(), computed.clone());
    }

    /// Forgets an object.
    pub fn remove(&mut self, address: &Address) {
        let Some(computed) = self.computed.remove(address) else { return };
        for id in ids(&computed) {
            let Some(known) = self.by_id.get_mut(id) else { continue };
            known.retain(|one| one != address);
            if known.is_empty() {
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
        self.of_any_kind(id).find(|address| address.kind == *kind)
    }

    /// The address of the object the cloud knows by `id` or ARN, of whatever kind it is.
    pub fn named(&self, id: &str) -> Option<&Address> {
        self.of_any_kind(id).next()
    }

    /// As [`IdIndex::address`], for a kind whose word alone is known.
    pub fn of_kind(&self, kind: &str, id: &str) -> Option<&Address> {
        self.of_any_kind(id).find(|address| address.kind.as_str() == kind)
    }

    /// Everything the cloud knows by this id or ARN, by kind.
    fn of_any_kind(&self, id: &str) -> impl Iterator<Item = &Address> {
        self.by_id.get(id).into_iter().flatten()
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
