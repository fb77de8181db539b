//! Questions at a terminal.

use crate::support::binary::Desk;

#[test]
fn what_was_typed_before_a_question_was_there_is_no_answer_to_it() {
    for (typed_ahead, answer, code) in [("no", "yes", 0), ("yes", "no", 1)] {
        let desk = Desk::simulated();
        desk.declare(&[]);
        let talk = [("", typed_ahead), ("Type `yes` to apply ppm-prod", answer)];
        desk.at_terminal("ppm-infra apply", &talk).exit(code);
        assert_eq!(desk.path("state/ppm-prod.lock.json").exists(), code == 0);
    }
}
