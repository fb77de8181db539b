//! What a look for drift tells, as findings.
//!
//! Promises: whatever the page tells stands in them, in its words and once, so that a printer needs nothing else. They are
//! in the order of the addresses, those of one object as the page has them, and the values come last.

use crate::described::judge::Deviation;
use crate::engine::plan::Drift;
use crate::engine::values::{Edited, FileState};
use crate::model::address::Address;
use crate::model::error::CloudError;
use crate::model::finding::{Finding, Grade, Subject};
use crate::model::observation::ForeignObject;
use crate::model::place::Origins;
use crate::report::drift::remedies::{self, put_back};
use crate::report::drift::{classes, deviations, pending};
use crate::report::fields::{FieldDrift, field_drift};
use crate::report::page::FindingClass;
use crate::report::values::{self, ValuesFile};
use crate::run::{DriftReport, Prospect};

/// Everything that was found, as findings with stable ids, `drift.changed` and the like. `values` is the file of Helm values
/// if one was ever written, `origins` says where the declaration has what drifted, and `quoted_file` is its file, quoted for a
/// shell.
pub(super) fn findings(
    report: &DriftReport,
    values: Option<&ValuesFile>,
    origins: &Origins,
    quoted_file: &str,
) -> Vec<Finding> {
    items(report, values).into_iter().map(|one| one.finding(origins, quoted_file)).collect()
}

/// What somebody answers for, as it would be told if nobody did.
pub(super) fn waived(report: &DriftReport, origins: &Origins, quoted_file: &str) -> Vec<Finding> {
    let all = report.waived.drift.iter().flat_map(|one| {
        let foreign = one.foreign.as_ref().map(|there| DriftItem::Foreign(&one.address, there));
        let of_drift = one.drift.as_ref().map(|drift| drifted(report, &one.address, drift, foreign.is_some()));
        let deviations = one.deviations.iter().map(DriftItem::Deviation);
        of_drift.into_iter().flatten().chain(foreign).chain(deviations)
    });
    all.map(|one| one.finding(origins, quoted_file)).collect()
}

/// That another object stands in the place of one of ours.
pub(super) fn in_its_place(there: &ForeignObject) -> String {
    format!("{} stands in its place and is not ours", there.id)
}

