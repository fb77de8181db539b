//! For which chart and image the values were written last: a change of either must stop every pod first.
//!
//! Promises: what is remembered stands among the published values, so that the format of the lockfile is what it was
//! and a lockfile that knows nothing of it still reads. It changes with [`remember`] alone, after values were written
//! by an apply; asking for values changes nothing. Values asked for later are those the apply wrote, byte for byte.
//!
//! Leaves to others writing the values, and whether anybody installed them: nobody here talks to Kubernetes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::engine::state::State;
use crate::stack::Stack;

/// What the values were last written for: chart, and image if it is not the chart's own.
const WRITTEN_FOR: &str = "values_for";
/// What that took the place of, if it was another: then the values said `Recreate`.
const IN_PLACE_OF: &str = "values_in_place_of";

/// What the declared values are for: chart, and image if it is not the chart's own.
pub fn values_are_for(stack: &Stack) -> String {
    let chart = stack.chart();
    match &chart.image {
        None => format!("rstudio-pm {}", chart.version),
        Some(image) => format!("rstudio-pm {} with {}:{}", chart.version, image.repository, image.tag),
    }
}

fn text<'a>(state: &'a State, key: &str) -> Option<&'a str> {
    state.outputs.get(key).and_then(Value::as_str)
}

/// What the values written last are for, as far as that is remembered.
pub(super) fn written_for(state: &State) -> Option<&str> {
    text(state, WRITTEN_FOR)
}

/// What is remembered, to be published again.
pub(super) fn remembered(state: &State) -> BTreeMap<String, Value> {
    let known = state.outputs.iter().filter(|(key, _)| [WRITTEN_FOR, IN_PLACE_OF].contains(&key.as_str()));
    known.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether the values must say `Recreate`: they are for another chart or image than those written last, or those
/// written last were such. A stack of which nothing is remembered has nothing installed that is known here.
pub(super) fn is_version_change(stack: &Stack, state: &State) -> bool {
    text(state, WRITTEN_FOR).is_some_and(|last| last != values_are_for(stack) || text(state, IN_PLACE_OF).is_some())
}

/// The state as it is once an apply has written values for `stack`.
#[must_use]
pub fn remember(stack: &Stack, state: &State) -> State {
    let mut after = state.clone();
    let wanted = values_are_for(stack);
    after.outputs.remove(IN_PLACE_OF);
    if let Some(last) = text(state, WRITTEN_FOR).filter(|last| *last != wanted) {
        after.outputs.insert(IN_PLACE_OF.to_owned(), json!(last));
    }
    after.outputs.insert(WRITTEN_FOR.to_owned(), json!(wanted));
    after
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(chart: &str, more: &str) -> Stack {
        let text =
            format!("stack: ppm-prod\nregion: us-east-1\npackage_manager: {{chart_version: \"{chart}\"{more}}}\n");
        Stack::parse("ppm.yaml", &text).expect("a good declaration")
    }

    fn fresh() -> State {
        State::empty("ppm-prod", "us-east-1", "lineage".to_owned(), "0")
    }

    #[test]
    fn a_first_apply_and_one_without_a_change_roll() {
        let stack = declared("0.5.43", "");
        assert!(!is_version_change(&stack, &fresh()));
        let first = remember(&stack, &fresh());
        assert!(!is_version_change(&stack, &first));
        assert_eq!(remember(&stack, &first), first);
    }

    #[test]
    fn another_chart_or_image_recreates_until_the_apply_after() {
        let image = ", image: {repository: mirror/ppm, tag: \"1\"}";
        let other_tag = ", image: {repository: mirror/ppm, tag: \"2\"}";
        let before = remember(&declared("0.5.43", image), &fresh());
        for changed in [declared("0.20.4", image), declared("0.5.43", other_tag), declared("0.5.43", "")] {
            assert!(is_version_change(&changed, &before), "asked before the apply");
            let after = remember(&changed, &before);
            assert!(is_version_change(&changed, &after), "asked after the apply: the same as it wrote");
            assert!(!is_version_change(&changed, &remember(&changed, &after)), "the apply after");
            // Taking it back is a change of version too.
            assert!(is_version_change(&declared("0.5.43", image), &after));
        }
    }

    #[test]
    fn only_what_is_remembered_is_published_again() {
        let mut state = remember(&declared("0.20.4", ""), &remember(&declared("0.5.43", ""), &fresh()));
        state.outputs.insert("url".to_owned(), json!("x"));
        let remembered: Vec<_> = remembered(&state).into_iter().collect();
        assert_eq!(
            remembered,
            [
                (WRITTEN_FOR.to_owned(), json!("rstudio-pm 0.20.4")),
                (IN_PLACE_OF.to_owned(), json!("rstudio-pm 0.5.43"))
            ]
        );
    }
}
