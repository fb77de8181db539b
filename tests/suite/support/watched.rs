//! A cloud that hears what is asked of the one behind it, and leaves out of its looks for a while what it was told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::cloud::{Cloud, CloudError, Context, Look, Marked};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::Known;
use ppm_infra::model::surroundings::{Questions, Surroundings};

/// The cloud.
pub(crate) struct WatchedCloud {
    cloud: Arc<dyn Cloud>,
    hidden: Mutex<BTreeMap<Address, usize>>,
    changed: Mutex<BTreeMap<Address, Known>>,
}

impl WatchedCloud {
    /// Before `cloud`, with nothing hidden.
    pub(crate) fn before(cloud: Arc<dyn Cloud>) -> Arc<Self> {
        Arc::new(Self { cloud, hidden: Mutex::default(), changed: Mutex::default() })
    }

    /// Leaves the object at `address` out of the next so many looks for it.
    pub(crate) fn hide(&self, address: &Address, looks: usize) {
        self.hidden.lock().unwrap().insert(address.clone(), looks);
    }

    /// As what the object at `address` was known to the last call that changed or removed it.
    pub(crate) fn known(&self, address: &Address) -> Known {
        self.changed.lock().unwrap()[address].clone()
    }
}

impl Cloud for WatchedCloud {
    fn survey<'a>(&'a self, ask: &'a Questions) -> BoxFuture<'a, Result<Surroundings, CloudError>> {
        self.cloud.survey(ask)
    }

    fn observe<'a>(&'a self, look: &'a Look<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move {
            let mut observed = self.cloud.observe(look).await;
            for (address, looks) in self.hidden.lock().unwrap().iter_mut().filter(|(_, looks)| **looks > 0) {
                if let Some(found) = observed.get_mut(address) {
                    *looks -= 1;
                    *found = Observation::Absent;
                }
            }
            observed
        })
    }

    fn census<'a>(
        &'a self,
        stack: &'a str,
        place: &'a Surroundings,
    ) -> BoxFuture<'a, Result<BTreeSet<Marked>, CloudError>> {
        self.cloud.census(stack, place)
    }

    fn find<'a>(
        &'a self,
        at: &'a Address,
        id: &'a str,
        like: &'a Document,
        look: &'a Look<'a>,
    ) -> BoxFuture<'a, Observation> {
        self.cloud.find(at, id, like, look)
    }

    fn create<'a>(
        &'a self,
        at: &'a Address,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        self.cloud.create(at, want, cx)
    }

    fn update<'a>(
        &'a self,
        at: &'a Address,
        from: &'a Known,
        want: &'a Document,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<Document, CloudError>> {
        self.changed.lock().unwrap().insert(at.clone(), from.clone());
        self.cloud.update(at, from, want, cx)
    }

    fn delete<'a>(
        &'a self,
        at: &'a Address,
        known: &'a Known,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        self.changed.lock().unwrap().insert(at.clone(), known.clone());
        self.cloud.delete(at, known, cx)
    }
}
