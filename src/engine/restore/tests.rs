//! What goes on when an older state takes the place of a newer one, and what cannot.

use serde_json::json;

use super::*;
use crate::engine::state::Deposed;
use crate::model::address::Kind;
use crate::model::document::Document;
use crate::model::resource::{Field, KindFacts, Known, OnChange};

const FIELDS: &[Field] = &[Field { name: "on", on_change: OnChange::Update }];

fn catalog() -> Catalog {
    [(Kind::new("thing"), KindFacts::plain(FIELDS))].into()
}

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

/// The record of an object that points at what stands at an address.
fn record(id: &str, on: Option<&str>) -> Recorded {
    let declared: Document = on.map(|on| ("on".to_owned(), json!({"$ref": on}))).into_iter().collect();
    let computed: Document = [("id".to_owned(), json!(id))].into_iter().collect();
    Recorded::found(Known { declared, computed })
}

fn state(records: &[(&str, Recorded)]) -> State {
    let mut state = State::empty("lab", "us-east-1", "line".to_owned(), "test");
    "111122223333".clone_into(&mut state.account);
    state.resources.extend(records.iter().map(|(address, record)| (at(address), record.clone())));
    state
}

fn old(mut state: State, address: &str, id: &str) -> State {
    let deposed = Deposed { key: id.to_owned(), recorded: record(id, None) };
    state.deposed.entry(at(address)).or_default().push(deposed);
    state
}

fn names(objects: &BTreeSet<ObjectAt>) -> Vec<String> {
    objects.iter().map(|(address, id)| format!("{address} {id}")).collect()
}

/// What goes on and what is lost when `given` takes the place of `now`; the state is sound.
fn outcome(given: State, now: &State) -> (State, Vec<String>, Vec<String>) {
    let Restored { state, carried, lost } = restored(given, now, &catalog());
    assert_eq!(check(&state, &catalog()), []);
    (state, names(&carried), names(&lost))
}

#[test]
fn what_the_older_state_does_not_know_goes_on() {
    let given = state(&[("thing.a", record("1", None))]);
    let above = record("2", Some("thing.a"));
    let now = old(state(&[("thing.a", record("1", None)), ("thing.b", above.clone())]), "thing.a", "0");
    let (state, carried, lost) = outcome(given, &now);
    assert_eq!((carried, lost.len()), (vec!["thing.a 0".to_owned(), "thing.b 2".to_owned()], 0));
    assert_eq!((&state.resources, &state.deposed), (&now.resources, &now.deposed));
    assert_eq!(state.resources[&at("thing.b")], above);
}

#[test]
fn an_object_whose_place_another_has_is_lost_and_nothing_else() {
    let given = state(&[("thing.a", record("1", None))]);
    let now = state(&[("thing.a", record("2", None)), ("thing.b", record("3", Some("thing.a")))]);
    let (state, carried, lost) = outcome(given, &now);
    assert_eq!((carried, lost), (vec!["thing.b 3".to_owned()], vec!["thing.a 2".to_owned()]));
    let pointed = &state.resources[&at("thing.b")].declared;
    let object = state_of_pointing_at("2");
    assert_eq!(pointed, &object, "it stands on the object and not on what is recorded there by now");
}

/// What a document that points at an object by its id looks like.
fn state_of_pointing_at(id: &str) -> Document {
    let mut state = state(&[("thing.a", record(id, None)), ("thing.b", record("9", Some("thing.a")))]);
    state.replace_record(&at("thing.a"), None);
    state.resources[&at("thing.b")].declared.clone()
}

#[test]
fn an_object_is_itself_under_another_name() {
    let given = state(&[("thing.old", record("1", None))]);
    let now = state(&[("thing.new", record("1", None)), ("thing.b", record("2", Some("thing.new")))]);
    let (state, carried, lost) = outcome(given, &now);
    assert_eq!((carried, lost.len()), (vec!["thing.b 2".to_owned()], 0));
    assert_eq!(state.resources.keys().cloned().collect::<Vec<_>>(), [at("thing.b"), at("thing.old")]);
    assert_eq!(state.resources[&at("thing.b")], record("2", Some("thing.old")));
}

#[test]
fn what_was_asked_for_since_of_the_same_object_is_remembered() {
    let later = Recorded { attempted: vec![record("1", Some("thing.c")).declared], ..record("1", Some("thing.b")) };
    let others = [("thing.b", record("2", None)), ("thing.c", record("3", None))];
    let given = state(&[("thing.a", record("1", None)), others[0].clone(), others[1].clone()]);
    let now = state(&[("thing.a", later.clone()), others[0].clone(), others[1].clone()]);
    let (state, carried, lost) = outcome(given.clone(), &now);
    assert_eq!((carried.len(), lost.len()), (0, 0));
    let record = &state.resources[&at("thing.a")];
    assert_eq!(record.declared, given.resources[&at("thing.a")].declared);
    assert_eq!(record.attempted, [later.declared, later.attempted[0].clone()]);
    assert_eq!(outcome(given.clone(), &given).0, given, "nothing was asked for since");
}

#[test]
fn of_another_account_or_region_nothing_goes_on() {
    let given = state(&[("thing.a", record("1", None))]);
    let now = state(&[("thing.a", record("1", Some("thing.b"))), ("thing.b", record("2", None))]);
    let lost = vec!["thing.b 2".to_owned()];
    let elsewhere = State { account: "444455556666".to_owned(), ..given.clone() };
    assert_eq!(outcome(elsewhere.clone(), &now), (elsewhere, vec![], lost.clone()));
    let elsewhere = State { region: "eu-west-1".to_owned(), ..given.clone() };
    assert_eq!(outcome(elsewhere.clone(), &now), (elsewhere, vec![], lost.clone()));
    let before_any = State { account: String::new(), ..given };
    assert_eq!(outcome(before_any, &now).1, lost, "nothing stood yet");
}

/// What is wrong with the state that is left stays there; the rest goes on.
#[test]
fn of_a_state_that_is_not_sound_the_sound_part_goes_on() {
    let given = state(&[("thing.a", record("1", None))]);
    let now = state(&[
        ("thing.a", record("1", None)),
        ("thing.b", record("2", Some("thing.gone"))),
        ("thing.c", record("3", Some("thing.a"))),
        ("thing.d", record("4", Some("thing.b"))),
        ("unheard_of.e", record("5", None)),
    ]);
    let (state, carried, lost) = outcome(given, &now);
    assert_eq!(carried, ["thing.c 3"]);
    assert_eq!(lost, ["thing.b 2", "thing.d 4", "unheard_of.e 5"]);
    assert_eq!(state.resources.len(), 2);
    let given = self::state(&[("thing.a", record("1", None))]);
    let now = self::state(&[("thing.a", record("1", Some("thing.gone")))]);
    assert_eq!(outcome(given.clone(), &now), (given, vec![], vec![]), "what it asked for points nowhere");
}
