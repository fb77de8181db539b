//! A bucket in memory, and the clock of the world it is in.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use futures_core::future::BoxFuture;

use super::super::super::bucket::{BucketError, BucketErrorKind, BucketObject, Condition, Put, StateBucket};
use super::super::super::lease::Moment;
use super::super::{Clock, S3Store};
use crate::model::address::Kind;
use crate::model::resource::KindFacts;
use crate::model::send_guard::SendGuard;

/// What the bucket and every holder's calls share.
#[derive(Default)]
pub(super) struct World {
    pub(super) objects: BTreeMap<String, (Vec<u8>, u64, u64)>,
    pub(super) writes: Vec<(String, Vec<u8>)>,
    pub(super) now: u64,
    /// The next call that writes is performed, and its answer lost.
    pub(super) lose_answer: bool,
    /// The next calls that write meet another on its way, each after so many seconds.
    pub(super) conflicts: Vec<u64>,
    pub(super) calls: usize,
}

/// A bucket each of whose calls waits once before it is performed: one poll, one call.
#[derive(Clone, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<World>>);

/// Ready when asked the second time.
pub(super) fn turn() -> impl Future<Output = ()> {
    let mut asked = false;
    std::future::poll_fn(move |_| if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending })
}

impl StateBucket for Memory {
    fn url(&self) -> String {
        "s3://memory".to_owned()
    }

    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<BucketObject>, BucketError>> {
        Box::pin(async move {
            turn().await;
            let mut world = self.0.lock().unwrap();
            world.calls += 1;
            Ok(world.objects.get(key).map(|(body, tag, at)| BucketObject {
                body: body.clone(),
                tag: tag.to_string(),
                age: Some(Duration::from_secs(world.now - at)),
            }))
        })
    }

    fn put_if<'a>(
        &'a self,
        key: &'a str,
        body: &'a [u8],
        condition: &'a Condition,
        guard: &'a SendGuard,
    ) -> BoxFuture<'a, Result<Put, BucketError>> {
        Box::pin(async move {
            if !guard.allows() {
                return Err(BucketError { kind: BucketErrorKind::Unreachable, message: "not sent".to_owned() });
            }
            // What left may arrive much later.
            turn().await;
            let mut world = self.0.lock().unwrap();
            world.calls += 1;
            if let Some(seconds) = world.conflicts.pop() {
                world.now += seconds;
                return Ok(Put::Conflict);
            }
            let holds = match (condition, world.objects.get(key)) {
                (Condition::Absent, None) => true,
                (Condition::Is(tag), Some((_, there, _))) => *tag == there.to_string(),
                (Condition::Absent, Some(_)) | (Condition::Is(_), None) => false,
            };
            if !holds {
                return Ok(Put::Refused);
            }
            world.writes.push((key.to_owned(), body.to_vec()));
            let (tag, now) = (world.writes.len() as u64, world.now);
            world.objects.insert(key.to_owned(), (body.to_vec(), tag, now));
            if std::mem::take(&mut world.lose_answer) {
                return Err(BucketError { kind: BucketErrorKind::Unreachable, message: "lost".to_owned() });
            }
            Ok(Put::Done(tag.to_string()))
        })
    }

    fn list<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<Vec<String>, BucketError>> {
        let keys = self.0.lock().unwrap().objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        Box::pin(std::future::ready(Ok(keys)))
    }

    fn keeps_versions(&self) -> BoxFuture<'_, Result<bool, BucketError>> {
        Box::pin(std::future::ready(Ok(true)))
    }
}

impl Memory {
    pub(super) fn pass(&self, seconds: u64) {
        self.0.lock().unwrap().now += seconds;
    }

    pub(super) fn store(&self) -> S3Store {
        self.store_of("lab")
    }

    /// The store of a stack, which knows a kind that takes any document.
    pub(super) fn store_of(&self, stack: &str) -> S3Store {
        let anything = KindFacts::plain(&[]);
        S3Store::new(Arc::new(self.clone()), "team/ppm", stack, [(Kind::new("toy"), anything)].into())
    }

    pub(super) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    pub(super) fn written(&self) -> usize {
        self.0.lock().unwrap().writes.len()
    }

    /// The epochs under which the state was written, in order.
    pub(super) fn epochs(&self) -> Vec<u64> {
        let world = self.0.lock().unwrap();
        let states = world.writes.iter().filter(|(key, _)| key.ends_with(".state.json"));
        states
            .map(|(_, body)| serde_json::from_slice::<serde_json::Value>(body).unwrap()["epoch"].as_u64().unwrap())
            .collect()
    }
}

/// The clock of the world, or of a machine whose clock stands still while it is not looked at.
pub(super) struct Watch {
    pub(super) memory: Memory,
    pub(super) stopped: bool,
}

impl Clock for Watch {
    fn moment(&self) -> Moment {
        let now = if self.stopped { 0 } else { self.memory.0.lock().unwrap().now };
        Moment { steady: Duration::from_secs(now), wall: Duration::from_secs(now) }
    }

    fn told(&self) -> String {
        "now".to_owned()
    }
}
