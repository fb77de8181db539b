//! What is running now, drawn on a terminal: the whole as one bar, beneath it a branch for every running step, and
//! above it a line for everything that is over.
//!
//! Promises: the terminal may be narrow, change its size or be closed; drawing then suffers and nothing else does.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::outlook::Outlook;
use super::{ProgressView, Watch, failure_words, looking_again_words};
use crate::render::signs::Signs;
use crate::render::style::painted;
use crate::report::words::{count, roughly_ms, took};
use crate::report::{Label, Text};
use crate::run::event::{Event, EventKind, Sink, StepKey, millis};

/// How often spinners turn.
const TICK: Duration = Duration::from_millis(120);

/// Draws a run on standard error while it happens. Draws nothing where standard error is no terminal: [`super::Lines`]
/// is for that.
pub struct Live {
    screen: MultiProgress,
    view: ProgressView,
    signs: Signs,
    watch: Watch,
    outlook: Arc<Mutex<Outlook>>,
    reading: Option<ProgressBar>,
    whole: Option<ProgressBar>,
    branches: Vec<(StepKey, ProgressBar)>,
    /// Set when drawing itself has failed: nothing is drawn any more.
    broken: bool,
}

impl Live {
    /// Draws on standard error.
    pub fn new(view: ProgressView) -> Self {
        Self::on(ProgressDrawTarget::stderr(), view)
    }

    fn on(target: ProgressDrawTarget, view: ProgressView) -> Self {
        Self {
            screen: MultiProgress::with_draw_target(target),
            view,
            signs: Signs::of(view.symbols),
            watch: Watch::default(),
            outlook: Arc::default(),
            reading: None,
            whole: None,
            branches: Vec::new(),
            broken: false,
        }
    }

    /// Runs `print` while nothing is drawn, so that what it writes to the terminal stays whole: for logs.
    pub fn pause(&self) -> impl Fn(&mut dyn FnMut()) + Send + Sync + use<> {
        let screen = self.screen.clone();
        move |print| screen.suspend(print)
    }

    fn draw(&mut self, event: &Event) {
        let news = self.watch.see(event, self.view.time_scale);
        let now = self.whole.as_ref().map_or(0, |whole| millis(whole.elapsed()));
        self.outlook.lock().unwrap_or_else(PoisonError::into_inner).see(&event.kind, now);
        match &event.kind {
            EventKind::RefreshStarted { total } => {
                let bar = self.branch(&Text::of(Label::Plain, format!("reading {}", count(*total, "object"))), None);
                self.reading = Some(bar);
            }
            EventKind::RefreshFinished { unread, .. } => {
                self.stop_reading();
                if *unread > 0 {
                    let what = format!("{} could not be read", count(*unread, "object"));
                    self.say(&Text::of(Label::Warning, "warning: ").with(Label::Plain, what));
                }
            }
            EventKind::LookingAgain { missing, interrupted, waited_seconds, at_most_seconds } => {
                let what = looking_again_words(missing, *interrupted, *waited_seconds, *at_most_seconds);
                let message = Text::of(Label::Plain, what);
                match &self.reading {
                    Some(bar) => bar.set_message(self.text(&message)),
                    None => self.reading = Some(self.branch(&message, None)),
                }
            }
            EventKind::Adopted { address, id } => {
                let line = sign(Label::Success, self.signs.done, "adopted ");
                self.say(&line.with(Label::Address, address.to_string()).with(Label::Muted, format!("  {id}")));
            }
            EventKind::Moved { from, to, id } => {
                let line = sign(Label::Success, self.signs.done, "moved ").with(Label::Address, from.to_string());
                self.say(&line.with(Label::Plain, format!(" to {to}")).with(Label::Muted, format!("  {id}")));
            }
            EventKind::ExecuteStarted { steps } => self.begin(*steps),
            EventKind::StepStarted { step, .. } => self.start(step),
            EventKind::StepWaiting { step, status, .. } if news => {
                if let Some((_, bar)) = self.branches.iter().find(|(running, _)| running == step) {
                    bar.set_message(self.text(&self.running(step, status)));
                }
            }
            EventKind::StepFinished { step, id, elapsed_ms } => {
                self.end(step);
                let line = sign(Label::Success, self.signs.done, "").with(Label::Address, step.to_string());
                let id = id.as_ref().map(|id| format!("  {id}")).unwrap_or_default();
                self.say(&line.with(Label::Plain, format!("  {}", took(*elapsed_ms))).with(Label::Muted, id));
            }
            EventKind::StepFailed { step, error, elapsed_ms } => {
                self.end(step);
                let line = sign(Label::Error, self.signs.failed, "failed ").with(Label::Address, step.to_string());
                self.say(&line.with(Label::Plain, format!("  {}  {}", took(*elapsed_ms), failure_words(error))));
            }
            EventKind::StepSkipped { step, because } => {
                self.end(step);
                let line = sign(Label::Warning, self.signs.skipped, "skipped ");
                self.say(
                    &line.with(Label::Address, step.to_string()).with(Label::Muted, format!("  because of {because}")),
                );
            }
            EventKind::Draining { running } => {
                let what = format!("stopping: nothing new starts, {} still running", count(*running, "step"));
                self.say(&Text::of(Label::Warning, what).with(Label::Muted, "  (stop once more to leave at once)"));
            }
            EventKind::Abandoned { unfinished } => {
                for step in unfinished {
                    let line = sign(Label::Warning, self.signs.skipped, "left running ");
                    self.say(&line.with(Label::Address, step.to_string()));
                }
            }
            EventKind::RunFinished { .. } => self.clear(),
            // The text of the plan tells these better.
            EventKind::RunStarted { .. }
            | EventKind::PlanReady { .. }
            | EventKind::DriftFound { .. }
            | EventKind::StateWritten { .. }
            | EventKind::StepWaiting { .. } => {}
        }
        if let Some(whole) = &self.whole {
            whole.set_position(self.watch.finished as u64);
        }
    }

