//! How long things take: what is usual, and what is seldom exceeded.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::Document;

/// How long something takes, in seconds of the cloud's time.
///
/// Between and beyond the two numbers durations are taken to be spread log-logistically: they are never below zero, now and
/// then one takes much longer, and what is left of one that is under way has a closed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DurationSpread {
    /// Half of all take no longer.
    pub p50: u64,
    /// Nine of ten take no longer.
    pub p90: u64,
}

/// The chance of ten that nine are within, as a logit: what lies between the middle and the ninth of ten.
const LOGIT_OF_NINE_TENTHS: f64 = 2.197_224_577_336_219_6;

impl DurationSpread {
    /// Half take no longer than `p50` seconds, nine of ten no longer than `p90`.
    pub const fn of(p50: u64, p90: u64) -> Self {
        Self { p50, p90 }
    }

    /// The scale of its logarithm: how far one logit leads away from the middle.
    pub fn scale(self) -> f64 {
        let (p50, p90) = (exact(self.p50.max(1)), exact(self.p90.max(self.p50).max(1)));
        (p90 / p50).ln() / LOGIT_OF_NINE_TENTHS
    }

    /// With the middle at `p50` seconds and this scale.
    pub fn scaled(p50: f64, scale: f64) -> Self {
        let whole = |seconds: f64| nearest(seconds).max(1);
        Self { p50: whole(p50), p90: whole(p50 * (scale * LOGIT_OF_NINE_TENTHS).exp()) }
    }

    /// How many seconds are left, as likely as not, of something that has taken `elapsed` seconds. Never less than nothing:
    /// what takes longer than usual has the more left.
    pub fn left_after(self, elapsed: f64) -> f64 {
        let (p50, scale) = (exact(self.p50.max(1)), self.scale());
        let elapsed = elapsed.max(0.0);
        if scale < 0.01 {
            return (p50 - elapsed).max(0.0);
        }
        // Half of those that take longer than `elapsed` take longer than this.
        let end = p50 * (1.0 + 2.0 * (elapsed / p50).powf(1.0 / scale)).powf(scale);
        if end.is_finite() { (end - elapsed).max(0.0) } else { elapsed * (std::f64::consts::LN_2 * scale).exp_m1() }
    }
}

/// A whole number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "no duration needs more than 52 bits")]
pub const fn exact(whole: u64) -> f64 {
    whole as f64
}

/// The nearest whole number, none below nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts from floats saturate")]
pub fn nearest(number: f64) -> u64 {
    number.round() as u64
}

/// What is done to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimedVerb {
    /// It is made, until it can be used.
    Create,
    /// It is changed in place.
    Update,
    /// It is removed, until it is gone.
    Delete,
}

impl TimedVerb {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Delete];

    /// Its word in the table, and in the run history.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A case in which a verb takes another time than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationCase {
    /// The verb.
    pub verb: TimedVerb,
    /// The field that makes it so: it has `value`, or where that is `None` it changes.
    pub field: &'static str,
    /// The value, as JSON; `*` for any but `null`.
    pub value: Option<&'static str>,
    /// How long it takes then.
    pub spread: DurationSpread,
}

/// How long the verbs of a kind take before there is experience.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Typical {
    /// From the first call until usable.
    pub create: DurationSpread,
    /// A usual change in place.
    pub update: DurationSpread,
    /// Until gone.
    pub delete: DurationSpread,
    /// Cases of their own; where several hold, the longest counts.
    pub cases: &'static [DurationCase],
}

impl Typical {
    /// A kind whose calls answer at once.
    pub const QUICK: Self = Self::of(DurationSpread::of(3, 6), DurationSpread::of(2, 4), DurationSpread::of(2, 4));

    /// A kind without cases of its own.
    pub const fn of(create: DurationSpread, update: DurationSpread, delete: DurationSpread) -> Self {
        Self { create, update, delete, cases: &[] }
    }

