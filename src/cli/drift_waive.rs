//! `drift waive`: drift that somebody answers for, written into the declaration.

use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::json;

use super::args::{Common, WaiveArgs};
use super::failure::Failure;
use super::rewrite::{Rewrite, by_hand};
use super::workplace::Declaration;
use super::{exit, out};
use crate::model::waiver::Waiver;
use crate::render::document;
use crate::resources::catalog;
use crate::run::Host;
use crate::stack::amend;

/// Writes a waiver; one of the same object and field gives way to it.
pub(super) fn waive(common: &Common, args: &WaiveArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let waiver = asked(args)?;
    let before = declaration.stack.waivers.iter().filter(|one| one.subject() == waiver.subject());
    Rewrite::may_be_written(&declaration)?;
    let mut text = amend::waived(&declaration.text, &waiver).map_err(|refusal| by_hand(&declaration, &refusal))?;
    for old in before {
        text = amend::unwaived(&text, old).map_err(|refusal| by_hand(&declaration, &refusal))?;
    }
    let rewrite = Rewrite { declaration: &declaration, text };
    let after = rewrite.read()?;
    if !after.waivers.contains(&waiver) {
        return Err(Failure::new(exit::BUG, "the waiver would not be read as it was meant; nothing was changed"));
    }
    rewrite.write()?;
    if common.json {
        let fields = [("waiver", json!(waiver)), ("written", json!(declaration.name()))];
        out::data(&format!("{}\n", document(Some("drift waive"), fields)));
    } else {
        out::told(&rewrite.diff());
        out::note(&format!(
            "Drift of {} is shown apart and not counted, up to and including {}. apply puts back what is declared all the same.\n",
            waiver.subject(),
            waiver.until
        ));
    }
    Ok(exit::DONE)
}

fn asked(args: &WaiveArgs) -> Result<Waiver, Failure> {
    let WaiveArgs { address, field, duration, reason, owner, file: _ } = args;
    let usage = |heading: String| Failure::new(exit::USAGE, heading);
    if !catalog().contains_key(&address.kind) {
        return Err(usage(format!("there is no kind {} of objects", address.kind))
            .hint("`ppm-infra state list` shows the addresses there are"));
    }
    let text = |what: &str, text: &str| {
        let trimmed = text.trim().to_owned();
        if trimmed.is_empty() || trimmed.contains('\n') {
            return Err(usage(format!("--{what} takes one line of text")));
        }
        Ok(trimmed)
    };
    let owner = match owner {
        Some(owner) => owner.clone(),
        None => {
            logged_in().ok_or_else(|| usage("nobody is logged in by name; say who with `--owner NAME`".to_owned()))?
        }
    };
    let until = last_day(Host::system().now().to_zoned(TimeZone::UTC).date(), duration).ok_or_else(|| {
        usage(format!("`--for {duration}` is no time")).hint("say days or weeks: `--for 7d`, `--for 2w`")
    })?;
    Ok(Waiver {
        address: address.clone(),
        field: field.clone(),
        until,
        owner: text("owner", &owner)?,
        reason: text("reason", reason)?,
    })
}

/// The last day of so many days or weeks that begin today.
fn last_day(today: Date, duration: &str) -> Option<Date> {
    let (number, days) = match duration.strip_suffix('d') {
        Some(number) => (number, 1),
        None => (duration.strip_suffix('w')?, 7),
    };
    let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
    today.checked_add((i64::from(number) * days).days()).ok()
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn logged_in() -> Option<String> {
    std::env::var("USER").ok().filter(|user| !user.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_time_ends_with_its_last_day() {
        let today = date(2026, 11, 30);
        let told = |duration: &str| last_day(today, duration);
        assert_eq!(
            (told("7d"), told("2w"), told("1d")),
            (Some(date(2026, 12, 7)), Some(date(2026, 12, 14)), Some(date(2026, 12, 1)))
        );
        for wrong in ["", "d", "0d", "7", "7h", "-7d", "1.5d", "99999d", "7 d"] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