    /// The bar of the whole, above all branches.
    fn begin(&mut self, steps: usize) {
        let (outlook, time_scale) = (self.outlook.clone(), self.view.time_scale);
        let style = ProgressStyle::with_template("{bar:24} {pos}/{len}  {outlook}")
            .unwrap_or_else(|_| ProgressStyle::default_bar())
            .progress_chars(self.signs.bar)
            .with_key("outlook", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                // A writer in memory does not fail.
                let outlook = outlook.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = out.write_str(&outlook.words(millis(state.elapsed()), time_scale));
            });
        let bar = self.screen.insert(0, ProgressBar::new(steps as u64));
        bar.set_style(style);
        bar.enable_steady_tick(TICK);
        self.whole = Some(bar);
    }

    fn start(&mut self, step: &StepKey) {
        let expected = self.watch.expected_ms(step);
        let bar = self.branch(&self.running(step, ""), expected);
        self.branches.push((step.clone(), bar));
        self.regrow();
    }

    fn end(&mut self, step: &StepKey) {
        if let Some(place) = self.branches.iter().position(|(running, _)| running == step) {
            let (_, bar) = self.branches.remove(place);
            self.drop_bar(&bar);
            self.regrow();
        }
    }

    /// A line with a spinner and the time since its start.
    fn branch(&self, message: &Text, expected_ms: Option<u64>) -> ProgressBar {
        let style = ProgressStyle::with_template("{prefix}{spinner} {took} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .tick_strings(self.signs.spinner)
            .with_key("took", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let elapsed = took(state.elapsed().as_secs().saturating_mul(1000));
                // A writer in memory does not fail.
                let _ = match expected_ms {
                    Some(expected) => write!(out, "{elapsed:>7} of {:<8}", roughly_ms(expected)),
                    None => write!(out, "{elapsed:>7}"),
                };
            });
        let place = expected_ms.map_or_else(String::new, |_| format!("{} ", self.signs.branch[1]));
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(place).with_message(self.text(message));
        let bar = self.screen.add(bar);
        bar.tick();
        bar.enable_steady_tick(TICK);
        bar
    }

    /// Gives every branch its place in the tree.
    fn regrow(&self) {
        let last = self.branches.len().saturating_sub(1);
        for (place, (_, bar)) in self.branches.iter().enumerate() {
            bar.set_prefix(format!("{} ", self.signs.branch[usize::from(place == last)]));
        }
    }

    fn running(&self, step: &StepKey, status: &str) -> Text {
        let name = step.to_string();
        let names = self.watch.running.keys().map(|running| running.to_string().chars().count());
        let width = names.max().unwrap_or(0);
        let mut line = Text::of(Label::Address, &name);
        if !status.is_empty() {
            let gap = width.saturating_sub(name.chars().count()) + 2;
            line.push(Label::Muted, format!("{:gap$}{status}", ""));
        }
        line
    }

    fn say(&self, line: &Text) {
        // Nobody reads this in a terminal that was closed.
        let _ = self.screen.println(self.text(line));
    }

    fn text(&self, line: &Text) -> String {
        narrow(&painted(line, self.view.colour))
    }

    fn drop_bar(&self, bar: &ProgressBar) {
        bar.finish_and_clear();
        self.screen.remove(bar);
    }

    fn stop_reading(&mut self) {
        if let Some(bar) = self.reading.take() {
            self.drop_bar(&bar);
        }
    }

    fn clear(&mut self) {
        self.stop_reading();
        for (_, bar) in std::mem::take(&mut self.branches) {
            self.drop_bar(&bar);
        }
        if let Some(bar) = self.whole.take() {
            self.drop_bar(&bar);
        }
        let _ = self.screen.clear();
    }
}

