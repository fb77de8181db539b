//! The same against the strict emulator: at every call that writes and at every durable write of one undisturbed run, the
//! emulator and the state folder are copied as they are; each copy is what a process killed there would have left, and
//! is finished by another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use futures_core::future::BoxFuture;
use ppm_infra::engine::Request;
use ppm_infra::engine::state::{Book, JournalEntry, State};
use ppm_infra::resources::Aws;
use ppm_infra::store::{FileStore, Store, StoreError};
use serde_json::json;
use tempfile::TempDir;

use super::{Deed, destruction, edit, first_apply};
use crate::support::emulator::{Counts, Emulator, Fork};
use crate::support::lab::{Lived, process};
use crate::support::live::{fresh, runtime, session, store};
use crate::support::random::{chosen, wants_all};
use crate::support::reference::Declared;

/// Copies that are finished at the same time: there are two cores.
const AT_ONCE: usize = 2;

/// What a process killed at some point would have left.
struct Point {
    name: String,
    fork: Fork,
    folder: TempDir,
}

/// Takes a point whenever something has or is about to have an effect.
struct Camera {
    emulator: Arc<Emulator>,
    folder: PathBuf,
    /// Held while a picture is taken and while the folder changes, so that no picture is blurred.
    still: Mutex<()>,
    effects: AtomicUsize,
    taken: AtomicUsize,
    pictures: Mutex<Option<SyncSender<Point>>>,
}

impl Camera {
    fn shoot(&self, number: usize, name: &str, develop: impl FnOnce(&Path)) {
        if !chosen(number) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(&self.folder).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
        }
        develop(folder.path());
        let point = Point { name: format!("{name} (effect {number})"), fork: self.emulator.fork(), folder };
        self.taken.fetch_add(1, Ordering::SeqCst);
        let pictures = self.pictures.lock().unwrap().clone();
        pictures.unwrap().send(point).unwrap();
    }

    fn number(&self) -> usize {
        self.effects.fetch_add(1, Ordering::SeqCst)
    }

    /// Lets the calls that write through one by one, until `over`.
    fn watch_calls(&self, over: &AtomicBool) {
        let mut number = 0;
        while !over.load(Ordering::SeqCst) {
            let ticket = self.emulator.get("/strict/gate?wait=0.2");
            if ticket["ticket"] == 0 {
                continue;
            }
            if ticket["phase"] == "before" {
                number = self.number();
            }
            let name = |key: &str| ticket[key].as_str().unwrap().to_owned();
            {
                let _still = self.still.lock().unwrap();
                self.shoot(number, &format!("{} {}", name("phase"), name("operation")), |_| {});
            }
            self.emulator.post("/strict/gate/pass", &json!({"ticket": ticket["ticket"]}));
        }
    }
}

/// A store in a folder whose every write is watched.
struct Watched {
    store: FileStore,
    camera: Arc<Camera>,
}

fn journal(folder: &Path) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    paths.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "journal"))
}

impl Store for Watched {
    fn load(&mut self) -> BoxFuture<'_, Result<Option<Book>, StoreError>> {
        self.store.load()
    }

    fn append<'a>(&'a mut self, base: &'a State, entries: &'a [JournalEntry]) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let camera = self.camera.clone();
            let number = camera.number();
            let length = |folder: &Path| journal(folder).map_or(0, |path| fs::metadata(path).unwrap().len());
            let before = length(&camera.folder);
            tokio::task::block_in_place(|| {
                let _still = camera.still.lock().unwrap();
                camera.shoot(number, "before an entry of the journal", |_| {});
            });
            // Between the two pictures other calls may have been answered; none of it can be recorded yet.
            self.store.append(base, entries).await?;
            tokio::task::block_in_place(|| {
                let _still = camera.still.lock().unwrap();
                camera.shoot(number, "in the middle of an entry of the journal", |folder| {
                    let path = journal(folder).unwrap();
                    let after = fs::metadata(&path).unwrap().len();
                    let torn = before + (after - before) * (1 + number as u64 % 7) / 8;
                    fs::File::options().write(true).open(path).unwrap().set_len(torn).unwrap();
                });
            });
            Ok(())
        })
    }

    fn write<'a>(&'a mut self, state: &'a State) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let camera = self.camera.clone();
            let number = camera.number();
            let kept = journal(&camera.folder).map(|path| (path.clone(), fs::read(path).unwrap()));
            tokio::task::block_in_place(|| {
                let _still = camera.still.lock().unwrap();
                camera.shoot(number, "before the state is written", |_| {});
            });
            self.store.write(state).await?;
            tokio::task::block_in_place(|| {
                let _still = camera.still.lock().unwrap();
                camera.shoot(number, "before the journal is removed", |folder| {
                    if let Some((path, bytes)) = kept {
                        fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
                    }
                });
            });
            Ok(())
        })
    }
}

