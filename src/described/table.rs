//! The tables of what drift compares, `src/resources/<kind>/described.tsv`, read. `docs/drift-boundary.md` says what each
//! column means.
//!
//! A row that cannot be read is left out; a test fails for every one there is.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::MemberPath;
use super::removal::RemovalRow;
use crate::model::address::Kind;
use crate::model::finding::Grade;
use crate::model::resource::Catalog;

/// The grade of this word in a table.
fn grade_of(word: &str) -> Option<Grade> {
    Grade::ALL.into_iter().find(|one| one.word() == word)
}

/// What makes a deviation graver or less grave than its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggravation {
    /// Everybody is let in.
    OpenToTheWorld,
    /// It names another account than the stack's.
    AnotherAccount,
    /// A policy allows every action, or every action of a service, on everything.
    EverythingIsAllowed,
    /// Objects or versions go by themselves.
    DataIsDeleted,
    /// Nothing of ours is left in it, or everything is refused.
    NothingIsServed,
    /// The new value is less than the old one.
    Lower,
    /// The new value is `false`, or something of a list is gone.
    SwitchedOff,
    /// The new value is `true`.
    SwitchedOn,
}

impl Aggravation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::OpenToTheWorld,
        Self::AnotherAccount,
        Self::EverythingIsAllowed,
        Self::DataIsDeleted,
        Self::NothingIsServed,
        Self::Lower,
        Self::SwitchedOff,
        Self::SwitchedOn,
    ];

    /// Its words in the tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::OpenToTheWorld => "open to the world",
            Self::AnotherAccount => "another account",
            Self::EverythingIsAllowed => "everything is allowed",
            Self::DataIsDeleted => "data is deleted",
            Self::NothingIsServed => "nothing is served",
            Self::Lower => "lower",
            Self::SwitchedOff => "switched off",
            Self::SwitchedOn => "switched on",
        }
    }

    fn read(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.words() == words)
    }
}

/// What is asked of a member that has an end or a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifecycleCheck {
    /// How long clients will believe it, and whether AWS renews it.
    CertificateEnd,
    /// The same of the database.
    DatabaseCertificateEnd,
    /// How long the version is supported.
    SupportEnd,
    /// How old the image of the nodes is.
    ImageAge,
    /// How old the password is.
    SecretAge,
    /// That somebody deleted the secret.
    SecretDeletion,
    /// That a key cannot be used.
    KeyState,
    /// That something does not do its work.
    State,
    /// That the service sees something wrong.
    Health,
    /// That a setting waits for a restart.
    RebootDue,
}

impl LifecycleCheck {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::CertificateEnd,
        Self::DatabaseCertificateEnd,
        Self::SupportEnd,
        Self::ImageAge,
        Self::SecretAge,
        Self::SecretDeletion,
        Self::KeyState,
        Self::State,
        Self::Health,
        Self::RebootDue,
    ];

    /// Its words in the tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::CertificateEnd => "certificate end",
            Self::DatabaseCertificateEnd => "database certificate end",
            Self::SupportEnd => "support end",
            Self::ImageAge => "image age",
            Self::SecretAge => "secret age",
            Self::SecretDeletion => "secret deletion",
            Self::KeyState => "key state",
            Self::State => "state",
            Self::Health => "health",
            Self::RebootDue => "reboot due",
        }
    }

    fn read(words: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.words() == words)
    }
}

