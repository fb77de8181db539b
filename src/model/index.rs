//! From references to ids and from ids back to references.

use std::collections::BTreeMap;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

use super::address::{Address, Kind};
use super::document::Document;
use super::reference::Ref;
use super::resource::Resource;

/// What is known of every object of the stack: computed documents by address, and addresses by id and by ARN.
///
/// A copy costs nothing, and a change the same however many objects there are: every step of a run works with a copy of
/// its own. What was changed lies over what was known at first.
#[derive(Clone, Debug, Default)]
pub struct IdIndex {
    first: Arc<First>,
    /// What changed since; `None` where an object is gone.
    computed: RedBlackTreeMapSync<Address, Option<Document>>,
    by_id: RedBlackTreeMapSync<String, Vec<Address>>,
}

#[derive(Debug, Default)]
struct First {
    computed: BTreeMap<Address, Document>,
    /// By kind, where objects of several kinds have the same id.
    by_id: BTreeMap<String, Vec<Address>>,
}

/// What the cloud knows an object by.
fn ids(computed: &Document) -> impl Iterator<Item = &str> {
    ["id", "arn"].into_iter().filter_map(|field| computed.text(field))
}

/// Notes an object among those of one id, in place of another of its kind.
fn enter(known: &mut Vec<Address>, address: &Address) {
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
        let mut named: Vec<(&str, &Address)> =
            computed.iter().flat_map(|(address, computed)| ids(computed).map(move |id| (id, address))).collect();
        named.sort_unstable();
        let mut by_id: BTreeMap<String, Vec<Address>> = BTreeMap::new();
        for (id, address) in named {
            match by_id.get_mut(id) {
                Some(known) => enter(known, address),
                None => drop(by_id.insert(id.to_owned(), vec![address.clone()])),
            }
        }
        Self { first: Arc::new(First { computed, by_id }), ..Self::default() }
    }

    /// Adds an object, or takes it in place of the one known by this address.
    pub fn insert(&mut self, address: &Address, computed: &Document) {
        self.remove(address);
        for id in ids(computed) {
            let mut known = self.of_any_kind(id).to_vec();
            enter(&mut known, address);
            self.by_id.insert_mut(id.to_owned(), known);
        }
        self.computed.insert_mut(address.clone(), Some(computed.clone()));
    }

    /// Forgets an object.
    pub fn remove(&mut self, address: &Address) {
        let Some(computed) = self.computed(address).cloned() else { return };
        for id in ids(&computed) {
            let known = self.of_any_kind(id).iter().filter(|one| *one != address).cloned().collect();
            self.by_id.insert_mut(id.to_owned(), known);
        }
        self.computed.insert_mut(address.clone(), None);
    }

    /// What the cloud computed for `address`.
    pub fn computed(&self, address: &Address) -> Option<&Document> {
        match self.computed.get(address) {
            Some(changed) => changed.as_ref(),
            None => self.first.computed.get(address),
        }
    }

    /// The address of the object of `kind` that the cloud knows by `id`, which may be an id or an ARN.
    pub fn address(&self, kind: &Kind, id: &str) -> Option<&Address> {
        self.of_any_kind(id).iter().find(|address| address.kind == *kind)
    }

    /// The address of the object the cloud knows by `id` or ARN, of whatever kind it is.
    pub fn named(&self, id: &str) -> Option<&Address> {
        self.of_any_kind(id).first()
    }

    /// As [`IdIndex::address`], for a kind whose word alone is known.
    pub fn of_kind(&self, kind: &str, id: &str) -> Option<&Address> {
        self.of_any_kind(id).iter().find(|address| address.kind.as_str() == kind)
    }

    /// Everything the cloud knows by this id or ARN, by kind.
    fn of_any_kind(&self, id: &str) -> &[Address] {
        self.by_id.get(id).or_else(|| self.first.by_id.get(id)).map_or(&[], Vec::as_slice)
    }

    /// A reference to the object the cloud knows by `id`: by name if it is ours, by id if not.
    pub fn refer<R: Resource>(&self, id: &str) -> Ref<R> {
        self.address(&R::KIND, id).and_then(Ref::to).unwrap_or_else(|| Ref::external(id))
    }

    /// All objects, those that were changed last.
    pub fn iter(&self) -> impl Iterator<Item = (&Address, &Document)> {
        let first = self.first.computed.iter().filter(|(address, _)| !self.computed.contains_key(*address));
        first.chain(self.computed.iter().filter_map(|(address, changed)| Some((address, changed.as_ref()?))))
    }
}
