//! `drift waive`: what somebody answers for is told apart and not counted, until its day is over.

use jiff::{ToSpan as _, tz::TimeZone};
use ppm_infra::run::Host;
use serde_json::{Value, json};

use super::{DECLARED, meddle, standing};
use crate::support::binary::{Desk, Said};

fn in_days(days: i64) -> String {
    let today = Host::system().now().to_zoned(TimeZone::UTC).date();
    today.checked_add(days.days()).unwrap().to_string()
}

fn report(desk: &Desk, code: i32) -> (Value, Said) {
    let said = desk.run(&["drift", "--json"]).exit(code);
    (said.json().pop().unwrap(), said)
}

fn drifted() -> Desk {
    let desk = standing(DECLARED);
    meddle(&desk, "database.main", |database| {
        database["backup_days"] = json!(3);
        database["tags"]["team"] = json!("data");
    });
    desk
}

fn gone(desk: &Desk, address: &str) {
    let mut world: Value = serde_json::from_str(&desk.read("world.json")).unwrap();
    world["objects"].as_object_mut().unwrap().retain(|_, object| object["mark"]["address"] != address);
    desk.write("world.json", &world.to_string());
}

#[test]
fn a_waiver_is_written_below_and_silences_its_field_alone() {
    let desk = drifted();
    let waive = ["drift", "waive", "database.main", "backup_days", "--for", "7d", "--reason", "a restore: \"big\""];
    desk.run(&waive).exit(0).says(&["until", "apply"]);
    let line = format!(
        "  - {{ address: database.main, field: backup_days, until: {}, owner: ann, reason: \"a restore: \\\"big\\\"\" }}\n",
        in_days(7)
    );
    let expected = DECLARED.replace("# The end.\n", &format!("\nwaivers:\n{line}# The end.\n"));
    assert_eq!(desk.read("plans/prod.yaml"), expected);
    let (told, said) = report(&desk, 2);
    assert_eq!(told["summary"]["changed"], json!(1), "the tag still counts: {said}");
    assert_eq!(told["findings"].as_array().unwrap().len(), 1, "{said}");
    let waived = &told["waived"][0];
    assert_eq!(
        (&waived["address"], &waived["field"], &waived["owner"]),
        (&json!("database.main"), &json!("backup_days"), &json!("ann"))
    );
    assert_eq!(
        (&waived["until"], waived["fields"][0]["path"].as_str()),
        (&json!(in_days(7)), Some("backup_days")),
        "{said}"
    );

    desk.run(&["drift", "waive", "database.main", "--for", "2w", "--reason", "all of it", "--owner", "Bob B"]).exit(0);
    let said = desk.run(&["drift"]).exit(0);
    said.says(&["In sync", "Waived", "Bob B: all of it", "backup_days"]);
    let (told, said) = report(&desk, 0);
    assert_eq!((&told["summary"]["in_sync"], told["waived"].as_array().unwrap().len()), (&json!(true), 2), "{said}");
    // A waiver silences the detector, and nothing else: what is declared is put back.
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["backup_days"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let said = desk.run(&["drift"]).exit(0);
    said.says(&["the waiver of database.main backup_days covers no drift", "delete it"]);
}

#[test]
fn an_expired_waiver_counts_again_and_says_so() {
    let desk = drifted();
    let waivers = |until: &str| {
        format!(
            "{DECLARED}waivers:\n  - address: database.main\n    until: {until} # soon\n    owner: ann\n    reason: known\n"
        )
    };
    desk.write("plans/prod.yaml", &waivers(&in_days(0)));
    desk.run(&["drift"]).exit(0);
    desk.write("plans/prod.yaml", &waivers(&in_days(-1)));
    let ended = format!("the waiver of database.main ended on {}", in_days(-1));
    desk.run(&["drift"]).exit(2).says(&[&ended, "ann: known", "backup_days"]);
    let (told, said) = report(&desk, 2);
    assert_eq!((&told["waived"], &told["waivers_unused"][0]["expired"]), (&json!([]), &json!(true)), "{said}");
    // Waived anew, the old one gives way.
    desk.run(&["drift", "waive", "database.main", "--for", "1d", "--reason", "still"]).exit(0);
    let text = desk.read("plans/prod.yaml");
    assert!(!text.contains("known") && text.contains("reason: still }"), "{text}");
    desk.run(&["drift"]).exit(0);
}

#[test]
fn what_is_gone_can_be_waived_and_what_cannot_be_is_refused() {
    let desk = standing(DECLARED);
    gone(&desk, "listener.http");
    desk.run(&["drift"]).exit(2);
    desk.run(&["drift", "waive", "listener.http", "--for", "3d", "--reason", "being moved"]).exit(0);
    desk.run(&["drift"]).exit(0).says(&["gone", "being moved"]);
    let before = desk.files();
    for (arguments, told) in [
        (&["listener.http", "--for", "7h", "--reason", "x"][..], "days or weeks"),
        (&["listener.http", "--for", "7d", "--reason", " "], "--reason"),
        (&["lizener.http", "--for", "7d", "--reason", "x"], "no kind lizener"),
    ] {
        desk.run(&[&["drift", "waive"], arguments].concat()).exit(64).says(&[told]);
    }
    desk.run(&["drift", "waive", "listener.http", "--for", "7d"]).exit(64).says(&["--reason"]);
    assert_eq!(desk.files(), before);
}

#[test]
fn what_is_waived_is_not_resolved_and_is_new_when_its_day_is_over() {
    let desk = drifted();
    gone(&desk, "listener.http");
    let waivers = |until: &str| {
        let waiver =
            |address: &str| format!("  - {{ address: {address}, until: {until}, owner: ann, reason: known }}\n");
        format!("{DECLARED}waivers:\n{}{}", waiver("database.main"), waiver("listener.http"))
    };
    desk.run(&["drift"]).exit(2);
    let history =
        |desk: &Desk| desk.run(&["drift", "history", "database.main", "--json"]).exit(0).json().pop().unwrap();
    let first = history(&desk)["found"][0]["first_seen"].clone();
    desk.write("plans/prod.yaml", &waivers(&in_days(0)));
    let said = desk.run(&["drift"]).exit(0);
    assert!(!said.stdout.contains("resolved"), "{}", said.stdout);
    said.says(&["3 waived since", "backup_days  waived"]);
    let (told, said) = report(&desk, 0);
    assert_eq!((&told["since"]["resolved"], &told["since"]["new"]), (&json!([]), &json!(0)), "{said}");
    assert!(!desk.run(&["drift"]).exit(0).stdout.contains("since 2"), "told once");
    let kept = history(&desk);
    let kept = &kept["found"][0];
    assert_eq!((&kept["waived"], &kept["is_there"], &kept["first_seen"]), (&json!(true), &json!(true), &first));
    desk.run(&["drift", "history", "database.main"]).exit(0).says(&["UTC, waived"]);
    let runs = desk.run(&["drift", "history"]).exit(0).stdout;
    assert_eq!(runs.matches("critical").count(), 1, "what is waived is not counted: {runs}");

    desk.write("plans/prod.yaml", &waivers(&in_days(-1)));
    let said = desk.run(&["drift", "--no-record"]).exit(2);
    said.says(&["3 new since", "new: not waived any more"]);
    let (told, said) = report(&desk, 2);
    let all = told["findings"].as_array().unwrap();
    let days = all.iter().find(|one| one["path"] == "backup_days").unwrap();
    assert_eq!((&days["is_new"], &days["first_seen"]), (&json!(true), &first), "{said}");
    let (told, said) = report(&desk, 2);
    assert_eq!(told["since"]["new"], json!(0), "{said}");
}