/// What a change of a member means, with what its class needs.
#[derive(Clone, Debug, PartialEq)]
pub enum MemberClass {
    /// The fields of our document it is compared by.
    Tracked(Vec<&'static str>),
    /// What the cloud answers where nobody ever set it.
    Default(Value),
    /// What was seen first is what is expected.
    Baseline,
    /// Members that may be somebody's.
    Extra {
        /// The word for one.
        word: &'static str,
        /// The field that lists ours.
        ours: Option<&'static str>,
    },
    /// The cloud moves it.
    ByAws,
    /// A check reads it.
    Lifecycle(LifecycleCheck),
    /// Another value means another object.
    Identity,
    /// Nobody could care.
    Ignored,
    /// How the answer is asked for, as the table says it.
    Root(&'static str),
}

/// One row: a member of an answer and what a change of it means.
#[derive(Clone, Debug, PartialEq)]
pub struct MemberRow {
    /// Service and operation, such as `ec2:DescribeSubnets`.
    pub call: &'static str,
    /// Where it stands, as it is spelt; of a root, where the object stands in the answer.
    pub path: &'static str,
    /// The same, read.
    pub place: MemberPath,
    /// What a change means.
    pub class: MemberClass,
    /// How grave it is; `None` where no finding comes of it.
    pub grade: Option<Grade>,
    /// What changes that.
    pub rules: Vec<(Grade, Aggravation)>,
    /// The reason, without the rules.
    pub why: &'static str,
}

impl MemberRow {
    fn read(line: &'static str) -> Result<Self, String> {
        let cells: Vec<&str> = line.split('\t').collect();
        let [call, path, class, value, grade, why] = cells[..] else {
            return Err(format!("{} columns: {line}", cells.len()));
        };
        let wrong = |what: &str| format!("{what}: {line}");
        let grade = match grade {
            "-" => None,
            word => Some(grade_of(word).ok_or_else(|| wrong("no severity"))?),
        };
        let (why, rules) = split_rules(why);
        let class = class_of(class, value).ok_or_else(|| wrong("no class with its value"))?;
        let spelt = if matches!(class, MemberClass::Root(_)) { "" } else { path };
        Ok(Self { call, path, place: MemberPath::parse(spelt)?, class, grade, rules, why })
    }

    /// What identifies it among the rows of its kind, and so among what is remembered of an object.
    pub fn key(&self) -> String {
        format!("{} {}", self.call, self.path)
    }

    /// The field of ours by which its findings count as one, if it names one.
    pub fn field(&self) -> Option<&'static str> {
        match &self.class {
            MemberClass::Tracked(fields) => fields.first().copied(),
            MemberClass::Extra { ours, .. } => *ours,
            MemberClass::Default(_)
            | MemberClass::Baseline
            | MemberClass::ByAws
            | MemberClass::Lifecycle(_)
            | MemberClass::Identity
            | MemberClass::Ignored
            | MemberClass::Root(_) => None,
        }
    }
}

/// The reason and the rules at its end: `… ; critical if lower or open to the world`.
fn split_rules(why: &'static str) -> (&'static str, Vec<(Grade, Aggravation)>) {
    let read = |rule: &str| -> Option<Vec<(Grade, Aggravation)>> {
        let (word, conditions) = rule.split_once(" if ")?;
        let grade = grade_of(word)?;
        conditions.split(" or ").map(|one| Some((grade, Aggravation::read(one)?))).collect()
    };
    match why.rsplit_once("; ").and_then(|(why, rule)| Some((why, read(rule)?))) {
        Some(split) => split,
        None => read(why).map_or((why, Vec::new()), |rules| ("", rules)),
    }
}

fn class_of(class: &str, value: &'static str) -> Option<MemberClass> {
    let none = value == "-";
    Some(match class {
        "tracked" => MemberClass::Tracked(value.split(", ").filter(|field| is_field(field)).collect()),
        "default" => MemberClass::Default(serde_json::from_str(value).ok()?),
        "baseline" if none => MemberClass::Baseline,
        "extra" => match value.split_once("; ") {
            Some((word, ours)) if is_field(ours) => MemberClass::Extra { word, ours: Some(ours) },
            Some(_) => return None,
            None => MemberClass::Extra { word: value, ours: None },
        },
        "by_aws" if none => MemberClass::ByAws,
        "lifecycle" => MemberClass::Lifecycle(LifecycleCheck::read(value)?),
        "identity" if none => MemberClass::Identity,
        "ignored" if none => MemberClass::Ignored,
        "root" => MemberClass::Root(value),
        _ => return None,
    })
    .filter(|class| *class != MemberClass::Tracked(Vec::new()))
}

fn is_field(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

/// The table of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MemberTable {
    /// Its rows, in their order; the first of each call is its root.
    pub rows: Vec<MemberRow>,
    /// How what is not ours is taken away.
    pub removals: Vec<RemovalRow>,
    /// Rows that could not be read, and why. A test fails where there are any.
    pub faults: Vec<String>,
}

impl MemberTable {
    /// Reads a table.
    pub fn read(text: &'static str) -> Self {
        let mut table = Self::default();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(removal) = RemovalRow::read(line) {
                table.removals.push(removal);
                continue;
            }
            match MemberRow::read(line) {
                Ok(row) => table.rows.push(row),
                Err(fault) => table.faults.push(fault),
            }
        }
        table
    }