    /// The usual time of a verb.
    pub const fn usual(&self, verb: TimedVerb) -> DurationSpread {
        match verb {
            TimedVerb::Create => self.create,
            TimedVerb::Update => self.update,
            TimedVerb::Delete => self.delete,
        }
    }

    /// How long a verb takes on an object as it is declared, where `changed` are the fields that change.
    pub fn takes(&self, verb: TimedVerb, declared: &Document, changed: &[&str]) -> DurationSpread {
        self.case(verb, declared, changed).map_or_else(|| self.usual(verb), |case| case.spread)
    }

    /// The case of a verb on an object as it is declared, where `changed` are the fields that change: the longest of those
    /// that hold; `None` for the usual one, which also counts for a field that changes and has no case of its own.
    pub fn case(&self, verb: TimedVerb, declared: &Document, changed: &[&str]) -> Option<&DurationCase> {
        let holds = |case: &&DurationCase| {
            case.verb == verb
                && match case.value {
                    Some("*") => declared.get(case.field).is_some_and(|found| !found.is_null()),
                    Some(value) => declared.get(case.field).map(Value::to_string).as_deref() == Some(value),
                    None => changed.contains(&case.field),
                }
        };
        let longest = self.cases.iter().filter(holds).max_by_key(|case| case.spread.p50)?;
        let has_case = |field: &&str| self.cases.iter().any(|case| case.verb == verb && case.field == *field);
        let is_usual = longest.value.is_none() && !changed.iter().all(has_case);
        Some(longest).filter(|longest| !is_usual || longest.spread.p50 > self.usual(verb).p50)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_shrinks_at_first_and_grows_with_what_takes_too_long() {
        let cluster = DurationSpread::of(600, 720);
        assert!((cluster.left_after(0.0) - 600.0).abs() < 1.0, "{}", cluster.left_after(0.0));
        let left: Vec<f64> = [60.0, 300.0, 600.0].map(|elapsed| cluster.left_after(elapsed)).to_vec();
        assert!(left.windows(2).all(|two| two[1] < two[0]), "{left:?}");
        assert!(cluster.left_after(1800.0) > cluster.left_after(900.0), "who is late is later still");
        assert!(cluster.left_after(1e9).is_finite());
        // Of those that take longer than the ninth of ten, half take longer than the nineteenth of twenty.
        let nineteenth = 600.0 * (cluster.scale() * 19.0_f64.ln()).exp();
        assert!((cluster.left_after(720.0) - (nineteenth - 720.0)).abs() < 1.0);
        let exactly = DurationSpread::of(10, 10);
        assert_eq!([4.0, 40.0].map(|elapsed| nearest(exactly.left_after(elapsed))), [6, 0]);
    }

    #[test]
    fn of_several_fields_that_change_the_one_that_takes_longest_counts() {
        const CASES: &[DurationCase] = &[
            DurationCase { verb: TimedVerb::Update, field: "tags", value: None, spread: DurationSpread::of(5, 10) },
            DurationCase { verb: TimedVerb::Update, field: "class", value: None, spread: DurationSpread::of(660, 900) },
        ];
        let typical = Typical { update: DurationSpread::of(120, 300), cases: CASES, ..Typical::QUICK };
        let takes = |changed: &[&str]| typical.takes(TimedVerb::Update, &Document::default(), changed).p50;
        assert_eq!([takes(&[]), takes(&["tags"]), takes(&["other"])], [120, 5, 120]);
        assert_eq!([takes(&["tags", "other"]), takes(&["tags", "class"]), takes(&["other", "class"])], [120, 660, 660]);
        assert_eq!(typical.takes(TimedVerb::Delete, &Document::default(), &["class"]), Typical::QUICK.delete);
    }

    #[test]
    fn a_spread_is_what_its_middle_and_scale_make() {
        for spread in [
            DurationSpread::of(600, 720),
            DurationSpread::of(3, 6),
            DurationSpread::of(1, 1),
            DurationSpread::of(960, 1320),
        ] {
            let again = DurationSpread::scaled(exact(spread.p50), spread.scale());
            assert_eq!(again, spread);
        }
    }
}
