//! Numbers as people say them: durations and counts.

use crate::engine::plan::Counts;

/// A duration that was measured: `0.4s`, `34s`, `2m 05s`, `1h 02m`.
pub(crate) fn took(ms: u64) -> String {
    let seconds = ms / 1000;
    match seconds {
        0 if ms >= 100 => format!("0.{}s", ms / 100),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// A duration that is expected, without pretending to know it exactly: `40s`, `10 min`, `1 h 40 min`.
pub(crate) fn roughly(seconds: u64) -> String {
    match seconds {
        0..90 => format!("{}s", seconds.max(1)),
        90..5370 => format!("{} min", (seconds + 30) / 60),
        _ => {
            let minutes = seconds.saturating_add(150) / 300 * 5;
            match minutes % 60 {
                0 => format!("{} h", minutes / 60),
                rest => format!("{} h {rest} min", minutes / 60),
            }
        }
    }
}

/// How long something usually takes, and what it seldom takes longer than where that is worth a word.
pub(crate) fn expected(p50: u64, p90: u64) -> String {
    let (usual, seldom) = (roughly(p50), roughly(p90));
    if usual == seldom { format!("about {usual}") } else { format!("about {usual}, seldom more than {seldom}") }
}

/// What `seconds` of a real cloud take where time runs `time_scale` times as fast.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "estimates; and casts from floats saturate"
)]
pub(crate) fn scaled_ms(seconds: u64, time_scale: f64) -> u64 {
    let scale = if time_scale.is_finite() && time_scale > 0.0 { time_scale } else { 1.0 };
    (seconds as f64 * 1000.0 / scale) as u64
}

/// As [`roughly`], of milliseconds.
pub(crate) fn roughly_ms(ms: u64) -> String {
    roughly(ms.div_ceil(1000))
}

/// `1 step`, `3 steps`.
pub(crate) fn count(n: usize, one: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") }
}

/// `is` of one, `are` of several.
pub(crate) fn are(n: usize) -> &'static str {
    if n == 1 { "is" } else { "are" }
}

/// `was` of one, `were` of several.
pub(crate) fn were(n: usize) -> &'static str {
    if n == 1 { "was" } else { "were" }
}

/// `3 to create, 1 to delete`, without what there is none of; empty where there is none of anything.
pub(crate) fn tally(parts: &[(usize, &str)]) -> String {
    let told = parts.iter().filter(|(n, _)| *n > 0).map(|(n, words)| format!("{n} {words}"));
    told.collect::<Vec<_>>().join(", ")
}

/// What a plan does, in one line.
pub(crate) fn counts(counts: &Counts) -> String {
    let told = tally(&[
        (counts.create, "to create"),
        (counts.update, "to update"),
        (counts.replace, "to replace"),
        (counts.delete, "to delete"),
    ]);
    if told.is_empty() { "nothing to do".to_owned() } else { told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_durations() {
        let told = [0, 99, 400, 4_999, 59_999, 60_000, 125_000, 3_720_000].map(took);
        assert_eq!(told, ["0s", "0s", "0.4s", "4s", "59s", "1m 00s", "2m 05s", "1h 02m"]);
    }

    #[test]
    fn expected_durations() {
        let told = [0, 40, 89, 90, 600, 1170, 5369, 5370, 6000, 7200].map(roughly);
        assert_eq!(
            told,
            ["1s", "40s", "89s", "2 min", "10 min", "20 min", "89 min", "1 h 30 min", "1 h 40 min", "2 h"]
        );
    }

    #[test]
    fn faster_clouds_take_less() {
        assert_eq!([1.0, 60.0, 0.0, f64::NAN].map(|scale| scaled_ms(600, scale)), [600_000, 10_000, 600_000, 600_000]);
        assert_eq!(scaled_ms(u64::MAX, 1.0), u64::MAX);
        assert!(!roughly_ms(u64::MAX).is_empty() && !roughly(u64::MAX).is_empty());
    }

    #[test]
    fn what_there_is_none_of_is_not_counted() {
        let told = counts(&Counts { update: 2, delete: 1, unchanged: 9, ..Counts::default() });
        assert_eq!(told, "2 to update, 1 to delete");
        assert_eq!(counts(&Counts::default()), "nothing to do");
    }

    #[test]
    fn counted_things() {
        assert_eq!([0, 1, 2].map(|n| count(n, "step")), ["0 steps", "1 step", "2 steps"]);
    }
}