    /// How grave it is that the object is not there: the severity of the call that tells so.
    pub fn missing(&self) -> Option<Grade> {
        let roots = self.rows.iter().filter(|row| matches!(row.class, MemberClass::Root(_)));
        roots.filter_map(|row| row.grade).max()
    }

    /// The rows of one call.
    pub fn of_call<'t>(&'t self, call: &'t str) -> impl Iterator<Item = &'t MemberRow> {
        self.rows.iter().filter(move |row| row.call == call)
    }
}

/// The tables of all kinds.
#[derive(Clone, Debug, Default)]
pub struct MemberTables(BTreeMap<Kind, MemberTable>);

impl MemberTables {
    /// Reads the tables of a catalogue.
    pub fn of(catalog: &Catalog) -> Self {
        Self(catalog.iter().map(|(kind, facts)| (kind.clone(), MemberTable::read(facts.described))).collect())
    }

    /// The table of one kind; `None` for a kind that the catalogue does not have.
    pub fn get(&self, kind: &Kind) -> Option<&MemberTable> {
        self.0.get(kind)
    }

    /// All tables by kind.
    pub fn iter(&self) -> impl Iterator<Item = (&Kind, &MemberTable)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_read_with_its_rules() {
        let table = MemberTable::read(
            "# comment\n\
             s:Get\tThings[]\troot\teach; absent NoSuch; ID=name\thigh\twhy\n\
             s:Get\tRole\textra\tpolicy; policies\thigh\tone; more; critical if lower or open to the world\n\
             s:Get\tA.B\tdefault\t{\"a\": 1}\tlow\tcritical if switched on\n\
             s:Get\tC\ttracked\tingress, egress\t-\tx",
        );
        assert_eq!(table.faults, Vec::<String>::new());
        assert_eq!(table.rows[0].class, MemberClass::Root("each; absent NoSuch; ID=name"));
        let row = &table.rows[1];
        assert_eq!(row.class, MemberClass::Extra { word: "policy", ours: Some("policies") });
        assert_eq!(row.why, "one; more");
        let critical = |rule| (Grade::Critical, rule);
        assert_eq!(row.rules, [critical(Aggravation::Lower), critical(Aggravation::OpenToTheWorld)]);
        assert_eq!(row.key(), "s:Get Role");
        assert_eq!(table.rows[2].class, MemberClass::Default(json!({"a": 1})));
        assert_eq!((table.rows[2].why, table.rows[2].rules.len()), ("", 1));
        assert_eq!(table.rows[3].class, MemberClass::Tracked(vec!["ingress", "egress"]));
        assert_eq!((table.of_call("s:Get").count(), table.missing()), (4, Some(Grade::High)));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_a_fault() {
        for wrong in [
            "s:Get\tA\tdefault\tnull\tlow",
            "s:Get\tA\tdefault\tnull\tgrave\tx",
            "s:Get\tA\tdefault\tnothing\tlow\tx",
            "s:Get\tA\tstrange\t-\tlow\tx",
            "s:Get\tA\ttracked\t-\tlow\tx",
            "s:Get\tA\tlifecycle\tweather\tlow\tx",
            "s:Get\tA..B\tignored\t-\t-\tx",
        ] {
            let table = MemberTable::read(wrong);
            assert_eq!((table.rows.len(), table.faults.len()), (0, 1), "{wrong}");
        }
    }
}
