//! What keeps a run from going on: another one, a folder that cannot be written, a full disk, credentials that end. It
//! stops cleanly, says what is true, and the next one goes on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::engine::Request;
use ppm_infra::engine::state::{Book, JournalEntry, State, StepOutcome};
use ppm_infra::model::document::Document;
use ppm_infra::resources;
use ppm_infra::store::{Store, StoreError};

use crate::support::binary::Desk;
use crate::support::cut::{Effect, Life};
use crate::support::lab::Lab;
use crate::support::random::{paused, sample};
use crate::support::reference::{Declared, reference};

#[test]
fn of_two_applies_at_once_one_works_and_the_other_names_it() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let mut first = desk.start(&["apply", "--auto-approve", "--time-scale", "1"]);
    first.hear("vpc.main");
    let holder = format!("(process {}), who runs `ppm-infra apply` since ", first.id());
    for arguments in [&["apply", "--auto-approve"][..], &["destroy", "--auto-approve"], &["state", "rm", "vpc.main"]] {
        let said = desk.run(arguments).exit(4).says(&["the stack is locked by ann@", &holder, "goes with its process"]);
        assert_eq!(said.stdout, "", "{said}");
    }
    desk.run(&["plan"]).exit(0);
    first.kill();
    desk.run(&["apply", "--auto-approve"]).exit(0);
}

fn full() -> StoreError {
    StoreError::Io { doing: "write", path: "ppm-prod.journal".into(), source: std::io::ErrorKind::StorageFull.into() }
}

/// A store on a disk with room for so many writes.
struct Full {
    store: Box<dyn Store>,
    room: Arc<AtomicUsize>,
}

impl Full {
    fn take(&self) -> Result<(), StoreError> {
        let took = self.room.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |room| room.checked_sub(1));
        took.map(drop).map_err(|_| full())
    }
}

impl Store for Full {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        self.store.load()
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.take()?;
            self.store.append(base, entries).await
        })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.take()?;
            self.store.write(state).await
        })
    }
}

#[test]
fn a_disk_that_is_full_at_any_write_stops_the_run_and_the_next_goes_on() {
    let declared = Declared(reference());
    let ask = Request::default();
    let writes = paused().block_on(async {
        let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
        let life = Life::whole();
        lab.live(&life, &declared, &ask).await.unwrap().unwrap();
        life.effects().iter().filter(|effect| **effect != Effect::Call).count()
    });
    assert!(writes > 20, "{writes}");
    for room in sample((0..writes).collect()) {
        paused().block_on(async {
            let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
            let full = |store| Box::new(Full { store, room: Arc::new(AtomicUsize::new(room)) }) as Box<dyn Store>;
            match lab.live_with(full, &declared, &ask).await {
                Ok(lived) => {
                    let told = lived.report.record_lost.clone().map_or_else(String::new, |lost| lost.why);
                    assert!(told.contains("ppm-prod.journal") && told.contains("no storage space"), "{room}: {told}");
                }
                // Not even the first write, or the record of what was found.
                Err(error) => assert!(room <= 1, "{room}: {error}"),
            }
            let made = lab.cloud.world().made;
            lab.finish(&declared, &ask).await;
            lab.assert_converged(&declared, &ask).await;
            assert_eq!(lab.cloud.world().made, 46, "after {room} writes {made} were made, none of them twice");
        });
    }
}

/// A store on a disk that refuses one write, and keeps what it was asked to add afterwards and what it refused.
struct Hiccup {
    store: Box<dyn Store>,
    left: AtomicUsize,
    refused: Arc<Mutex<Vec<JournalEntry>>>,
    added: Arc<Mutex<Vec<JournalEntry>>>,
}

impl Store for Hiccup {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        self.store.load()
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let over = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_err();
            if over && self.refused.lock().unwrap().is_empty() {
                self.refused.lock().unwrap().extend_from_slice(entries);
                return Err(full());
            }
            if over {
                self.added.lock().unwrap().extend_from_slice(entries);
            }
            self.store.append(base, entries).await
        })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        self.store.write(state)
    }
}

