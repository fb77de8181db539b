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
    by_id: BTreeMap<(Kind, String), Address>,
}

impl IdIndex {
    /// The index of these objects.
    pub fn of<'a>(objects: impl IntoIterator<Item = (&'a Address, &'a Document)>) -> Self {
        let mut index = Self::default();
        for (address, computed) in objects {
            index.insert(address, computed);
        }
        index
    }

    /// Adds an object, or takes it in place of the one known by this address.
    pub fn insert(&mut self, address: &Address, computed: &Document) {
        self.remove(address);
        for field in ["id", "arn"] {
            if let Some(id) = computed.text(field) {
                self.by_id.insert((address.kind.clone(), id.to_owned()), address.clone());
            }
        }
        self.computed.insert(address.clone(), computed.clone());
    }

    /// Forgets an object.
    pub fn remove(&mut self, address: &Address) {
        if self.computed.remove(address).is_some() {
            self.by_id.retain(|_, known| known != address);
        }
    }

    /// What the cloud computed for `address`.
    pub fn computed(&self, address: &Address) -> Option<&Document> {
        self.computed.get(address)
    }

    /// The address of the object of `kind` that the cloud knows by `id`, which may be an id or an ARN.
    pub fn address(&self, kind: &Kind, id: &str) -> Option<&Address> {
        self.by_id.get(&(kind.clone(), id.to_owned()))
    }

    /// The address of the object the cloud knows by `id` or ARN, of whatever kind it is.
    pub fn named(&self, id: &str) -> Option<&Address> {
        self.by_id.iter().find(|((_, known), _)| known == id).map(|(_, address)| address)
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
