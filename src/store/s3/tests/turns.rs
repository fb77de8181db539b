//! Two holders of one stack in every order of their calls in which they take turns a few times (`PPM_INFRA_TEST=all`: some
//! more times).

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

use super::super::super::Store;
use super::memory::{Memory, Watch};
use super::{begin, locked, now, state, who};
use crate::engine::state::{Book, JournalEntry, State};

/// What one holder saw and was promised.
#[derive(Clone, Debug, Default)]
struct Life {
    refused: bool,
    /// Whether it got as far as reading.
    read: bool,
    saw: Option<Book>,
    promised: Vec<JournalEntry>,
    written: bool,
}

/// An apply of one step: take the lease, load, an intent, the state as a whole, give the lease back.
async fn life(memory: Memory, name: &'static str, stopped: bool, told: Arc<Mutex<Life>>) {
    let mut store = memory.store();
    let watch = Arc::new(Watch { memory, stopped });
    let Ok(taken) = store.lock(&who(name), name.to_owned(), watch).await else {
        told.lock().unwrap().refused = true;
        return;
    };
    let Ok(book) = store.load().await else { return };
    {
        let mut told = told.lock().unwrap();
        (told.read, told.saw) = (true, book.clone());
    }
    let book = if let Some(book) = book {
        book
    } else {
        if store.write(&state(1)).await.is_err() {
            return;
        }
        Book::of(state(1))
    };
    let base = State { serial: book.state.serial, ..state(1) };
    let intent = begin(book.last + 1, name);
    if store.append(&base, std::slice::from_ref(&intent)).await.is_err() {
        return;
    }
    told.lock().unwrap().promised.push(intent);
    if store.write(&State { serial: base.serial + 1, ..base }).await.is_err() {
        return;
    }
    told.lock().unwrap().written = true;
    let _ = taken.lease.release().await;
}

/// Whose call comes when, and before which of all calls five lease times pass, if they do.
#[derive(Clone, Debug)]
struct Schedule {
    /// Whose turn it is, call by call; after that, as many as possible of one holder.
    turns: Vec<usize>,
    pause: Option<usize>,
    /// Whether the first holder has a clock that stands still: then only the chain of writes stops it.
    stopped: bool,
    /// Whether the stack has no state yet.
    fresh: bool,
}

struct Outcome {
    memory: Memory,
    first: Life,
    second: Life,
    /// Whose turn it was, and whether the other could have had it.
    turns: Vec<(usize, bool)>,
}

/// Plays two lives to their ends.
fn play(schedule: &Schedule) -> Outcome {
    let memory = Memory::default();
    if !schedule.fresh {
        let (mut store, held) = locked(&memory, "before");
        now(store.write(&state(1))).unwrap();
        now(held.release()).unwrap();
    }
    let (told_first, told_second) = (Arc::default(), Arc::default());
    let mut lives: [Option<Pin<Box<dyn Future<Output = ()>>>>; 2] = [
        Some(Box::pin(life(memory.clone(), "first", schedule.stopped, Arc::clone(&told_first)))),
        Some(Box::pin(life(memory.clone(), "second", false, Arc::clone(&told_second)))),
    ];
    let mut context = Context::from_waker(Waker::noop());
    // Up to the first call of each.
    for life in &mut lives {
        assert!(life.as_mut().unwrap().as_mut().poll(&mut context).is_pending());
    }
    let (mut turns, mut whose): (Vec<(usize, bool)>, usize) = (Vec::new(), 0);
    while lives.iter().any(Option::is_some) {
        if schedule.pause == Some(turns.len()) {
            memory.pass(300);
        }
        whose = schedule.turns.get(turns.len()).copied().unwrap_or(whose);
        if lives[whose].is_none() {
            whose = 1 - whose;
        }
        turns.push((whose, lives[1 - whose].is_some()));
        if lives[whose].as_mut().unwrap().as_mut().poll(&mut context).is_ready() {
            lives[whose] = None;
        }
    }
    let unwrap = |told: Arc<Mutex<Life>>| told.lock().unwrap().clone();
    Outcome { memory, first: unwrap(told_first), second: unwrap(told_second), turns }
}

