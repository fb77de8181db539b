//! Questions at a terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::support::binary::Desk;

/// A terminal: the side of the person, and that of the program.
fn terminal() -> (File, File) {
    let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap().into_string().unwrap();
    (File::from(person), OpenOptions::new().read(true).write(true).open(name).unwrap())
}

/// Reads what is on the screen until it has this text.
fn read_until(screen: &mut File, text: &str) -> String {
    let (mut read, mut part) = (String::new(), [0; 4096]);
    while !read.contains(text) {
        let length = screen.read(&mut part).unwrap_or_else(|error| panic!("`{text}` was not said, {error}: {read}"));
        read.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    read
}

#[test]
fn what_was_typed_before_a_question_was_there_is_no_answer_to_it() {
    for (typed_ahead, answer, code) in [("no\n", "yes\n", 0), ("yes\n", "no\n", 1)] {
        let desk = Desk::simulated();
        desk.declare(&[]);
        let (mut person, program) = terminal();
        person.write_all(typed_ahead.as_bytes()).unwrap();
        let mut running = desk.start_at(&["apply"], program);
        read_until(&mut person, "Type `yes` to apply ppm-prod");
        person.write_all(answer.as_bytes()).unwrap();
        let mut rest = String::new();
        // The terminal is closed when the program is gone: an error ends this as well.
        let _ = person.read_to_string(&mut rest);
        assert_eq!(running.wait().unwrap().code(), Some(code), "{typed_ahead}, then {answer}: {rest}");
        assert_eq!(desk.path("state/ppm-prod.lock.json").exists(), code == 0);
    }
}
