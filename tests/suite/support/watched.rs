//! A cloud that hears what is asked of the one behind it, and for a while shows something else in place
//! of what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::cloud::{Cloud, CloudError, Context, Marked, ObserveRequest};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::facts::{FactQuery, Facts};
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::Known;
use ppm_infra::model::surroundings::{Questions, Surroundings};

/// The cloud.
pub(crate) struct WatchedCloud {
    cloud: Arc<dyn Cloud>,
    instead: Mutex<BTreeMap<Address, Instead>>,
    changed: Mutex<BTreeMap<Address, Known>>,
}

/// What is shown in place of an object.
struct Instead {
    /// How often it was looked for.
    looked: usize,
    /// At which looks it is shown.
    at: Range<usize>,
    shown: Observation,
}

impl WatchedCloud {
    /// Before `cloud`, of which everything is shown.
    pub(crate) fn before(cloud: Arc<dyn Cloud>) -> Arc<Self> {
        Arc::new(Self { cloud, instead: Mutex::default(), changed: Mutex::default() })
    }

    /// Leaves the object at `address` out of the next so many looks for it.
    pub(crate) fn hide(&self, address: &Address, looks: usize) {
        self.show(address, 0..looks, Observation::Absent);
    }

    /// Shows this in place of the object at `address`, at these looks for it, counted from now.
    pub(crate) fn show(&self, address: &Address, looks: Range<usize>, instead: Observation) {
        self.instead.lock().unwrap().insert(address.clone(), Instead { looked: 0, at: looks, shown: instead });
    }

    /// How often the object at `address` was looked for since it was last hidden or shown as something else.
    pub(crate) fn looked(&self, address: &Address) -> usize {
        self.instead.lock().unwrap()[address].looked
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

    fn facts<'a>(&'a self, ask: &'a FactQuery, place: &'a Surroundings) -> BoxFuture<'a, Facts> {
        self.cloud.facts(ask, place)
    }

    fn observe<'a>(&'a self, request: &'a ObserveRequest<'a>) -> BoxFuture<'a, BTreeMap<Address, Observation>> {
        Box::pin(async move {
            let mut observed = self.cloud.observe(request).await;
            for (address, instead) in self.instead.lock().unwrap().iter_mut() {
                if let Some(found) = observed.get_mut(address) {
                    if instead.at.contains(&instead.looked) {
                        found.clone_from(&instead.shown);
                    }
                    instead.looked += 1;
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
        request: &'a ObserveRequest<'a>,
    ) -> BoxFuture<'a, Observation> {
        self.cloud.find(at, id, like, request)
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
