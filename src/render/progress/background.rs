//! Events on their way to where they are written, on a thread of their own.
//!
//! Promises: a terminal that was stopped, or a pipe that nobody reads, holds up no step and no record; everything is
//! written, in order, before this is gone.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

use crate::run::event::{Event, Sink};

/// Hands events to another thread, which writes them.
///
/// As many wait as happen while nobody reads: a run has some ten small events for each of its steps, so they are few.
pub struct Background {
    events: Option<Sender<Event>>,
    writer: Option<JoinHandle<()>>,
}

impl Background {
    /// Lets `sinks` write on a thread of its own.
    pub fn new(mut sinks: Vec<Box<dyn Sink>>) -> Self {
        let (events, waiting) = channel::<Event>();
        let writer = std::thread::spawn(move || {
            for event in waiting {
                for sink in &mut sinks {
                    sink.event(&event);
                }
            }
        });
        Self { events: Some(events), writer: Some(writer) }
    }
}

impl Sink for Background {
    fn event(&mut self, event: &Event) {
        if let Some(events) = &self.events {
            // A writer that is gone has fallen silent.
            let _ = events.send(event.clone());
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        drop(self.events.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::render::tests::at;
    use crate::run::event::EventKind;

    /// Takes an event in when it is let.
    struct Stopped {
        let_go: Receiver<()>,
        seen: Arc<Mutex<Vec<Event>>>,
    }

    impl Sink for Stopped {
        fn event(&mut self, event: &Event) {
            self.let_go.recv().unwrap();
            self.seen.lock().unwrap().push(event.clone());
        }
    }

    fn stopped() -> (Background, Sender<()>, Arc<Mutex<Vec<Event>>>) {
        let (go, let_go) = channel();
        let seen = Arc::new(Mutex::new(Vec::new()));
        (Background::new(vec![Box::new(Stopped { let_go, seen: seen.clone() })]), go, seen)
    }

    #[test]
    fn nobody_waits_for_a_terminal_that_was_stopped_and_nothing_is_lost() {
        let (mut background, go, seen) = stopped();
        let events: Vec<Event> =
            (0..1000_u32).map(|n| at(n.into(), EventKind::StateWritten { serial: n.into() })).collect();
        // Were they written here, this would never come to its end.
        for event in &events {
            background.event(event);
        }
        assert_eq!(seen.lock().unwrap().len(), 0);
        for _ in &events {
            go.send(()).unwrap();
        }
        drop(background);
        assert_eq!(*seen.lock().unwrap(), events, "all of them, in their order, before it is gone");
    }
}
