//! One kind at a time against the emulator: make, look, change, look, remove, look.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ppm_infra::cloud::aws::{Provision, Silent};
use ppm_infra::cloud::health::Probe;
use ppm_infra::cloud::{Cloud, CloudError, Consent, Context, ObserveRequest, ObserveTarget, StepReport};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::index::IdIndex;
use ppm_infra::model::mark::{ADDRESS_TAG, Mark, STACK_TAG, Tags};
use ppm_infra::model::observation::Observation;
use ppm_infra::model::resource::{Known, Resource};
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::resources::Aws;
use ppm_infra::resources::kms_key::KmsKey;
use tokio::sync::mpsc;

use super::emulator::Emulator;

/// The stack in these tests.
pub(crate) const STACK: &str = "lab";

/// A laboratory: an emulator, and what was made in it so far.
pub(crate) struct Lab {
    /// The emulator.
    pub(crate) emulator: Emulator,
    /// The cloud as the runner sees it.
    pub(crate) cloud: Aws,
    /// The clients, to change things behind the tool's back.
    pub(crate) clients: ppm_infra::cloud::aws::Clients,
    /// What was made so far.
    pub(crate) ids: IdIndex,
    /// What deleting may take with it: everything, without a last word, unless a test says otherwise.
    pub(crate) consent: Consent,
    /// Ids of objects that await removal: a look without a record passes them over.
    pub(crate) old: BTreeSet<String>,
    records: BTreeMap<Address, Known>,
    /// What changes that failed asked for, by address.
    attempted: BTreeMap<Address, Vec<Document>>,
    surroundings: Arc<Surroundings>,
    attempts: u32,
    scale: f64,
}

impl Lab {
    /// A laboratory with an emulator that is `scale` times as fast as AWS; 0: everything is done at once.
    pub(crate) async fn new(scale: u32) -> Self {
        let emulator = Emulator::start(scale);
        let clients = emulator.clients().await;
        let cloud = Aws::new(clients.clone());
        let surroundings = Arc::new(cloud.survey(&Questions::default()).await.unwrap());
        let scale = if scale == 0 { 1000.0 } else { f64::from(scale) };
        Self {
            emulator,
            cloud,
            clients,
            ids: IdIndex::default(),
            consent: Consent {
                delete_data: ["database", "bucket", "key"].map(str::to_owned).into(),
                skip_final_snapshot: true,
            },
            old: BTreeSet::new(),
            records: BTreeMap::new(),
            attempted: BTreeMap::new(),
            surroundings,
            attempts: 0,
            scale,
        }
    }

    /// The tags every resource of the stack declares, and a name.
    pub(crate) fn tags(kind: &str, name: &str) -> Tags {
        Tags::from([
            ("Name".to_owned(), format!("{STACK}-{name}")),
            (STACK_TAG.to_owned(), STACK.to_owned()),
            (ADDRESS_TAG.to_owned(), format!("{kind}.{name}")),
        ])
    }

    /// The suffix of names that the next attempt will choose.
    pub(crate) fn next_suffix(&self) -> String {
        format!("{:06x}", self.attempts + 1)
    }

    fn context(&mut self, at: &Address) -> (Context, mpsc::UnboundedReceiver<StepReport>) {
        self.attempts += 1;
        let (reports, inbox) = mpsc::unbounded_channel();
        let mark =
            Mark { stack: STACK.to_owned(), address: at.clone(), attempt: format!("{:06x}{:026x}", self.attempts, 0) };
        let context = Context {
            ids: self.ids.clone(),
            mark,
            consent: Arc::new(self.consent.clone()),
            surroundings: self.surroundings.clone(),
            reports,
            abandon: tokio_util::sync::CancellationToken::new(),
            time_scale: self.scale,
        };
        (context, inbox)
    }

    /// Makes `resource` at `name`, which must report its id on the way; looks at it, and finds what was asked for.
    pub(crate) async fn make<R: Resource>(&mut self, name: &str, resource: &R) -> R::Computed {
        let computed = self.try_make(name, resource).await.unwrap();
        assert_eq!(
            self.look::<R>(name, Some(resource)).await.unwrap(),
            *resource,
            "what was made is what was asked for"
        );
        computed
    }

    /// Makes `resource` at `name`, or says why not. What had an id by then is recorded.
    pub(crate) async fn try_make<R: Resource>(&mut self, name: &str, resource: &R) -> Result<R::Computed, CloudError> {
        let at = Address::of(R::KIND, name);
        let (context, inbox) = self.context(&at);
        let made = serve(inbox);
        let declared = Document::of(resource);
        let created = self.cloud.create(&at, &declared, &context).await;
        drop(context);
        let told = made.await.unwrap();
        if let Ok(computed) = &created {
            let last = told.last().unwrap_or_else(|| panic!("{at} never told its id while it was made"));
            assert_eq!(last.text("id"), computed.text("id"), "{at} told the id it has");
        }
        // What has an id is recorded, finished or not.
        if let Some(computed) = created.as_ref().ok().or(told.last()).cloned() {
            self.ids.insert(&at, &computed);
            self.records.insert(at, Known { declared, computed });
        }
        let computed = created?;
        Ok(computed.read().unwrap())
    }