/// The next schedule after one that was played, in an order in which all come in which turns change hands at most
/// `most` times.
fn next(played: &[(usize, bool)], most: usize) -> Option<Vec<usize>> {
    let changes = |turns: &[usize]| turns.windows(2).filter(|two| two[0] != two[1]).count();
    (0..played.len()).rev().find_map(|at| {
        let mut turns: Vec<usize> = played[..=at].iter().map(|(whose, _)| *whose).collect();
        let (whose, free) = played[at];
        let before = at.checked_sub(1).map_or(0, |before| turns[before]);
        // Each place has the one who goes on first, then the other.
        turns[at] = 1 - whose;
        (free && whose == before && changes(&turns) <= most).then_some(turns)
    })
}

/// Tries every schedule in which turns change hands at most `most` times; answers how many there are, and in how many
/// of them both held the lease, one after the other.
fn every(schedule: &Schedule, most: usize) -> (usize, usize) {
    let (mut played, mut both) = (0, 0);
    let mut schedule = schedule.clone();
    loop {
        let outcome = play(&schedule);
        assert!(outcome.turns.len() <= CALLS);
        sound(&schedule, &outcome);
        played += 1;
        both += usize::from(outcome.first.read && outcome.second.read);
        match next(&outcome.turns, most) {
            Some(turns) => schedule.turns = turns,
            None => return (played, both),
        }
    }
}

fn sound(schedule: &Schedule, outcome: &Outcome) {
    let epochs = outcome.memory.epochs();
    assert!(epochs.is_sorted(), "writes of two epochs interleave: {epochs:?} after {schedule:?}");
    // Nobody works on a stack that somebody works on and nobody was silent for long.
    let both = outcome.first.read && outcome.second.read;
    let one_after_the_other = outcome.first.written || outcome.second.written;
    assert!(!both || one_after_the_other || schedule.pause.is_some(), "{schedule:?}");
    // What one was promised is there: absorbed by its own write, or seen by the other, or in the bucket.
    let end = now(outcome.memory.store().load()).unwrap();
    for (own, other) in [(&outcome.first, &outcome.second), (&outcome.second, &outcome.first)] {
        let Some(JournalEntry::Begin { seq, intent }) = own.promised.first() else { continue };
        let holds = |book: &Option<Book>| {
            book.as_ref().is_some_and(|book| book.open.get(seq).is_some_and(|open| open.intent == *intent))
        };
        let seen = holds(&other.saw);
        assert!(own.written || seen || holds(&end), "an intent is lost after {schedule:?}: {own:?} {other:?}");
    }
}

/// No two lives make more calls together.
const CALLS: usize = 30;

/// Plays all; answers as [`every`].
fn every_pause(most: usize) -> (usize, usize) {
    let (mut played, mut both) = (0, 0);
    for (stopped, fresh) in [(true, false), (true, true), (false, false), (false, true)] {
        for pause in std::iter::once(None).chain((0..CALLS).map(Some)) {
            let (more, taken_over) = every(&Schedule { turns: Vec::new(), pause, stopped, fresh }, most);
            (played, both) = (played + more, both + taken_over);
        }
    }
    (played, both)
}

#[test]
fn state_writes_of_two_holders_never_interleave_in_any_order_of_their_calls() {
    let (played, both) = every_pause(if wants_all() { 4 } else { 1 });
    println!("{played} schedules, in {both} of them both held the lease");
    assert!(both > 400, "in {both} of {played} schedules both held the lease, one after the other");
}

/// Whether everything is asked for, however long it takes.
#[expect(clippy::disallowed_methods, reason = "what is tested is chosen outside")]
fn wants_all() -> bool {
    std::env::var("PPM_INFRA_TEST").is_ok_and(|which| which == "all")
}
