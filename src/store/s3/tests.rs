//! The state of a stack in a bucket in memory: what holders and others may do to it, step by step.

mod memory;
mod runs;
mod turns;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::super::lease::LeaseState;
use super::super::tests::{note, state, with};
use super::super::{LockInfo, Store, StoreError};
use super::{HeldLease, S3Store};
use crate::engine::state::{JournalEntry, State};
use memory::{Memory, Watch};

fn begin(seq: u64, by: &str) -> JournalEntry {
    let address: crate::model::address::Address = "vpc.main".parse().unwrap();
    let step = crate::engine::plan::StepKey { address: address.clone(), part: crate::engine::plan::StepPart::Create };
    let mark = crate::model::mark::Mark { stack: "lab".to_owned(), address, attempt: format!("{by}-{seq}") };
    let (declared, after) = (None, BTreeSet::default());
    JournalEntry::Begin {
        seq,
        intent: crate::engine::state::Intent { step, mark, declared, after, vanished: false, replaced: None },
    }
}

/// Runs a future whose calls are answered at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

fn who(name: &str) -> LockInfo {
    LockInfo { who: name.to_owned(), pid: 1, command: "ppm-infra apply".to_owned(), since: "now".to_owned() }
}

fn locked(memory: &Memory, name: &str) -> (S3Store, Arc<HeldLease>) {
    let mut store = memory.store();
    let watch = Arc::new(Watch { memory: memory.clone(), stopped: false });
    let taken = now(store.lock(&who(name), name.to_owned(), watch)).unwrap();
    (store, taken.lease)
}

#[test]
fn a_holder_that_slept_writes_nothing_whether_or_not_somebody_took_over() {
    for taken_over in [true, false] {
        let memory = Memory::default();
        let (mut store, held) = locked(&memory, "sleeper");
        now(store.write(&state(1))).unwrap();
        now(store.append(&state(1), &[begin(1, "sleeper")])).unwrap();
        memory.pass(5 * 60);
        if taken_over {
            let mut other = memory.store();
            let watch = Arc::new(Watch { memory: memory.clone(), stopped: false });
            let taken = now(other.lock(&who("other"), "other".to_owned(), watch)).unwrap();
            assert_eq!(taken.over.unwrap().holder.who, "sleeper");
            assert_eq!(now(other.load()).unwrap().unwrap().open.len(), 1, "the intent is found");
        }
        let (calls, written) = (memory.calls(), memory.written());
        assert_eq!(held.state(), LeaseState::Expired);
        let lost = |done: Result<(), StoreError>| assert!(matches!(done, Err(StoreError::Lost { .. })), "{done:?}");
        lost(now(store.append(&state(1), &[note(2)])));
        lost(now(store.write(&state(2))));
        lost(now(held.renew()));
        now(held.release()).unwrap();
        assert_eq!((memory.calls(), memory.written()), (calls, written), "not a single call");
    }
}

/// A machine may be stopped together with its clocks: then nothing but the bucket tells its holder that somebody else
/// has the stack.
#[test]
fn a_holder_whose_clock_stood_still_learns_from_its_next_call_that_it_was_taken_over() {
    type Call = fn(&mut S3Store, &HeldLease) -> Result<(), StoreError>;
    let calls: [(&str, Call); 4] = [
        ("load", |store, _| now(store.load()).map(|_| ())),
        ("append", |store, _| now(store.append(&state(1), &[note(1)]))),
        ("write", |store, _| now(store.write(&state(2)))),
        ("beat", |_, held| now(held.renew())),
    ];
    for (name, call) in calls {
        let memory = Memory::default();
        let mut store = memory.store();
        let watch = Arc::new(Watch { memory: memory.clone(), stopped: true });
        let held = now(store.lock(&who("sleeper"), "sleeper".to_owned(), watch)).unwrap().lease;
        now(store.write(&state(1))).unwrap();
        memory.pass(300);
        let (mut other, others) = locked(&memory, "other");
        assert_eq!(held.state(), LeaseState::Healthy, "by its clock");
        let told = call(&mut store, &held);
        let Err(StoreError::Lost { why }) = told else { panic!("{name}: {told:?}") };
        assert!(why.contains("taken over by other"), "{name}: {why}");
        assert_eq!(held.state(), LeaseState::Expired, "{name}");
        let written = memory.written();
        assert!(matches!(now(store.write(&state(2))), Err(StoreError::Lost { .. })), "{name}");
        now(held.release()).unwrap();
        assert_eq!(memory.written(), written, "{name}");
        // The other goes on undisturbed.
        now(others.renew()).unwrap();
        now(other.append(&state(1), &[begin(1, "other")])).unwrap();
        now(other.write(&state(2))).unwrap();
    }
}