    /// Changes what stands at `name` into `resource`; looks at it, and finds what was asked for.
    pub(crate) async fn change<R: Resource>(&mut self, name: &str, resource: &R) {
        self.try_change(name, resource).await.unwrap();
        assert_eq!(
            self.look::<R>(name, Some(resource)).await.unwrap(),
            *resource,
            "what was changed is what was asked for"
        );
    }

    /// Changes what stands at `name` into `resource`, or says why not.
    pub(crate) async fn try_change<R: Resource>(&mut self, name: &str, resource: &R) -> Result<(), CloudError> {
        let at = Address::of(R::KIND, name);
        let declared = Document::of(resource);
        let found = self.observe(&at, Some(&declared), true).await;
        let Observation::Present { known: from, .. } = found else { panic!("{at} is not there: {found:?}") };
        self.try_change_from(&at, &from, declared).await
    }

    /// Changes what stands at `name` once more into what it was recorded to be, because something it points at became
    /// another object under the same address after the plan was made.
    pub(crate) async fn point_anew<R: Resource>(&mut self, name: &str) {
        let at = Address::of(R::KIND, name);
        let from = self.records[&at].clone();
        let declared = from.declared.clone();
        self.try_change_from(&at, &from, declared).await.unwrap();
    }

    /// Changes what stands at `at` as if it had been found to be `from`, or says why not.
    pub(crate) async fn try_change_from(
        &mut self,
        at: &Address,
        from: &Known,
        declared: Document,
    ) -> Result<(), CloudError> {
        let (context, inbox) = self.context(at);
        let served = serve(inbox);
        let changed = self.cloud.update(at, from, &declared, &context).await;
        drop(context);
        served.await.unwrap();
        if changed.is_err() {
            self.attempted.entry(at.clone()).or_default().push(declared.clone());
        }
        let computed = changed?;
        self.attempted.remove(at);
        self.ids.insert(at, &computed);
        self.records.insert(at.clone(), Known { declared, computed });
        Ok(())
    }

    /// Removes what stands at `name`, twice: the second time it is gone already. Looks, and finds nothing; nor does a
    /// probe of its health.
    pub(crate) async fn remove<R: Provision>(&mut self, name: &str)
    where
        Aws: Probe<R::Health>,
    {
        for _ in 0..2 {
            self.try_remove::<R>(name).await.unwrap();
        }
        let at = Address::of(R::KIND, name);
        let tells = TypeId::of::<R::Health>() != TypeId::of::<Silent<R>>();
        // A key that waits for its end is still there.
        if tells && R::KIND != KmsKey::KIND {
            assert!(self.health::<R>(&at).await.is_none(), "{at} is gone, and tells how well it serves");
        }
        assert_eq!(self.observe(&at, None, true).await, Observation::Absent, "{at} is gone");
        self.records.remove(&at);
        self.ids.remove(&at);
    }

    /// Removes what stands at `name`, or says why not. The record stays.
    pub(crate) async fn try_remove<R: Resource>(&mut self, name: &str) -> Result<(), CloudError> {
        let at = Address::of(R::KIND, name);
        let known = self.records[&at].clone();
        let (context, inbox) = self.context(&at);
        let served = serve(inbox);
        let removed = self.cloud.delete(&at, &known, &context).await;
        drop(context);
        served.await.unwrap();
        removed
    }

    /// What stands at `name` by its record; nothing if it is gone.
    pub(crate) async fn look<R: Resource>(&self, name: &str, declared: Option<&R>) -> Option<R> {
        let at = Address::of(R::KIND, name);
        match self.observe(&at, declared.map(Document::of).as_ref(), true).await {
            Observation::Present { known, .. } => Some(known.declared.read().unwrap()),
            Observation::Absent => None,
            found => panic!("{at}: {found:?}"),
        }
    }

    /// What is found at `at`, with the record or (`recorded` false) by name and marks alone.
    pub(crate) async fn observe(&self, at: &Address, declared: Option<&Document>, recorded: bool) -> Observation {
        self.seek(at, declared, recorded, false).await
    }

    /// The same for somebody who is about to remove everything.
    pub(crate) async fn observe_to_remove(&self, at: &Address, recorded: bool) -> Observation {
        self.seek(at, None, recorded, true).await
    }

    async fn seek(&self, at: &Address, declared: Option<&Document>, recorded: bool, removing: bool) -> Observation {
        let record = self.records.get(at);
        let target = ObserveTarget {
            declared: declared.cloned().or_else(|| record.map(|known| known.declared.clone())),
            recorded: record.filter(|_| recorded).cloned(),
            attempted: self.attempted.get(at).cloned().unwrap_or_default(),
            old: self.old.clone(),
        };
        let targets = BTreeMap::from([(at.clone(), target)]);
        let (ids, surroundings) = (&self.ids, &*self.surroundings);
        let request = ObserveRequest { stack: STACK, targets: &targets, ids, surroundings, removing };
        self.cloud.observe(&request).await.remove(at).unwrap()
    }

