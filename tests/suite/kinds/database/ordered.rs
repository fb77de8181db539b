//! An order that RDS says it has carried out, and has not.

use ppm_infra::cloud::ErrorKind;
use ppm_infra::resources::database::Database;
use serde_json::json;

use super::{NAME, differs, happens, lab, sample};
use crate::support::lifecycle::Lab;

#[tokio::test]
async fn a_standby_that_was_ordered_and_is_not_there_is_no_success() {
    let mut lab = lab(0).await;
    let keeps = |lab: &Lab, value: bool| {
        happens(lab, &json!({"kind": "db_instance", "id": NAME, "action": "no_standby", "value": !value}));
    };
    keeps(&lab, false);
    let error = lab.try_make("main", &sample()).await.unwrap_err();
    assert!(error.says("ordered with a standby, and has none"), "{error}");
    keeps(&lab, true);
    let single = Database { multi_az: false, ..sample() };
    lab.try_make("main", &single).await.unwrap();
    keeps(&lab, false);
    let error = lab.try_change("main", &sample()).await.unwrap_err();
    assert!(error.kind == ErrorKind::Refused && error.says("ordered with a standby, and has none"), "{error}");
    assert_eq!(differs(&lab, "main", &single).await, [""; 0], "what is there is told");
    keeps(&lab, true);
    lab.change("main", &sample()).await;
}

#[tokio::test]
async fn a_change_that_ends_well_and_changes_nothing_is_no_success() {
    let mut lab = lab(0).await;
    let database = sample();
    lab.make("main", &database).await;
    let idle = |lab: &Lab, value: bool| {
        lab.emulator.post("/strict/settings", &json!({"extra": {"idle_changes": value}}));
    };
    for (field, changed) in [
        ("instance_class", Database { instance_class: "db.t3.large".to_owned(), ..database.clone() }),
        ("storage_gib", Database { storage_gib: 200, ..database.clone() }),
        ("backup_days", Database { backup_days: 14, ..database.clone() }),
        ("multi_az", Database { multi_az: false, ..database.clone() }),
    ] {
        idle(&lab, true);
        let error = lab.try_change("main", &changed).await.unwrap_err();
        let words = if field == "multi_az" { "a standby that nobody ordered" } else { field };
        assert!(error.says("not as it was ordered") && error.says(words), "{field}: {error}");
        idle(&lab, false);
        // How long storage is left alone after a change is not what is tested here.
        lab.emulator.post("/strict/settings", &json!({"advance": 100_000}));
        assert_eq!(differs(&lab, "main", &database).await, [""; 0], "{field}");
    }
}
