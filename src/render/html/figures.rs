//! Drawings in a page of HTML.

use std::fmt::Write as _;

use super::{Printer, class, escaped, span};
use crate::render::graph;
use crate::render::style::painted;
use crate::report::words::{count, roughly};
use crate::report::{Graph, Timeline, TimelineBar};

/// A step that takes less than this part of the whole is told apart, unless the whole waits for it.
const SMALL_PART: u64 = 40;

/// So many marks stand on the axis of time at most.
const MARKS: u64 = 6;

/// What may lie between two marks, in seconds.
const STEPS: [u64; 15] = [10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400, 604_800, 2_592_000];

impl Printer {
    /// How objects hang together.
    pub(super) fn graph(&mut self, graph: &Graph) {
        let legend = graph::legend(graph).into_iter().map(|(status, words)| {
            let sign = self.signs.status(status);
            format!("{} {words}", span(status.label(), sign))
        });
        let legend: Vec<String> = legend.collect();
        self.line(&format!(
            "<figure>\n{}\n<figcaption>{}</figcaption>\n</figure>",
            graph::figure(graph),
            legend.join(" \u{b7} ")
        ));
    }

    /// What is done when: each step beside the whole.
    pub(super) fn timeline(&mut self, timeline: &Timeline) {
        let whole = timeline.p90_seconds.max(timeline.end()).max(1);
        let is_small = |bar: &&TimelineBar| !bar.is_critical && bar.seconds.saturating_mul(SMALL_PART) < whole;
        let (small, large): (Vec<&TimelineBar>, Vec<&TimelineBar>) = timeline.bars.iter().partition(is_small);
        self.line("<ol class=\"bars\">");
        let usual = portion(0, timeline.seconds, whole);
        let seldom = portion(timeline.seconds, timeline.p90_seconds.saturating_sub(timeline.seconds), whole);
        self.line(&format!(
            "<li class=\"whole\"><span>everything</span><span>{}</span><span class=\"track\"><i style=\"{usual}\"></i>\
             <i class=\"seldom\" style=\"{seldom}\"></i></span></li>",
            roughly(timeline.seconds)
        ));
        self.line(&format!("<li><span></span><span></span><span class=\"track axis\">{}</span></li>", axis(whole)));
        for bar in large {
            self.bar(bar, whole);
        }
        self.line("</ol>");
        if !small.is_empty() {
            let told = format!("{} of less than {} each", count(small.len(), "step"), roughly(whole / SMALL_PART + 1));
            self.line(&format!("<details><summary>{told}</summary>\n<ol class=\"bars\">"));
            for bar in small {
                self.bar(bar, whole);
            }
            self.line("</ol>\n</details>");
        }
    }

    fn bar(&mut self, bar: &TimelineBar, whole: u64) {
        let look = class(bar.status.label()).unwrap_or_default();
        let critical = if bar.is_critical { " class=\"c\"" } else { "" };
        self.line(&format!(
            "<li{critical}><span>{}</span><span>{}</span><span class=\"track {look}\"><i style=\"{}\"></i></span></li>",
            escaped(&painted(&bar.name, false)),
            roughly(bar.seconds),
            portion(bar.starts, bar.seconds, whole)
        ));
    }
}

/// Where a part of a whole stands, as a style.
fn portion(starts: u64, seconds: u64, whole: u64) -> String {
    format!("left:{};width:{}", percent(starts, whole), percent(seconds, whole))
}

/// A part of a whole in percent, to a tenth.
fn percent(part: u64, whole: u64) -> String {
    let tenths = u128::from(part) * 1000 / u128::from(whole.max(1));
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}%"),
        (whole, rest) => format!("{whole}.{rest}%"),
    }
}

/// Marks of time.
fn axis(whole: u64) -> String {
    let step = STEPS.into_iter().find(|step| whole / step <= MARKS).unwrap_or(whole);
    let mut marks = String::new();
    for n in 0..=whole / step {
        let at = n * step;
        // What would stand out at the end is left away.
        if at.saturating_mul(10) > whole.saturating_mul(9) && n > 0 {
            continue;
        }
        let told = if n == 0 { "0".to_owned() } else { mark(at) };
        let _ = write!(marks, "<b style=\"left:{}\">{told}</b>", percent(at, whole));
    }
    marks
}

/// A point in time on the axis: `30s`, `5 min`, `2 h`.
fn mark(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => roughly(seconds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_whole_are_told_to_a_tenth() {
        assert_eq!(portion(0, 600, 1200), "left:0%;width:50%");
        assert_eq!(portion(100, 1, 1200), "left:8.3%;width:0%");
        assert_eq!(percent(u64::MAX, u64::MAX), "100%");
    }

    #[test]
    fn an_axis_has_a_few_marks_at_round_times() {
        let told = |whole: u64| axis(whole).matches("<b ").count();
        for whole in [1, 59, 61, 700, 1500, 5000, 100_000, 10_000_000, u64::MAX] {
            assert!((1..=7).contains(&told(whole)), "{whole}: {}", axis(whole));
        }
        assert_eq!(
            axis(700),
            "<b style=\"left:0%\">0</b><b style=\"left:17.1%\">2 min</b><b style=\"left:34.2%\">4 min</b>\
            <b style=\"left:51.4%\">6 min</b><b style=\"left:68.5%\">8 min</b><b style=\"left:85.7%\">10 min</b>"
        );
    }
}