#[test]
fn a_write_that_met_another_on_its_way_is_sent_again_as_long_as_the_lease_holds() {
    let memory = Memory::default();
    let (mut store, _held) = locked(&memory, "ann");
    memory.0.lock().unwrap().conflicts = vec![1, 1];
    now(store.write(&state(1))).unwrap();
    memory.0.lock().unwrap().conflicts = vec![1; 4];
    assert!(matches!(now(store.append(&state(1), &[note(1)])), Err(StoreError::Bucket { .. })), "not for ever");
    memory.0.lock().unwrap().conflicts = vec![60];
    let written = memory.written();
    assert!(matches!(now(store.append(&state(1), &[note(1)])), Err(StoreError::Lost { .. })));
    assert_eq!(memory.written(), written);
}

#[test]
fn a_state_that_cannot_be_right_is_not_written() {
    let memory = Memory::default();
    let (mut store, _held) = locked(&memory, "ann");
    now(store.write(&state(1))).unwrap();
    let wrong = now(store.write(&with("unknown.main", state(2))));
    assert!(matches!(wrong, Err(StoreError::Unsound { .. })), "{wrong:?}");
    assert_eq!(now(memory.store().load()).unwrap().unwrap().state, state(1));
}

#[test]
fn other_stacks_of_the_declaration_are_those_of_which_something_stands() {
    let memory = Memory::default();
    let from = |stack: &str, declaration: &str| State {
        stack: stack.to_owned(),
        declaration: declaration.to_owned(),
        ..state(1)
    };
    let states = [
        with("toy.main", from("lab", "a.yaml")),
        with("toy.main", from("old", "a.yaml")),
        with("toy.main", from("elsewhere", "b.yaml")),
        from("destroyed", "a.yaml"),
    ];
    for state in &states {
        let mut store = memory.store_of(&state.stack);
        let watch = Arc::new(Watch { memory: memory.clone(), stopped: false });
        let taken = now(store.lock(&who("ann"), "ann".to_owned(), watch)).unwrap();
        now(store.write(state)).unwrap();
        now(taken.lease.release()).unwrap();
    }
    assert_eq!(now(memory.store().others_from("a.yaml")).unwrap(), states[1..2]);
}

#[test]
fn a_lease_of_a_newer_program_is_left_alone() {
    let memory = Memory::default();
    let (_, held) = locked(&memory, "ann");
    now(held.release()).unwrap();
    let key = "team/ppm/lab.lease.json";
    let text = String::from_utf8(memory.0.lock().unwrap().objects[key].0.clone()).unwrap();
    let newer = text.replace("\"lease\": 1", "\"lease\": 2");
    assert_ne!(newer, text);
    memory.0.lock().unwrap().objects.get_mut(key).unwrap().0 = newer.into_bytes();
    let written = memory.written();
    let watch = Arc::new(Watch { memory: memory.clone(), stopped: false });
    let told = now(memory.store().lock(&who("ben"), "ben".to_owned(), watch));
    assert!(matches!(told, Err(StoreError::Newer { found: 2, known: 1, .. })), "{told:?}");
    assert!(matches!(now(memory.store().unlock(true)), Err(StoreError::Newer { .. })));
    assert_eq!(memory.written(), written);
}

