//! A part of every day.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{ValueError, shown, text};

/// A part of every day, in UTC, such as `02:00-05:00`. One that ends before it begins goes over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DailyWindow {
    /// Its first minute, from midnight.
    from: u16,
    /// The first minute after it.
    until: u16,
}

text!(
    DailyWindow,
    "a part of every day",
    "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
    "02:00-05:00"
);

impl DailyWindow {
    /// Whether a time is in it.
    pub fn holds(self, at: Timestamp) -> bool {
        let time = at.to_zoned(TimeZone::UTC).time();
        let minute = u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs());
        if self.from < self.until {
            (self.from..self.until).contains(&minute)
        } else {
            minute >= self.from || minute < self.until
        }
    }
}

impl FromStr for DailyWindow {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong =
            |problem: String| ValueError::new(problem, "write two times of the day in UTC, such as 02:00-05:00");
        let minute = |text: &str| {
            let (hour, minute) = text.split_once(':')?;
            let is_two = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = |text: &str| is_two(text).then(|| text.parse::<u16>().ok()).flatten();
            let (hour, minute) = (number(hour)?, number(minute)?);
            (hour < 24 && minute < 60).then_some(hour * 60 + minute)
        };
        let both = text.split_once('-').and_then(|(from, until)| Some((minute(from)?, minute(until)?)));
        let Some((from, until)) = both else { return Err(wrong(format!("`{}` is no part of a day", shown(text)))) };
        if from == until {
            return Err(wrong(format!("`{text}` is empty")));
        }
        Ok(Self { from, until })
    }
}

impl fmt::Display for DailyWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_from_its_first_minute_until_its_last_also_over_midnight() {
        let holds = |window: &str, time: &str| {
            let at: Timestamp = format!("2026-11-30T{time}:59Z").parse().unwrap();
            window.parse::<DailyWindow>().unwrap().holds(at)
        };
        for (window, time, expected) in [
            ("02:00-05:00", "01:59", false),
            ("02:00-05:00", "02:00", true),
            ("02:00-05:00", "04:59", true),
            ("02:00-05:00", "05:00", false),
            ("22:30-03:00", "22:29", false),
            ("22:30-03:00", "23:59", true),
            ("22:30-03:00", "00:00", true),
            ("22:30-03:00", "03:00", false),
        ] {
            assert_eq!(holds(window, time), expected, "{window} {time}");
        }
    }

    #[test]
    fn what_is_no_window_is_refused_with_one_that_is() {
        for wrong in
            ["", "2:00-5:00", "02:00", "24:00-05:00", "02:60-05:00", "02:00-02:00", "+2:00-05:00", "02:00 - 05:00"]
        {
            let error = wrong.parse::<DailyWindow>().unwrap_err();
            assert!(error.remedy().contains("02:00-05:00"), "{wrong}: {error}");
        }
        assert_eq!("22:30-03:00".parse::<DailyWindow>().unwrap().to_string(), "22:30-03:00");
    }
}