#[test]
fn after_one_record_that_is_lost_nothing_is_begun_and_what_it_said_is_told() {
    let (declared, ask) = (Declared(reference()), Request::default());
    let appends = paused().block_on(async {
        let (lab, life) = (Lab::with_values(&resources::catalog(), "ppm-prod"), Life::whole());
        lab.live(&life, &declared, &ask).await.unwrap().unwrap();
        life.effects().iter().filter(|effect| **effect == Effect::Append).count()
    });
    let mut told = 0;
    for left in 0..appends {
        paused().block_on(async {
            let lab = Lab::with_values(&resources::catalog(), "ppm-prod");
            let (refused, added) =
                (Arc::<Mutex<Vec<JournalEntry>>>::default(), Arc::<Mutex<Vec<JournalEntry>>>::default());
            let around = |store| {
                let (refused, added) = (refused.clone(), added.clone());
                Box::new(Hiccup { store, left: AtomicUsize::new(left), refused, added }) as Box<dyn Store>
            };
            let report = lab.live_with(around, &declared, &ask).await.unwrap().report;
            assert!(report.record_lost.is_some(), "{left}");
            let begun = |entry: &JournalEntry| matches!(entry, JournalEntry::Begin { .. });
            assert!(!added.lock().unwrap().iter().any(begun), "{left}: something was begun afterwards");
            let unrecorded: Vec<&Document> = report.unrecorded.iter().map(|(_, computed)| computed).collect();
            for entry in refused.lock().unwrap().iter() {
                if let JournalEntry::Made { computed, .. }
                | JournalEntry::End { outcome: StepOutcome::Standing(computed), .. } = entry
                {
                    assert!(unrecorded.contains(&computed), "{left}: nobody is told of {computed:?}");
                    told += 1;
                }
            }
            lab.finish(&declared, &ask).await;
            lab.assert_converged(&declared, &ask).await;
            assert_eq!(lab.cloud.world().made, 46, "{left}");
        });
    }
    assert!(told > 46, "{told}");
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_anything_is_made() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    // Not even root writes there.
    let said = desk.run(&["apply", "--auto-approve", "--state", "/proc/state"]).exit(78);
    said.says(&["/proc/state", "nothing was changed"]);
    assert!(!desk.path("world.json").exists(), "nothing was made");
    desk.write("file", "");
    desk.run(&["apply", "--auto-approve", "--state", "file/state"])
        .exit(78)
        .says(&["file/state", "nothing was changed"]);
    assert!(!desk.path("world.json").exists(), "nothing was made");
}

#[test]
fn values_that_cannot_be_written_are_all_that_is_missing() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.write("out", "a file where the folder should be");
    let said = desk.run(&["apply", "--auto-approve"]).exit(1);
    let said = said.says(&["out", "the stack stands and is recorded", "ppm-infra values plans/reference.yaml -o FILE"]);
    assert!(!said.stderr.contains("nothing was changed"), "{said}");
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    desk.run(&["values", "plans/reference.yaml", "-o", "values.yaml"]).exit(0);
}

#[cfg(feature = "aws")]
mod on_aws {
    use serde_json::{Value, json};

    use crate::support::deed::Deed;

    const JOURNAL: &str = "state/ppm-prod.journal";

    /// Stops in the middle, keeps what was done, and goes on.
    #[test]
    fn in_the_middle_it_stops_says_so_and_goes_on() {
        let deed = Deed::first_apply();
        let (desk, emulator) = deed.stage();

        // A disk that is full: no file may grow beyond some blocks.
        let said = desk.shell("trap '' XFSZ; ulimit -f 16; exec \"$PROGRAM\" apply --auto-approve").exit(78);
        let said = said.says(&["the record could not be written", JOURNAL, "not begun", "mend what kept the record"]);
        assert!(said.stderr.contains("File too large"), "{said}");
        assert!(desk.path(JOURNAL).exists(), "the journal is kept: {said}");
        let made = emulator.mutations();
        assert!(made > 3, "it had begun: {made}");

        // Credentials that end while it looks, and again after it had begun.
        emulator.post("/strict/log/clear", &Value::Null);
        desk.run(&["plan"]).exit(0);
        let looks = emulator.calls().len();
        let made = emulator.mutations();
        emulator.post("/strict/faults", &json!({"kind": "expired_token", "nth": 30, "count": 1_000_000}));
        desk.run(&["plan"]).exit(3).says(&["could not be read", "xpired", "the credentials ended", "aws sso login"]);
        emulator.post("/strict/faults/clear", &json!({}));
        emulator.post("/strict/faults", &json!({"kind": "expired_token", "nth": looks + 60, "count": 1_000_000}));
        let said = desk.run(&["apply", "--auto-approve"]).exit(69);
        let said = said.says(&["AWS answered", "xpired", "not begun", "hint: renew the credentials"]);
        let calls = emulator.mutations();
        assert!(calls > made, "it had gone on: {said}");
        let refused = emulator.get("/strict/faults")[0]["struck"].as_u64().unwrap();
        assert!(refused < 80, "nothing new is begun with credentials that are refused: {refused} calls");
        desk.run(&["plan"]).exit(69).says(&["aws sso login"]);
        emulator.post("/strict/faults/clear", &json!({}));

        // A clock that is off. The SDK corrects it where it can; where it cannot, it is told.
        let skewed = "The difference between the request time and the current time is too large.";
        let order = json!({"kind": "code", "code": "RequestTimeTooSkewed", "message": skewed, "status": 403});
        emulator.post("/strict/faults", &order);
        desk.run(&["plan"]).exit(69).says(&["RequestTimeTooSkewed", "the clock of this machine is off"]);
        emulator.post("/strict/faults/clear", &json!({}));

        deed.assert_finished_by_the_next(&desk, &emulator, "cut off twice");
        assert!(!desk.path(JOURNAL).exists(), "all of it is recorded");
    }
}
