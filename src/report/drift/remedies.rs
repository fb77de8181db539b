//! What leads on from drift: what an apply would do about it, or why it does not and what does.

use crate::described::judge::{Deviation, RemovalWay};
use crate::model::address::Address;
use crate::model::waiver::is_within;
use crate::run::{Outcome, Prospect};

/// What shows how everything is put back.
pub(super) fn put_back(quoted_file: &str) -> String {
    format!("`ppm-infra plan {quoted_file}` shows what is done about it")
}

/// What shows how what is declared is made.
pub(super) fn put_through(quoted_file: &str) -> String {
    format!("`ppm-infra plan {quoted_file}` shows what was not applied yet")
}

/// About a field that was changed, or with an empty path about what can be shown by no field.
pub(super) fn of_change(at: &Address, path: &str, prospect: Option<&Prospect>, quoted_file: &str) -> Vec<String> {
    let Some(Prospect { outcome, fields }) = prospect else { return vec![put_back(quoted_file)] };
    let apply = |outcome: &str| applied(quoted_file, outcome);
    let accept = || accept_hint(at, path, quoted_file);
    let decided = |field: &String| is_within(field, path) || is_within(path, field);
    let is_kept = !path.is_empty() && !fields.is_empty() && !fields.iter().any(decided);
    match outcome {
        Outcome::Updated | Outcome::Replaced if is_kept => vec![apply(KEPT)],
        Outcome::Kept => vec![apply(KEPT)],
        Outcome::Updated => vec![apply("it is set to what is declared, in place")],
        Outcome::Replaced => vec![apply("another object takes its place"), accept()],
        Outcome::Made => vec![apply(MADE)],
        Outcome::Removed => vec![apply("it is deleted: it is not declared any more")],
        Outcome::Forgotten => vec![apply(FORGOTTEN)],
        Outcome::Refused(because) => vec![apply(&format!("nothing is done: {because}")), accept()],
    }
}

const KEPT: &str = "it is recorded, for it is declared as it was found";
const MADE: &str = "it is made again";
const FORGOTTEN: &str = "it is forgotten: it is not declared any more";

/// What becomes of it by an apply.
fn applied(quoted_file: &str, outcome: &str) -> String {
    format!("with `ppm-infra apply {quoted_file}` {outcome}")
}

/// A field for a shell.
fn quoted(path: &str) -> String {
    let is_plain = path.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c));
    if is_plain { path.to_owned() } else { format!("'{}'", path.replace('\'', "'\\''")) }
}

/// About what nobody declared.
pub(super) fn of_undeclared(one: &Deviation, quoted_file: &str) -> Vec<String> {
    let accept = one.remember.iter().map(|_| accept_hint(&one.address, one.place(), quoted_file));
    let way_out = one.way_out.iter().map(|way_out| match way_out {
        RemovalWay::Call(_, consequence) => {
            format!(
                "`ppm-infra drift fix {}{} -f {quoted_file}` takes it away: {consequence}",
                one.address,
                behind(one.place())
            )
        }
        RemovalWay::ByHand(why) => format!("it is not taken away from here: {why}"),
    });
    way_out.chain(accept).chain([waive_hint(&one.address, one.place(), quoted_file)]).collect()
}

/// How what is there is kept: of the field or member at `place`, or with an empty one of the whole object.
fn accept_hint(at: &Address, place: &str, quoted_file: &str) -> String {
    format!("`ppm-infra drift accept {at}{} -f {quoted_file}` keeps what is there", behind(place))
}

/// How it is let stand for a while, as [`accept_hint`] has it.
pub fn waive_hint(at: &Address, place: &str, quoted_file: &str) -> String {
    let place = behind(place);
    format!("`ppm-infra drift waive {at}{place} --for 7d --reason TEXT -f {quoted_file}` lets it stand for a while")
}

fn behind(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" {}", quoted(place)) }
}

/// About an object that is gone.
pub(super) fn of_loss(prospect: Option<&Prospect>, quoted_file: &str) -> Vec<String> {
    match prospect.map(|prospect| &prospect.outcome) {
        Some(Outcome::Made) => vec![applied(quoted_file, MADE)],
        Some(Outcome::Removed | Outcome::Forgotten) => vec![applied(quoted_file, FORGOTTEN)],
        Some(Outcome::Refused(because)) => {
            vec![applied(quoted_file, &format!("nothing is done: {because}")), put_back(quoted_file)]
        }
        Some(Outcome::Kept | Outcome::Updated | Outcome::Replaced) | None => vec![put_back(quoted_file)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(outcome: Outcome, fields: &[&str]) -> String {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let at = "database.main".parse().unwrap();
        of_change(&at, "backup_days", Some(&Prospect { outcome, fields }), "a.yaml").join("; ")
    }

    #[test]
    fn each_outcome_has_its_own_remedy() {
        let apply = "with `ppm-infra apply a.yaml`";
        let accept = "`ppm-infra drift accept database.main backup_days -f a.yaml` keeps what is there";
        let declared = format!("{apply} {KEPT}");
        let in_place = format!("{apply} it is set to what is declared, in place");
        assert_eq!(told(Outcome::Updated, &["backup_days"]), in_place);
        assert_eq!(told(Outcome::Updated, &["multi_az"]), declared, "only the other field is changed");
        assert_eq!(told(Outcome::Kept, &[]), declared);
        let replaced = told(Outcome::Replaced, &["backup_days"]);
        assert_eq!(replaced, format!("{apply} another object takes its place; {accept}"));
        let refused = told(Outcome::Refused("it cannot shrink".to_owned()), &[]);
        assert_eq!(refused, format!("{apply} nothing is done: it cannot shrink; {accept}"));
        assert_eq!([quoted("tags.a/b"), quoted("tags.it's $X")], ["tags.a/b", "'tags.it'\\''s $X'"]);
        assert_eq!(of_loss(None, "a.yaml"), [put_back("a.yaml")]);
    }
}
