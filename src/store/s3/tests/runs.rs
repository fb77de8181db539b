//! The run history in a bucket.

use jiff::Timestamp;

use super::super::super::runs::{RunEntry, RunKind};
use super::super::super::tests::run_entry;
use super::memory::Memory;
use super::now as run;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + hours * 3600).unwrap()
}

fn hours(memory: &Memory, of: Option<RunKind>, wanted: usize, now: i64) -> Vec<i64> {
    let history = run(memory.store().runs(of, wanted, at(now))).unwrap();
    history.entries.iter().map(|entry| (entry.at.as_second() - 1_780_000_000) / 3600).collect()
}

fn add(memory: &Memory, entry: &RunEntry) {
    run(memory.store().add_run(entry)).unwrap();
}

#[test]
fn each_run_leaves_an_object_and_the_newest_are_found_whatever_month_it_is() {
    let memory = Memory::default();
    assert_eq!(hours(&memory, None, 5, 0), Vec::<i64>::new());
    // Every day for more than a year: months of all lengths, and what is too old.
    for day in 0..450 {
        add(&memory, &run_entry(day * 24));
        assert_eq!(hours(&memory, None, 1, day * 24), [day * 24], "day {day}");
        assert_eq!(hours(&memory, None, 2, day * 24 + 45 * 24).last(), Some(&(day * 24)), "{day}, after a while");
    }
    let last = 449 * 24;
    let all = hours(&memory, None, usize::MAX, last);
    assert_eq!((all.len(), all[0]), (401, last - 400 * 24), "older ones are not read");
    assert!(all.is_sorted());
    let keys: Vec<String> = memory.0.lock().unwrap().objects.keys().cloned().collect();
    assert!(keys.iter().all(|key| key.starts_with("team/ppm/lab.runs/20")), "{keys:?}");
}

#[test]
fn two_in_the_same_second_are_two() {
    let memory = Memory::default();
    let other = RunEntry { run: "0000beef".to_owned(), ..run_entry(1) };
    let (one, two) = (memory.store(), memory.store());
    let entry = run_entry(1);
    let both = async { tokio::join!(one.add_run(&entry), two.add_run(&other)) };
    let (one, two) = run(both);
    one.and(two).unwrap();
    assert_eq!(hours(&memory, None, 5, 2), [1, 1]);
    // A repetition of the same changes nothing.
    add(&memory, &run_entry(1));
    assert_eq!(hours(&memory, None, 5, 2), [1, 1]);
}

#[test]
fn one_that_is_damaged_or_newer_is_told_and_the_one_before_it_counts() {
    let memory = Memory::default();
    for hour in 0..3 {
        add(&memory, &run_entry(hour));
    }
    let key = memory.0.lock().unwrap().objects.keys().last().unwrap().clone();
    let whole = memory.0.lock().unwrap().objects[&key].0.clone();
    for length in 0..whole.len() {
        memory.0.lock().unwrap().objects.get_mut(&key).unwrap().0.truncate(whole.len() - 1 - length);
        let history = run(memory.store().runs(None, 1, at(3))).unwrap();
        assert_eq!(history.entries, [run_entry(1)]);
        assert!(history.problems.len() == 1 && history.problems[0].contains("is damaged"), "{history:?}");
    }
    memory.0.lock().unwrap().objects.remove(&key);
    add(&memory, &RunEntry { format: 2, ..run_entry(2) });
    let history = run(memory.store().runs(None, 1, at(3))).unwrap();
    assert_eq!(history.entries, [run_entry(1)]);
    assert!(history.problems[0].contains("has format 2"), "{history:?}");
}

#[test]
fn what_is_asked_for_is_found_among_others() {
    let memory = Memory::default();
    add(&memory, &run_entry(0));
    for hour in 1..20 {
        add(&memory, &RunEntry { kind: RunKind::Apply, ..run_entry(hour) });
    }
    let before = memory.calls();
    assert_eq!(hours(&memory, Some(RunKind::Drift), 1, 21), [0]);
    assert_eq!(memory.calls() - before, 1, "no other is read");
    assert_eq!(hours(&memory, None, 2, 21), [18, 19]);
}

#[test]
fn what_was_done_since_the_last_look_is_found_with_it() {
    let memory = Memory::default();
    let since = |now: i64| {
        let history = run(memory.store().runs_since(RunKind::Drift, at(now))).unwrap();
        history.entries.iter().map(|entry| (entry.at.as_second() - 1_780_000_000) / 3600).collect::<Vec<_>>()
    };
    assert_eq!(since(0), Vec::<i64>::new());
    let apply = |hour| RunEntry { kind: RunKind::Apply, ..run_entry(hour) };
    add(&memory, &apply(0));
    assert_eq!(since(1), [0], "nobody has looked yet");
    for entry in [run_entry(1), run_entry(2), apply(3), apply(4)] {
        add(&memory, &entry);
    }
    let before = memory.calls();
    assert_eq!(since(5), [2, 3, 4]);
    assert_eq!(memory.calls() - before, 3, "no older one is read");
    for hour in 5..40 {
        add(&memory, &apply(hour));
    }
    let told = since(41);
    assert_eq!((told[0], told.len()), (2, 21), "so many at most, and the last look whenever it was");
    assert!(told.is_sorted());
}