/// Goes on from a point, and looks whether all is as it should be then. What is wrong, or what there is.
fn finish(point: &Point, deed: &Deed) -> Result<Counts, String> {
    runtime().block_on(async {
        let session = session(Aws::new(point.fork.clients().await));
        let go = async || {
            process(&session, Box::new(store(point.folder.path())), fresh(), &deed.then, &deed.ask)
                .await
                .map_err(|error| format!("no plan: {error:?}"))
        };
        let Lived { report, .. } = go().await?;
        if !report.is_complete() {
            return Err(format!("not complete: {:?}", report.failed));
        }
        let Lived { plan, .. } = go().await?;
        if plan.has_changes() || !plan.drift.is_empty() {
            return Err(format!("not converged: {:?}, drift {:?}", crate::support::bench::brief(&plan), plan.drift));
        }
        Ok(point.fork.counts())
    })
}

fn work(pictures: &Mutex<Receiver<Point>>, deed: &Deed, found: &Mutex<Vec<(String, Result<Counts, String>)>>) {
    loop {
        let next = pictures.lock().unwrap().recv();
        let Ok(point) = next else { return };
        let result = finish(&point, deed);
        found.lock().unwrap().push((point.name.clone(), result));
    }
}

#[expect(clippy::print_stdout, reason = "how many points were tried is asked for when all of them are")]
fn survive_every_point(deed: &Deed) {
    let emulator = Arc::new(Emulator::start(0));
    let folder = tempfile::tempdir().unwrap();
    let runtime = runtime();
    let session = session(Aws::new(runtime.block_on(emulator.clients())));
    if let Some(before) = &deed.before {
        let stage = Declared(before.clone());
        let ask = Request::default();
        let lived = runtime.block_on(process(&session, Box::new(store(folder.path())), fresh(), &stage, &ask)).unwrap();
        assert!(lived.report.is_complete(), "{:?}", lived.report.failed);
    }
    let (pictures, developed) = sync_channel(AT_ONCE);
    let camera = Arc::new(Camera {
        emulator: emulator.clone(),
        folder: folder.path().to_owned(),
        still: Mutex::default(),
        effects: AtomicUsize::new(0),
        taken: AtomicUsize::new(0),
        pictures: Mutex::new(Some(pictures)),
    });
    let (developed, found, over) = (Mutex::new(developed), Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| work(&developed, deed, &found));
        }
        scope.spawn(|| camera.watch_calls(&over));
        emulator.post("/strict/gate", &json!({"on": true}));
        let watched = Watched { store: store(folder.path()), camera: camera.clone() };
        let lived = runtime.block_on(process(&session, Box::new(watched), fresh(), &deed.then, &deed.ask));
        over.store(true, Ordering::SeqCst);
        camera.pictures.lock().unwrap().take();
        let report = lived.unwrap().report;
        assert!(report.is_complete(), "{:?}", report.failed);
    });
    let whole = emulator.counts();
    let found = found.into_inner().unwrap();
    let wrong: Vec<String> = found
        .iter()
        .filter_map(|(name, result)| match result {
            Ok(counts) if *counts == whole => None,
            Ok(counts) => Some(format!("{name}: {counts:?} instead of {whole:?}")),
            Err(error) => Some(format!("{name}: {error}")),
        })
        .collect();
    println!("{} effects, {} points", camera.effects.load(Ordering::SeqCst), found.len());
    assert!(wrong.is_empty(), "{} of {} points:\n{}", wrong.len(), found.len(), wrong.join("\n"));
    assert!(!wants_all() || found.len() >= 2 * camera.effects.load(Ordering::SeqCst), "two points for each effect");
}

#[test]
fn a_first_apply_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&first_apply());
}

#[test]
fn a_destroy_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&destruction());
}

#[test]
fn an_edit_that_replaces_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&edit());
}