thread_local! {
    static DRAWING: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is drawing: a panic is then the picture's own, and is survived.
pub(crate) fn is_drawing() -> bool {
    DRAWING.get()
}

/// Draws, and answers whether that went well. The library behind this panics rather than fails; a run must survive its
/// own picture.
pub(crate) fn drawn(draw: impl FnOnce()) -> bool {
    DRAWING.set(true);
    let done = catch_unwind(AssertUnwindSafe(draw)).is_ok();
    DRAWING.set(false);
    done
}

impl Sink for Live {
    fn event(&mut self, event: &Event) {
        if !self.broken && !drawn(|| self.draw(event)) {
            self.broken = true;
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if !self.broken {
            drawn(|| self.clear());
        }
    }
}

fn sign(label: Label, sign: &str, word: &str) -> Text {
    Text::of(label, format!("{sign} {word}"))
}

/// The text with every character that may take two columns replaced: the library miscounts them where a terminal is as
/// narrow as one.
fn narrow(text: &str) -> String {
    text.chars().map(|c| if ('\u{1100}'..'\u{2000}').contains(&c) || c >= '\u{2e80}' { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use indicatif::TermLike;

    use super::*;
    use crate::render::tests::{at, events, failing};
    use crate::run::event::Counts;

    /// A terminal that keeps what was written to it.
    #[derive(Clone, Debug)]
    struct Screen {
        width: u16,
        closed: bool,
        text: Arc<Mutex<String>>,
    }

    impl Screen {
        fn new(width: u16, closed: bool) -> Self {
            Self { width, closed, text: Arc::default() }
        }

        fn put(&self, text: &str) -> io::Result<()> {
            if self.closed {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            self.text.lock().unwrap().push_str(text);
            Ok(())
        }
    }

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            self.width
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            self.put("")
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            self.put("")
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            self.put("")
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            self.put("")
        }
        fn write_line(&self, line: &str) -> io::Result<()> {
            self.put(&format!("{line}\n"))
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.put(&format!("{text}\n"))
        }
        fn clear_line(&self) -> io::Result<()> {
            self.put("")
        }
        fn flush(&self) -> io::Result<()> {
            self.put("")
        }
    }

    fn live(screen: &Screen) -> Live {
        let view = ProgressView { time_scale: 60.0, symbols: true, colour: false };
        Live::on(ProgressDrawTarget::term_like(Box::new(screen.clone())), view)
    }

    #[test]
    fn running_steps_are_a_tree_and_finished_ones_lines() {
        let screen = Screen::new(100, false);
        let mut sink = live(&screen);
        for event in events() {
            sink.event(&event);
        }
        drop(sink);
        let text = screen.text.lock().unwrap().clone();
        for told in [
            "reading 3 objects",
            "├─ ",
            "└─ ",
            "0s of 10s      create cluster.main",
            "create cluster.main  CREATING",
            "✓ create vpc.main  10s  vpc-0abc",
            "✗ failed create elastic_ip.nat-a  4s  could not allocate the address: AddressLimitExceeded",
            "○ skipped create nat_gateway.a  because of create elastic_ip.nat-a",
            "stopping: nothing new starts, 1 step still running",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
    }

    #[test]
    fn what_is_looked_for_is_on_the_live_line_and_until_when() {
        for (reading, interrupted, told) in [
            (true, false, "looking again for vpc.main, subnet.a, subnet.b, 2 more; 5 s of at most 60 s"),
            (
                false,
                true,
                "looking for what the interrupted run may have made: vpc.main, subnet.a, subnet.b, 2 more; 5 s",
            ),
        ] {
            let screen = Screen::new(200, false);
            let mut sink = live(&screen);
            if reading {
                sink.event(&at(0, EventKind::RefreshStarted { total: 7 }));
            }
            let missing = ["vpc.main", "subnet.a", "subnet.b", "subnet.c", "subnet.d"].map(|at| at.parse().unwrap());
            let again = EventKind::LookingAgain {
                missing: missing.to_vec(),
                interrupted,
                waited_seconds: 5,
                at_most_seconds: 60,
            };
            sink.event(&at(5, again));
            drop(sink);
            let text = screen.text.lock().unwrap().clone();
            assert!(text.contains(told), "{told}\n{text}");
        }
    }

    #[test]
    fn terminals_may_be_narrow_or_closed() {
        for (width, closed) in [(1, false), (2, false), (7, false), (20, false), (80, true)] {
            let screen = Screen::new(width, closed);
            let mut sink = live(&screen);
            for event in events().into_iter().chain(failing("数据库 \u{1b}[2J 🚀")) {
                sink.event(&event);
            }
            let wide = EventKind::Adopted { address: "vpc.main".parse().unwrap(), id: "数".to_owned() };
            sink.event(&at(9, wide));
            assert!(!sink.broken, "{width}");
        }
    }

    #[test]
    fn expectations_follow_the_speed_of_the_cloud() {
        let screen = Screen::new(100, false);
        let mut sink = live(&screen);
        let plan = EventKind::PlanReady { counts: Counts::default(), typical_seconds: 1200 };
        sink.event(&at(0, plan));
        sink.event(&at(0, EventKind::ExecuteStarted { steps: 3 }));
        assert_eq!(sink.outlook.lock().unwrap().words(0, sink.view.time_scale), "0 running, about 20s left");
    }
}
