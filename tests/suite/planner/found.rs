//! Seeds with which the random tests found mistakes of this program, kept: each leads to the same stories again, for as
//! long as stories are told in the same way.

use super::refusals::{any_protected, plan_around_the_protected};
use super::{live_through_edits, live_through_failures};
use crate::support::random::repeat;
use crate::support::story::any_story;

/// What was wrong shows within so many stories.
const STORIES: u32 = 40;

#[test]
fn an_old_object_goes_before_what_it_really_points_at_and_not_what_took_the_place_of_that() {
    repeat(10_039, STORIES, || any_story(false), |runtime, story| live_through_failures(runtime, &story));
}

#[test]
fn fields_left_to_others_may_point_in_a_circle() {
    repeat(4, STORIES, || any_story(true), |runtime, story| live_through_edits(runtime, &story));
}

#[test]
fn the_reason_of_a_replacement_is_a_field_that_forces_it() {
    repeat(20_389, STORIES, any_protected, plan_around_the_protected);
}

#[test]
fn what_gives_way_to_an_old_object_goes_before_what_it_really_points_at() {
    let stories = 10 * STORIES;
    repeat(
        1_141_253_595_800_156_285,
        stories,
        || any_story(false),
        |runtime, story| live_through_failures(runtime, &story),
    );
}