/// One thing that a look for drift tells. Another class of drift is another variant, with its arm in [`DriftItem::finding`].
enum DriftItem<'a> {
    /// A field is not as it was recorded; without one, the object, in nothing that can be shown by its fields. What an apply
    /// would do about it, if that is known.
    Changed(&'a Address, Option<FieldDrift>, Option<&'a Prospect>, Option<Grade>),
    /// An object is not there any more. What an apply would do about it, if that is known.
    Missing(&'a Address, Option<&'a Prospect>, Option<Grade>),
    /// It is not there any more, and another one stands in its place.
    Foreign(&'a Address, &'a ForeignObject),
    /// It could not be read.
    Unread(&'a Address, &'a CloudError),
    /// What nobody declared of it.
    Deviation(&'a Deviation),
    /// It is declared otherwise, and that was not applied yet.
    Pending(&'a Address, &'a Prospect),
    /// Something is worth knowing of it, and no difference. What belongs together stands in several notes.
    Note(&'a Address, &'a [String]),
    /// Somebody changed the values.
    ValuesEdited(&'a ValuesFile, &'a Edited),
    /// Something else is in the place of the values: what it is.
    ValuesForeign(&'a ValuesFile, &'a str),
    /// The values are not here.
    ValuesMissing(&'a ValuesFile),
    /// The values are those of another run, that of this serial.
    ValuesOther(&'a ValuesFile, u64),
}

/// Everything there is to tell.
fn items<'a>(report: &'a DriftReport, values: Option<&'a ValuesFile>) -> Vec<DriftItem<'a>> {
    let mut objects: Vec<(&Address, DriftItem<'_>)> = Vec::new();
    for (at, drift) in &report.drift {
        let all = drifted(report, at, drift, report.foreign.contains_key(at));
        objects.extend(all.into_iter().map(|one| (at, one)));
    }
    objects.extend(report.foreign.iter().map(|(at, there)| (at, DriftItem::Foreign(at, there))));
    objects.extend(report.unread.iter().map(|(at, error)| (at, DriftItem::Unread(at, error))));
    objects.extend(report.deviations.iter().map(|one| (&one.address, DriftItem::Deviation(one))));
    objects.extend(report.pending.iter().map(|(at, prospect)| (at, DriftItem::Pending(at, prospect))));
    let notes = report.notes.iter().filter(|(_, all)| !all.is_empty());
    objects.extend(notes.map(|(at, all)| (at, DriftItem::Note(at, all))));
    objects.sort_by_key(|(at, _)| *at);
    let values = values.and_then(|file| match &file.found {
        FileState::AsWritten => None,
        FileState::Edited(edited) => Some(DriftItem::ValuesEdited(file, edited)),
        FileState::Foreign(what) => Some(DriftItem::ValuesForeign(file, what)),
        FileState::Missing => Some(DriftItem::ValuesMissing(file)),
        FileState::Other(serial) => Some(DriftItem::ValuesOther(file, *serial)),
    });
    objects.into_iter().map(|(_, one)| one).chain(values).collect()
}

/// What there is to tell of the drift of one object; nothing where something in its place says so too.
fn drifted<'a>(report: &'a DriftReport, at: &'a Address, drift: &Drift, is_replaced: bool) -> Vec<DriftItem<'a>> {
    let prospect = report.prospects.get(at);
    match drift {
        Drift::Gone if is_replaced => Vec::new(),
        Drift::Gone => vec![DriftItem::Missing(at, prospect, report.grades.get(&(at.clone(), String::new())).copied())],
        Drift::Moved(diffs) => {
            let fields = field_drift(diffs);
            if fields.is_empty() {
                return vec![DriftItem::Changed(at, None, prospect, None)];
            }
            let changed = |one: FieldDrift| {
                let grade = report.grades.get(&(at.clone(), one.path.clone())).copied();
                DriftItem::Changed(at, Some(one), prospect, grade)
            };
            fields.into_iter().map(changed).collect()
        }
    }
}

impl DriftItem<'_> {
    /// What deserves attention in it.
    fn finding(self, origins: &Origins, quoted_file: &str) -> Finding {
        let object = |class: &FindingClass, at: &Address, what| Finding {
            severity: class.severity,
            grade: class.grade,
            place: origins.of(at, ""),
            ..Finding::error(class.id, at, what)
        };
        let file = |class: &FindingClass, one: &ValuesFile, what| Finding {
            id: class.id,
            severity: class.severity,
            grade: class.grade,
            subject: Subject::File(one.file.clone()),
            place: None,
            what,
            why: String::new(),
            remedies: one.remedies.clone(),
        };
        match self {
            Self::Changed(at, Some(FieldDrift { path, what, why }), prospect, grade) => Finding {
                severity: grade.map_or(classes::CHANGED.severity, Grade::severity),
                grade: grade.or(classes::CHANGED.grade),
                place: origins.of(at, &path),
                remedies: remedies::of_change(at, &path, prospect, quoted_file),
                subject: Subject::Field(at.clone(), path),
                why,
                ..object(&classes::CHANGED, at, what)
            },
            Self::Changed(at, None, prospect, _) => Finding {
                remedies: remedies::of_change(at, "", prospect, quoted_file),
                ..object(&classes::CHANGED, at, "it is changed".to_owned())
            },
            Self::Missing(at, prospect, grade) => Finding {
                severity: grade.map_or(classes::MISSING.severity, Grade::severity),
                grade: grade.or(classes::MISSING.grade),
                remedies: remedies::of_loss(prospect, quoted_file),
                ..object(&classes::MISSING, at, "it is gone".to_owned())
            },
            Self::Foreign(at, there) => Finding {
                why: there.because.clone(),
                remedies: there.remedy.advice(at, &there.id),
                ..object(&classes::FOREIGN, at, in_its_place(there))
            },
            Self::Unread(at, error) => Finding {
                why: "it is neither in sync nor gone".to_owned(),
                remedies: vec![format!("`ppm-infra drift {quoted_file}` looks again")],
                ..object(&classes::UNREAD, at, error.to_string())
            },
            Self::Deviation(one) => deviations::finding(one, origins, quoted_file),
            Self::Pending(at, prospect) => Finding {
                why: "it is neither drift nor done".to_owned(),
                remedies: vec![remedies::put_through(quoted_file)],
                ..object(&classes::PENDING, at, pending::told(prospect))
            },
            Self::Note(at, notes) => object(&classes::NOTE, at, notes.join("; ")),
            Self::ValuesEdited(one, edited) => Finding {
                remedies: vec![put_back(quoted_file)],
                ..file(&classes::VALUES_EDITED, one, format!("it was {}", values::told(edited)))
            },
            Self::ValuesForeign(one, what) => Finding {
                why: "apply refuses to write over it".to_owned(),
                ..file(&classes::VALUES_FOREIGN, one, what.to_owned())
            },
            Self::ValuesMissing(one) => file(&classes::VALUES_MISSING, one, format!("it is {}", values::NOT_HERE)),
            Self::ValuesOther(one, serial) => {
                file(&classes::VALUES_OTHER, one, format!("it is {}", values::other(serial)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::diff::{FieldDiff, Shown};
    use crate::engine::values::Edit;
    use crate::model::error::ErrorKind;
    use crate::model::finding::Severity;
    use crate::model::observation::Remedy;
    use crate::model::place::{Origin, Place};
    use crate::model::resource::OnChange;
    use crate::model::waiver::Waiver;

    const PLAN: &str = "`ppm-infra plan plans/prod.yaml` shows what is done about it";

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn diff(path: &str, before: Value, after: Value) -> FieldDiff {
        let [before, after] = [before, after].map(|value| Shown::from(Some(&value)));
        FieldDiff { path: path.to_owned(), before, after, on_change: OnChange::Update }
    }

    fn line(line: usize) -> Place {
        Place { line, ..Place::START }
    }

    fn found(report: &DriftReport, values: Option<&ValuesFile>) -> Vec<Finding> {
        let mut origins = Origins::default();
        for (address, field, at) in [("database.main", "", 20), ("database.main", "backup_days", 24)] {
            let origin = Origin { key: field.to_owned(), place: line(at), is_written: true };
            origins.insert(&address.parse().unwrap(), field, origin);
        }
        findings(report, values, &origins, "plans/prod.yaml")
    }

    fn one(report: &DriftReport, values: Option<&ValuesFile>) -> Finding {
        let found = found(report, values);
        let [one] = found.as_slice() else { panic!("one finding is expected: {found:#?}") };
        one.clone()
    }

    fn changed(diffs: Vec<FieldDiff>) -> DriftReport {
        DriftReport { drift: [(at("database.main"), Drift::Moved(diffs))].into(), ..DriftReport::default() }
    }

    fn gone(address: &str) -> DriftReport {
        DriftReport { drift: [(at(address), Drift::Gone)].into(), ..DriftReport::default() }
    }

    fn foreign(remedy: Remedy) -> DriftReport {
        let there =
            ForeignObject { id: "key-2".to_owned(), because: "it has no tags of this stack".to_owned(), remedy };
        DriftReport { foreign: [(at("kms_key.main"), there)].into(), ..gone("kms_key.main") }
    }

    fn unread(kind: ErrorKind) -> DriftReport {
        let error = CloudError::new(kind, "read the role", "no");
        DriftReport { unread: [(at("iam_role.nodes"), error)].into(), ..DriftReport::default() }
    }

    fn noted(address: &str, notes: &[&str]) -> DriftReport {
        let notes = notes.iter().map(|note| (*note).to_owned()).collect();
        DriftReport { notes: [(at(address), notes)].into(), ..DriftReport::default() }
    }

    fn values(found: FileState) -> ValuesFile {
        ValuesFile { file: "out/a.yaml".to_owned(), found, remedies: vec!["`mv a b`".to_owned()] }
    }

    fn whole(id: &'static str, severity: Severity, subject: Subject, what: &str) -> Finding {
        let (what, why) = (what.to_owned(), String::new());
        let grade = match id {
            "drift.missing" | "drift.foreign" | "drift.values_foreign" => Some(Grade::High),
            "drift.changed" | "drift.values_edited" | "drift.values_other" => Some(Grade::Medium),
            "drift.note" => Some(Grade::Low),
            _ => None,
        };
        Finding { id, severity, grade, subject, place: None, what, why, remedies: Vec::new() }
    }

    #[test]
    fn a_field_that_was_changed_has_both_values_and_the_place_of_its_key() {
        let field = |path: &str| Subject::Field(at("database.main"), path.to_owned());
        let expected = |path: &str, place: usize, what: &str| Finding {
            place: Some(line(place)),
            remedies: vec![PLAN.to_owned()],
            ..whole("drift.changed", Severity::Warning, field(path), what)
        };
        let days = diff("backup_days", json!(7), json!(1));
        let told = one(&changed(vec![days.clone()]), None);
        assert_eq!(told, expected("backup_days", 24, "recorded 7, found 1"));
        // Each by itself; putting the second one back is another object.
        let user = FieldDiff { on_change: OnChange::Replace, ..diff("username", json!("ppm"), json!("root")) };
        let user_told = Finding {
            why: "putting it back replaces the object".to_owned(),
            ..expected("username", 20, "recorded ppm, found root")
        };
        assert_eq!(found(&changed(vec![days, user]), None), [told, user_told]);
        // As long as it is, it is one sentence, and steers nothing.
        let (old, new) = ("o".repeat(80), format!("{}\u{1b}\n", "n".repeat(80)));
        let long = one(&changed(vec![diff("login", json!(old), json!(new))]), None);
        assert_eq!(long.what, format!("recorded {old}, found \"{}\\u{{1b}}\\n\"", "n".repeat(80)));
    }

    #[test]
    fn what_changed_in_a_list_a_policy_or_a_choice_is_told_as_on_the_page() {
        let list = |items: &[&str]| json!(items);
        let told = |one_diff: FieldDiff| {
            let told = one(&changed(vec![one_diff]), None);
            (told.subject.to_string(), told.what)
        };
        let groups = told(diff("security_groups", list(&["a", "b"]), list(&["b", "c"])));
        assert_eq!(groups, ("database.main security_groups".to_owned(), "+ found c  - gone a".to_owned()));
        let statement = |sid: &str, action: &str| json!({"Sid": sid, "Effect": "Allow", "Action": [action]});
        let policy = told(diff(
            "policy.Statement",
            json!([statement("Read", "a"), statement("Write", "w")]),
            json!([statement("Read", "b"), statement("More", "m")]),
        ));
        let what = "~ Read Action  + found b  - gone a; + found More: allow m; - gone Write: allow w";
        assert_eq!(policy, ("database.main policy".to_owned(), what.to_owned()));
        let route = [
            diff("routes.0.0.0.0/0.blackhole", json!(null), json!("nat-0abc")),
            diff("routes.0.0.0.0/0.nat_gateway", json!({"$ref": "nat_gateway.a"}), json!(null)),
        ];
        let choice = one(&changed(route.to_vec()), None);
        assert_eq!(choice.subject.to_string(), "database.main routes.0.0.0.0/0");
        assert_eq!(choice.what, "recorded nat_gateway.a, found blackhole nat-0abc");
        // The same statements, one of them twice: nothing that could be told, and no silence.
        let twice = json!([statement("Read", "a"), statement("Read", "a")]);
        let other = one(&changed(vec![diff("policy.Statement", json!([statement("Read", "a")]), twice)]), None);
        assert_eq!(
            (other.id, other.subject, other.place),
            ("drift.changed", Subject::Resource(at("database.main")), Some(line(20)))
        );
    }

    #[test]
    fn an_object_that_is_gone_is_missing_unless_another_stands_in_its_place() {
        let missing = |address: &str| Finding {
            remedies: vec![PLAN.to_owned()],
            ..whole("drift.missing", Severity::Error, Subject::Resource(at(address)), "it is gone")
        };
        assert_eq!(one(&gone("vpc.main"), None), missing("vpc.main"));
        assert_eq!(one(&gone("database.main"), None), Finding { place: Some(line(20)), ..missing("database.main") });
        let mut both = foreign(Remedy::Adopt);
        both.drift.extend(gone("vpc.main").drift);
        let told: Vec<_> = found(&both, None).into_iter().map(|one| (one.id, one.subject.to_string())).collect();
        let expected = [("drift.foreign", "kms_key.main"), ("drift.missing", "vpc.main")];
        assert_eq!(told, expected.map(|(id, at)| (id, at.to_owned())), "each is said once");
    }

    #[test]
    fn what_stands_in_the_place_of_ours_is_told_with_what_leads_on() {
        let told = |remedy: Remedy| one(&foreign(remedy), None);
        let expected = Finding {
            why: "it has no tags of this stack".to_owned(),
            remedies: Remedy::Adopt.advice(&at("kms_key.main"), "key-2"),
            ..whole(
                "drift.foreign",
                Severity::Error,
                Subject::Resource(at("kms_key.main")),
                "key-2 stands in its place and is not ours",
            )
        };
        assert_eq!(told(Remedy::Adopt), expected);
        assert!(expected.remedy().contains("`ppm-infra adopt kms_key.main 'key-2'`"));
        let command = Remedy::Command { command: "aws x".to_owned(), effect: "frees it".to_owned() };
        assert_eq!(told(command).remedy(), "`aws x` frees it");
        let other = Remedy::OtherStack { stack: "prod".to_owned() };
        assert!(told(other).remedy().contains("stack prod has it"));
    }

    #[test]
    fn what_could_not_be_read_is_unknown() {
        let expected = Finding {
            why: "it is neither in sync nor gone".to_owned(),
            remedies: vec!["`ppm-infra drift plans/prod.yaml` looks again".to_owned()],
            ..whole(
                "drift.unread",
                Severity::Unknown,
                Subject::Resource(at("iam_role.nodes")),
                "could not read the role: no",
            )
        };
        for kind in [ErrorKind::Denied, ErrorKind::Throttled] {
            assert_eq!(one(&unread(kind), None), expected);
        }
        // What else could be read is told beside it, in the order of the addresses.
        let report = DriftReport { unread: unread(ErrorKind::Denied).unread, ..gone("vpc.main") };
        let ids: Vec<_> = found(&report, None).iter().map(|one| one.id).collect();
        assert_eq!(ids, ["drift.unread", "drift.missing"]);
    }

    #[test]
    fn what_is_worth_knowing_of_an_object_is_one_finding_and_asks_for_nothing() {
        let note = |what: &str| whole("drift.note", Severity::Warning, Subject::Resource(at("cluster.main")), what);
        assert_eq!(one(&noted("cluster.main", &["1.33 ends"]), None), note("1.33 ends"));
        assert_eq!(
            one(&noted("cluster.main", &["it waits", "`aws x` goes on"]), None),
            note("it waits; `aws x` goes on")
        );
        assert_eq!(found(&noted("cluster.main", &[]), None), []);
        let days = diff("backup_days", json!(7), json!(1));
        let report = DriftReport { notes: noted("database.main", &["it waits"]).notes, ..changed(vec![days]) };
        let ids: Vec<_> = found(&report, None).iter().map(|one| one.id).collect();
        assert_eq!(ids, ["drift.changed", "drift.note"], "what differs comes first");
    }

    #[test]
    fn values_that_are_not_those_written_last_are_told_by_their_file() {
        let none = DriftReport::default();
        let file = |id, severity, what: &str, remedy: &str| Finding {
            remedies: vec![remedy.to_owned()],
            ..whole(id, severity, Subject::File("out/a.yaml".to_owned()), what)
        };
        let edited = |what: &str| file("drift.values_edited", Severity::Warning, what, PLAN);
        let keys = vec![("pod.env".to_owned(), Edit::Added), ("replicas".to_owned(), Edit::Changed)];
        let unreadable = Edited { keys: Vec::new(), unreadable: Some("line 3: no".to_owned()) };
        for (found, expected) in [
            (
                FileState::Edited(Edited { keys, unreadable: None }),
                edited("it was changed by hand: pod.env added, replicas changed"),
            ),
            (FileState::Edited(unreadable), edited("it was changed by hand and is not YAML any more: line 3: no")),
            (FileState::Edited(Edited::default()), edited("it was changed by hand: comments or layout, and no key")),
            (
                FileState::Foreign("out/a.yaml:1: this is a lockfile".to_owned()),
                Finding {
                    why: "apply refuses to write over it".to_owned(),
                    ..file("drift.values_foreign", Severity::Error, "out/a.yaml:1: this is a lockfile", "`mv a b`")
                },
            ),
            (
                FileState::Missing,
                file(
                    "drift.values_missing",
                    Severity::Unknown,
                    "it is not on this machine, and was not compared",
                    "`mv a b`",
                ),
            ),
            (
                FileState::Other(3),
                file(
                    "drift.values_other",
                    Severity::Warning,
                    "it is the file of serial 3, and not the one that was written last",
                    "`mv a b`",
                ),
            ),
        ] {
            assert_eq!(one(&none, Some(&values(found))), expected);
        }
        assert_eq!(found(&none, Some(&values(FileState::AsWritten))), []);
        let last = found(&gone("vpc.main"), Some(&values(FileState::Missing))).pop().unwrap();
        assert_eq!(last.id, "drift.values_missing", "the values come last");
    }

    #[test]
    fn what_is_waived_is_told_in_the_words_of_what_is_not() {
        let waiver = |address: &str| Waiver {
            address: at(address),
            field: None,
            until: date(2026, 12, 7),
            owner: "ann".to_owned(),
            reason: "known".to_owned(),
        };
        let days = diff("backup_days", json!(7), json!(1));
        let own = foreign(Remedy::Adopt);
        let mut report = DriftReport { drift: changed(vec![days]).drift, ..own.clone() };
        report.drift.extend(own.drift);
        let counted = found(&report, None);
        assert_eq!(counted.iter().map(|one| one.id).collect::<Vec<_>>(), ["drift.changed", "drift.foreign"]);
        let report = report.waive(&[waiver("database.main"), waiver("kms_key.main")], date(2026, 12, 7));
        assert_eq!(found(&report, None), []);
        let known = |one: &Finding| (one.id, one.subject.clone(), one.what.clone(), one.severity, one.grade);
        let told = waived(&report, &Origins::default(), "plans/prod.yaml");
        assert_eq!(told.iter().map(known).collect::<Vec<_>>(), counted.iter().map(known).collect::<Vec<_>>());
    }

    #[test]
    fn every_id_is_documented() {
        let documentation = include_str!("../../../docs/json-output.md");
        for FindingClass { id, severity, grade, .. } in classes::ALL {
            let word = grade.map_or(severity.word(), Grade::word);
            assert!(documentation.contains(&format!("| `{id}` | `{word}` |")), "{id}");
        }
    }
}
