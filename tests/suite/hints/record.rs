//! Commands that are named where the record is looked into, mended and lost.

use crate::support::fixture::desk;
use crate::support::hint::follow;

#[test]
fn an_address_that_is_nowhere() {
    let desk = desk("whole");
    let said = desk.run(&["state", "show", "vpc.other"]).exit(64);
    follow(&desk, &said, "shows the addresses there are", "ppm-infra state list").exit(0).says(&["vpc.main "]);
    let said = desk.run(&["plan", "--replace", "vpc.other"]).exit(64);
    follow(&desk, &said, "shows the addresses there are", "ppm-infra state list").exit(0).says(&["vpc.main "]);
}