#[test]
fn the_living_keep_others_out_and_the_silent_are_taken_over_in_time() {
    let memory = Memory::default();
    let (_, held) = locked(&memory, "ann");
    let try_lock = || {
        let watch = Arc::new(Watch { memory: memory.clone(), stopped: false });
        now(memory.store().lock(&who("ben"), "ben".to_owned(), watch)).map(|taken| taken.over.unwrap().holder.who)
    };
    for _ in 0..8 {
        memory.pass(15);
        now(held.renew()).unwrap();
    }
    memory.pass(59);
    let Err(StoreError::Leased { lease, silent }) = try_lock() else { panic!("ann is alive") };
    assert_eq!((lease.holder.who.as_str(), lease.beat, silent.as_secs()), ("ann", 9, 59));
    memory.pass(75 - 59);
    assert_eq!(try_lock().unwrap(), "ann");
}

#[test]
fn who_cannot_renew_starts_nothing_new_but_records_what_runs() {
    let memory = Memory::default();
    let (mut store, held) = locked(&memory, "ann");
    now(store.write(&state(1))).unwrap();
    now(store.append(&state(1), &[begin(1, "ann")])).unwrap();
    memory.pass(31);
    assert!(matches!(now(store.append(&state(1), &[begin(2, "ann")])), Err(StoreError::AtRisk { silent: 31, .. })));
    now(store.append(&state(1), &[note(2)])).unwrap();
    now(held.renew()).unwrap();
    now(store.append(&state(1), &[begin(3, "ann")])).unwrap();
    assert_eq!(now(memory.store().load()).unwrap().unwrap().last, 3);
}

#[test]
fn a_write_whose_answer_was_lost_is_ours_and_counts_as_never_made() {
    let memory = Memory::default();
    let (mut store, held) = locked(&memory, "ann");
    now(store.write(&state(1))).unwrap();
    let lose = || memory.0.lock().unwrap().lose_answer = true;
    lose();
    assert!(matches!(now(store.append(&state(1), &[note(1), note(2)])), Err(StoreError::Bucket { .. })));
    now(store.append(&state(1), &[begin(1, "ann")])).unwrap();
    assert_eq!(now(memory.store().load()).unwrap().unwrap().open.len(), 1);
    // Nor does it stand in the way when it was read in between.
    lose();
    assert!(matches!(now(store.append(&state(1), &[note(2), note(3)])), Err(StoreError::Bucket { .. })));
    assert_eq!(now(store.load()).unwrap().unwrap().last, 3);
    now(store.append(&state(1), &[begin(2, "ann")])).unwrap();
    let book = now(memory.store().load()).unwrap().unwrap();
    assert_eq!((book.open.len(), book.last), (2, 2));
    lose();
    assert!(now(held.renew()).is_err());
    now(held.renew()).unwrap();
    lose();
    assert!(now(held.release()).is_err());
}

#[test]
fn earlier_lockfiles_are_kept_and_the_journal_goes_with_the_write_that_absorbs_it() {
    let memory = Memory::default();
    let (mut store, held) = locked(&memory, "ann");
    for serial in 1..=3 {
        now(store.write(&state(serial))).unwrap();
        now(store.append(&state(serial), &[note(1)])).unwrap();
    }
    assert!(matches!(now(store.write(&state(3))), Err(StoreError::Conflict { found: 3, .. })));
    let other = |serial| State { lineage: "another".to_owned(), ..state(serial) };
    assert!(matches!(now(store.write(&other(4))), Err(StoreError::Conflict { found: 3, .. })));
    assert!(matches!(now(store.append(&state(2), &[note(2)])), Err(StoreError::Conflict { found: 3, .. })));
    assert!(matches!(now(store.append(&other(3), &[note(2)])), Err(StoreError::Conflict { found: 3, .. })));
    now(held.release()).unwrap();
    let mut reader = memory.store();
    assert_eq!(now(reader.history()).unwrap(), [1, 2]);
    assert_eq!(now(reader.earlier(2)).unwrap(), Some(state(2)));
    assert_eq!(now(reader.earlier(7)).unwrap(), None);
    let book = now(reader.load()).unwrap().unwrap();
    assert_eq!((book.state, book.last), (state(3), 1));
    assert!(
        matches!(now(reader.write(&state(4))), Err(StoreError::Lost { .. })),
        "reading needs no lease, writing does"
    );
}