    /// The id of what is found at `name` by name and marks alone; nothing if nothing is.
    pub(crate) async fn found_by_marks<R: Resource>(&self, name: &str) -> Option<String> {
        match self.observe(&Address::of(R::KIND, name), None, false).await {
            Observation::Present { known, .. } => known.computed.text("id").map(str::to_owned),
            Observation::Absent => None,
            found => panic!("{name}: {found:?}"),
        }
    }

    /// Of two objects with the marks of `name` none is taken for it, and whoever looks is told both; of one that awaits
    /// removal and one that does not, the latter.
    pub(crate) async fn tells_twins_apart<R: Resource>(&mut self, name: &str, [one, two]: [&str; 2]) {
        let found = self.observe(&Address::of(R::KIND, name), None, false).await;
        let Observation::Unread { error } = found else { panic!("{name}: {found:?}") };
        assert!(error.says(one) && error.says(two) && error.says("remove"), "{error}");
        for (old, meant) in [(one, two), (two, one)] {
            self.old = BTreeSet::from([old.to_owned()]);
            assert_eq!(self.found_by_marks::<R>(name).await.as_deref(), Some(meant), "{old} awaits removal");
        }
        self.old = BTreeSet::from([one.to_owned(), two.to_owned()]);
        assert_eq!(self.found_by_marks::<R>(name).await, None, "nothing else is there");
        self.old.clear();
    }

    /// Whether what is found at `name` by the name and marks of `resource` alone is at rest.
    pub(crate) async fn is_settled<R: Resource>(&self, name: &str, resource: &R) -> bool {
        match self.observe(&Address::of(R::KIND, name), Some(&Document::of(resource)), false).await {
            Observation::Present { settled, .. } => settled,
            found => panic!("{name}: {found:?}"),
        }
    }

    /// Records what somebody about to remove everything finds at `name` by name and marks alone.
    pub(crate) async fn records_what_is_found<R: Resource>(&mut self, name: &str, resource: &R) {
        let at = Address::of(R::KIND, name);
        match self.seek(&at, Some(&Document::of(resource)), false, true).await {
            Observation::Present { known, .. } => {
                self.ids.insert(&at, &known.computed);
                self.records.insert(at, known);
            }
            found => panic!("{at}: {found:?}"),
        }
    }

    /// Finds, recorded or not, what is at `name` although it is of no use to anybody but who removes everything.
    pub(crate) async fn is_left_to_remove<R: Resource>(&self, name: &str) {
        let at = Address::of(R::KIND, name);
        for recorded in [true, false] {
            assert_eq!(self.observe(&at, None, recorded).await, Observation::Absent, "{at} is of no use");
            let found = self.observe_to_remove(&at, recorded).await;
            assert!(matches!(found, Observation::Present { .. }), "{at}, recorded {recorded}: {found:?}");
        }
    }

    /// Makes the clock of the emulator run `scale` times as fast as ours from now on.
    pub(crate) fn pace(&self, scale: u32) {
        self.emulator.post("/strict/settings", &serde_json::json!({ "scale": scale }));
    }

    /// What the kind tells of how well that serves which is recorded at `at`; nothing if it is not there.
    async fn health<R: Provision>(&self, at: &Address) -> Option<R::Health>
    where
        Aws: Probe<R::Health>,
    {
        let id = self.records[at].computed.text("id").unwrap();
        Probe::<R::Health>::probe(&self.cloud, id).await.unwrap()
    }

    /// Finds by name and marks alone what was made at `name`: as after the lockfile was lost. It tells how well it serves.
    pub(crate) async fn find_again<R: Provision>(&self, name: &str)
    where
        Aws: Probe<R::Health>,
    {
        let at = Address::of(R::KIND, name);
        assert!(self.health::<R>(&at).await.is_some(), "{at} does not tell how well it serves");
        let known = self.records[&at].clone();
        match self.observe(&at, None, false).await {
            Observation::Present { known: found, .. } => assert_eq!(found, known, "{at} is found again as it was"),
            found => panic!("{at} is not found again: {found:?}"),
        }
    }
}

/// Answers every report; keeps those that told an id.
#[expect(clippy::disallowed_methods, reason = "its handle is awaited by whoever asked")]
fn serve(mut inbox: mpsc::UnboundedReceiver<StepReport>) -> tokio::task::JoinHandle<Vec<Document>> {
    tokio::spawn(async move {
        let mut made = Vec::new();
        while let Some(report) = inbox.recv().await {
            if let StepReport::Made(computed, durable) = report {
                made.push(computed);
                let _ = durable.send(());
            }
        }
        made
    })
}
