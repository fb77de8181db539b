use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::super::FileStore;
use super::super::tests::run_entry as entry;
use super::*;

fn store(folder: &Path) -> FileStore {
    FileStore::new(folder, "lab", crate::model::resource::Catalog::default())
}

fn hours(history: &RunHistory) -> Vec<i64> {
    history.entries.iter().map(|entry| (entry.at.as_second() - 1_780_000_000) / 3600).collect()
}

fn read(bytes: &[u8]) -> RunHistory {
    parse("lab.runs.jsonl", bytes)
}

#[test]
fn every_truncation_leaves_whole_entries_and_the_next_run_adds_to_them() {
    let text: String = (0..2).map(|hour| line(&entry(hour))).collect();
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    for length in 0..=text.len() {
        let cut = &text.as_bytes()[..length];
        let whole = cut.split(|byte| *byte == b'\n').count() - 1;
        let history = read(cut);
        assert_eq!(hours(&history), (0..2).take(whole).collect::<Vec<_>>(), "cut at {length}");
        assert_eq!(history.problems, Vec::<String>::new());
        std::fs::write(store.runs_path(), cut).unwrap();
        store.add_run(&entry(9)).unwrap();
        // What lacks nothing but its end has it again, by what the next run begins with.
        let whole = if text.as_bytes().get(length) == Some(&b'\n') { whole + 1 } else { whole };
        let history = store.runs(None, 10).unwrap();
        assert_eq!(hours(&history), (0..2).take(whole).chain([9]).collect::<Vec<_>>(), "cut at {length}, added to");
        assert_eq!(history.problems, Vec::<String>::new());
    }
}

#[test]
fn damage_is_told_once_and_costs_no_other_entry() {
    let text: String = (0..3).map(|hour| line(&entry(hour))).collect();
    let second = text.find('\n').unwrap() + 1;
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    // Its length, its checksum, its JSON.
    for at in [second + 7, second + 12, second + 30] {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let history = read(&bytes);
        assert_eq!(hours(&history), [0, 2]);
        assert_eq!(history.problems, ["line 2 of lab.runs.jsonl is damaged and is passed over"]);
        std::fs::write(store.runs_path(), &bytes).unwrap();
        store.add_run(&entry(3)).unwrap();
        let history = store.runs(None, 10).unwrap();
        assert_eq!((hours(&history), history.problems.len()), (vec![0, 2, 3], 0));
    }
    let kept = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<String> = kept.collect();
    let damaged = |name: &&str| names.contains(&format!("lab.runs.jsonl.{name}"));
    assert_eq!(["damaged", "damaged-2", "damaged-3"].iter().filter(|name| damaged(name)).count(), 3, "{names:?}");
}

#[test]
fn what_a_newer_program_wrote_is_passed_over_and_kept() {
    let newer = RunEntry { format: 2, ..entry(1) };
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    for entry in [entry(0), newer, entry(2)] {
        store.add_run(&entry).unwrap();
    }
    let history = store.runs(None, 10).unwrap();
    assert_eq!(hours(&history), [0, 2]);
    assert!(history.problems[0].contains("has format 2"), "{history:?}");
    assert_eq!(std::fs::read(store.runs_path()).unwrap().split(|byte| *byte == b'\n').count(), 4);
    assert_eq!(std::fs::metadata(store.runs_path()).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_is_too_old_or_too_much_goes_once_enough_of_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    let write = |count: i64| {
        let text: String = (0..count).map(|hour| line(&entry(hour))).collect();
        std::fs::write(store.runs_path(), text).unwrap();
    };
    let after = |hour: i64| {
        store.add_run(&entry(hour)).unwrap();
        hours(&store.runs(None, usize::MAX).unwrap())
    };
    let year = 400 * 24;
    write(600);
    assert_eq!(after(600).len(), 601, "nothing is old yet");
    write(600);
    assert_eq!(after(year + 400).len(), 601, "so few old ones may wait");
    write(600);
    let left = after(year + 590);
    assert_eq!(left, [(590..600).collect(), vec![year + 590]].concat());
    write(10_500);
    let left = after(10_500);
    assert!(left.len() <= 10_000 && left[left.len() - 1] == 10_500 && left[0] >= 10_500 - year, "{}", left.len());
    // Of one hour, so that none is old.
    let many: String = (0..10_500).map(|_| line(&entry(1))).collect();
    std::fs::write(store.runs_path(), many).unwrap();
    let left = after(2);
    assert_eq!((left.len(), left.last()), (10_000, Some(&2)));
}

#[test]
fn many_at_once_all_leave_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_owned();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let path = path.clone();
            std::thread::spawn(move || {
                for n in 0..25 {
                    store(&path).add_run(&entry(writer * 100 + n)).unwrap();
                    if n == 10 {
                        // Damage, upon which somebody makes the file anew while the others add to it.
                        let file = std::fs::OpenOptions::new().append(true).open(store(&path).runs_path()).unwrap();
                        std::io::Write::write_all(&mut &file, b"damage\n").unwrap();
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    let found: BTreeSet<i64> = hours(&store(&path).runs(None, usize::MAX).unwrap()).into_iter().collect();
    assert_eq!(found, (0..8).flat_map(|writer| (0..25).map(move |n| writer * 100 + n)).collect());
}

#[test]
fn the_newest_of_a_kind_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path());
    assert_eq!(store.runs(None, 1).unwrap(), RunHistory::default());
    for hour in 0..4 {
        let kind = if hour == 3 { RunKind::Apply } else { RunKind::Drift };
        store.add_run(&RunEntry { kind, ..entry(hour) }).unwrap();
    }
    assert_eq!(hours(&store.runs(Some(RunKind::Drift), 1).unwrap()), [2]);
    assert_eq!(hours(&store.runs(None, 2).unwrap()), [2, 3]);
}