#[test]
fn a_living_holder_is_sent_away_only_by_force() {
    let memory = Memory::default();
    let (mut store, held) = locked(&memory, "ann");
    now(store.write(&state(1))).unwrap();
    assert!(matches!(now(memory.store().unlock(false)), Err(StoreError::Leased { .. })));
    assert_eq!(now(memory.store().unlock(true)).unwrap().unwrap().holder.who, "ann");
    assert_eq!(now(memory.store().unlock(false)).unwrap(), None);
    assert!(matches!(now(held.renew()), Err(StoreError::Lost { .. })));
    let (_, next) = locked(&memory, "ben");
    assert_eq!(next.epoch(), 2);
    let (_, calls) = (now(store.write(&state(2))).unwrap_err(), memory.epochs());
    assert!(calls.is_sorted());
}

#[test]
fn a_state_that_cannot_be_read_is_refused_and_the_lease_given_back() {
    let memory = Memory::default();
    let (mut store, held) = locked(&memory, "ann");
    now(store.write(&state(1))).unwrap();
    now(store.append(&state(1), &[note(1)])).unwrap();
    now(held.release()).unwrap();
    let key = "team/ppm/lab.state.json";
    let whole = memory.0.lock().unwrap().objects[key].0.clone();
    let text = String::from_utf8(whole.clone()).unwrap();
    let put = |body: Vec<u8>| memory.0.lock().unwrap().objects.get_mut(key).unwrap().0 = body;
    for length in 0..whole.len() - 1 {
        put(whole[..length].to_vec());
        assert!(now(memory.store().load()).is_err(), "truncated to {length}");
    }
    put(text.replace("us-east-1", "us-west-2").into_bytes());
    assert!(matches!(now(memory.store().load()), Err(StoreError::Edited { .. })));
    put(text.replace("\"seq\\\":1", "\"seq\\\":2").into_bytes());
    assert!(matches!(now(memory.store().load()), Err(StoreError::Damaged { .. })));
    // The journal of another state: whole, but not what continues this one.
    let of = |state: &State| super::super::journal::line(&super::super::journal::JournalHeader::of(state));
    let header = |state: &State| serde_json::to_string(of(state).trim_end()).unwrap();
    assert!(text.contains(&header(&state(1))), "{text}");
    put(text.replace(&header(&state(1)), &header(&state(2))).into_bytes());
    assert!(matches!(now(memory.store().load()), Err(StoreError::Damaged { .. })));
    // A newer program's object, and a newer program's lockfile in it.
    let newer = text.replace("  \"format\": 1,\n  \"journal\"", "  \"format\": 2,\n  \"journal\"");
    assert_ne!(newer, text);
    put(newer.into_bytes());
    assert!(matches!(now(memory.store().load()), Err(StoreError::Newer { found: 2, .. })));
    put(text.replace("    \"format\": 1,", "    \"format\": 3,").into_bytes());
    assert!(matches!(now(memory.store().load()), Err(StoreError::Newer { found: 3, .. })));
    let watch = || Arc::new(Watch { memory: memory.clone(), stopped: false });
    assert!(now(memory.store().lock(&who("ben"), "ben".to_owned(), watch())).is_err());
    put(whole);
    now(memory.store().lock(&who("cas"), "cas".to_owned(), watch())).unwrap();
}
