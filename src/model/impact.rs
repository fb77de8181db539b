//! What users notice of a change: what kind of thing it is, for about how long, and for whom.
//!
//! Promises: the classes stand in the order of how bad they are, so the worst of several is their maximum. Durations are
//! those that AWS or the field tells of usually, never bounds; each kind of resource says where its own come from.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::replacement::ReplaceOrder;

/// What kind of thing users notice, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImpactClass {
    /// Everything goes on, and something is worth knowing all the same.
    NoOutage,
    /// Somebody may do less, or comes in no more. Nothing that runs stops.
    Access,
    /// Everything goes on, and less of it is left to go on when something fails.
    LessResilient,
    /// Pods or machines are moved or restarted one after the other, while the others serve.
    Rolling,
    /// Connections are cut once, and can be made again at once.
    Interruption,
    /// Another machine takes over; what is asked in between fails.
    Failover,
    /// Something is reached, or comes, from another address than before.
    NewAddress,
    /// It cannot be undone by declaring what was declared before.
    NoWayBack,
    /// Nothing is lost by the change itself, and what would have brought data back is gone.
    DataAtRisk,
    /// Something does not serve for a while, or for good.
    Outage,
    /// Data goes for good.
    DataLoss,
}

impl ImpactClass {
    /// Every class, the worst first.
    pub const ALL: [Self; 11] = [
        Self::DataLoss,
        Self::Outage,
        Self::DataAtRisk,
        Self::NoWayBack,
        Self::NewAddress,
        Self::Failover,
        Self::Interruption,
        Self::Rolling,
        Self::LessResilient,
        Self::Access,
        Self::NoOutage,
    ];

    /// Its words for readers: in capitals where somebody has to be told beforehand.
    pub const fn word(self) -> &'static str {
        match self {
            Self::DataLoss => "DATA LOSS",
            Self::Outage => "OUTAGE",
            Self::DataAtRisk => "DATA AT RISK",
            Self::NoWayBack => "NO WAY BACK",
            Self::NewAddress => "NEW ADDRESS",
            Self::Failover => "FAILOVER",
            Self::Interruption => "INTERRUPTION",
            Self::Rolling => "rolling",
            Self::LessResilient => "less resilient",
            Self::Access => "access",
            Self::NoOutage => "no outage",
        }
    }

    /// What it means, in one sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DataLoss => "data goes for good",
            Self::Outage => "something does not serve for a while, or for good",
            Self::DataAtRisk => "what would bring data back goes",
            Self::NoWayBack => "declaring what was declared before does not undo it",
            Self::NewAddress => "something is reached at, or comes from, another address",
            Self::Failover => "another machine takes over, and what is asked in between fails",
            Self::Interruption => "connections are cut once and can be made again",
            Self::Rolling => "pods or nodes are moved or restarted one after the other, while the others serve",
            Self::LessResilient => "everything goes on, with less left when something fails",
            Self::Access => "somebody may do less, or comes in no more",
            Self::NoOutage => "everything goes on; worth knowing all the same",
        }
    }

    /// Whether it belongs among the risks of a plan.
    pub const fn is_risk(self) -> bool {
        !matches!(self, Self::NoOutage)
    }

    /// Whether what is served or what runs is interrupted, or something is lost: not to be done without a person who
    /// has seen it.
    pub const fn interrupts(self) -> bool {
        match self {
            Self::NoOutage | Self::Access | Self::LessResilient => false,
            Self::Rolling
            | Self::Interruption
            | Self::Failover
            | Self::NewAddress
            | Self::NoWayBack
            | Self::DataAtRisk
            | Self::Outage
            | Self::DataLoss => true,
        }
    }
}

/// For whom something is to be noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Affected {
    /// Everybody who uses Package Manager.
    Everybody,
    /// Who uses the Kubernetes API: people with kubectl, Helm, controllers.
    KubernetesApi,
    /// The nodes and the pods on them, in what they ask of others: packages from upstream, AWS, images.
    Nodes,
    /// Others, who let the nodes in by their addresses.
    Upstream,
    /// Who came from where nobody is let in from any more, or may do what is not allowed any more.
    ShutOut,
    /// Whoever looks after the stack.
    Operators,
}

impl Affected {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Everybody, Self::KubernetesApi, Self::Nodes, Self::Upstream, Self::ShutOut, Self::Operators];

    /// Its words for readers.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Everybody => "everybody",
            Self::KubernetesApi => "who uses the Kubernetes API",
            Self::Nodes => "the nodes and their pods",
            Self::Upstream => "who lets the nodes in by address",
            Self::ShutOut => "who is not let in any more",
            Self::Operators => "who looks after the stack",
        }
    }
}

/// How long something usually lasts, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsualSeconds {
    /// At least.
    pub least: u32,
    /// At most, as a rule.
    pub most: u32,
}

impl fmt::Display for UsualSeconds {
    /// `30-90 s`, `1-2 min`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, by) = if self.most < 120 { ("s", 1) } else { ("min", 60) };
        let (least, most) = (self.least / by, self.most.div_ceil(by));
        if least == most { write!(f, "{most} {unit}") } else { write!(f, "{}-{most} {unit}", least.max(1)) }
    }
}

/// Something that users notice of a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Impact {
    /// What kind of thing.
    pub class: ImpactClass,
    /// For how long as a rule; nothing where no duration can be told, or where it is for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<UsualSeconds>,
    /// For whom.
    pub affected: Affected,
    /// What happens, without a full stop.
    pub what: Cow<'static, str>,
    /// Which one in particular, such as an address that goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub which: Option<String>,
    /// The field whose change in place it comes from; nothing where the object as a whole goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Cow<'static, str>>,
}

impl Impact {
    /// Something of which no duration is told.
    pub const fn of(class: ImpactClass, affected: Affected, what: &'static str) -> Self {
        Self { class, lasts: None, affected, what: Cow::Borrowed(what), which: None, field: None }
    }

    /// Something that lasts from `least` to `most` seconds as a rule.
    pub const fn lasting(
        class: ImpactClass,
        (least, most): (u32, u32),
        affected: Affected,
        what: &'static str,
    ) -> Self {
        let lasts = Some(UsualSeconds { least, most });
        Self { class, lasts, affected, what: Cow::Borrowed(what), which: None, field: None }
    }

    /// The same, about one in particular.
    #[must_use]
    pub fn about(self, which: impl Into<String>) -> Self {
        Self { which: Some(which.into()), ..self }
    }

    /// The same, with words made for the occasion.
    #[must_use]
    pub fn saying(self, what: String) -> Self {
        Self { what: Cow::Owned(what), ..self }
    }

    /// For about how long and for whom.
    pub fn extent(&self) -> String {
        let lasts = self.lasts.map(|lasts| format!("about {lasts}, ")).unwrap_or_default();
        format!("{lasts}{}", self.affected.words())
    }
}

/// One thing users notice when a field of an `R` is changed in place, and in which case.
#[derive(Debug)]
pub struct Noticed<R: 'static> {
    /// The field.
    pub field: &'static str,
    /// In which case; nothing where always.
    pub case: Option<NoticedCase<R>>,
    /// What is noticed.
    pub impact: Impact,
}

/// In which case a change is noticed.
#[derive(Debug)]
pub struct NoticedCase<R: 'static> {
    /// Its words, behind the field: `storage_gib, when it grows`.
    pub words: &'static str,
    /// Whether it is the case of a change from the first to the second.
    pub holds: fn(&R, &R) -> bool,
}

impl<R: 'static> Noticed<R> {
    /// Noticed whatever the field changes to.
    pub const fn always(field: &'static str, impact: Impact) -> Self {
        Self { field, case: None, impact }
    }

    /// Noticed in a case.
    pub const fn when(field: &'static str, words: &'static str, holds: fn(&R, &R) -> bool, impact: Impact) -> Self {
        Self { field, case: Some(NoticedCase { words, holds }), impact }
    }
}

/// One row of what a kind says of its fields, with its type erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldImpact {
    /// The field.
    pub field: &'static str,
    /// In which case; nothing where always.
    pub case: Option<&'static str>,
    /// What is noticed.
    pub impact: Impact,
}

/// How an object goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Going {
    /// Nothing takes its place.
    Deleted,
    /// Another takes its place.
    Replaced(ReplaceOrder),
    /// It is gone already, and another is made.
    MadeAgain,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_the_maximum_and_every_class_has_a_word_of_its_own() {
        assert!(ImpactClass::ALL.is_sorted_by(|a, b| a > b));
        let mut words: Vec<&str> = ImpactClass::ALL.map(ImpactClass::word).to_vec();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ImpactClass::ALL.len());
        assert_eq!(ImpactClass::ALL.into_iter().max(), Some(ImpactClass::DataLoss));
    }

    #[test]
    fn the_page_about_plans_has_a_row_for_every_class_and_for_everybody_affected() {
        let page = include_str!("../../docs/plan.md");
        let name = |value: serde_json::Value| value.as_str().unwrap().to_owned();
        for class in ImpactClass::ALL {
            let row = format!("| {} | `{}` | {} |", class.word(), name(serde_json::json!(class)), class.meaning());
            assert!(page.contains(&row), "docs/plan.md has no row {row}");
        }
        for affected in Affected::ALL {
            let row = format!("| {} | `{}` |", affected.words(), name(serde_json::json!(affected)));
            assert!(page.contains(&row), "docs/plan.md has no row {row}");
        }
    }

    #[test]
    fn durations_are_told_as_people_say_them() {
        let told = [(30, 90), (60, 120), (60, 60), (120, 240), (480, 1500), (0, 119)]
            .map(|(least, most)| UsualSeconds { least, most }.to_string());
        assert_eq!(told, ["30-90 s", "1-2 min", "60 s", "2-4 min", "8-25 min", "1-119 s"]);
    }

    #[test]
    fn an_impact_goes_through_json_and_leaves_out_what_it_has_not() {
        let short = Impact::of(ImpactClass::NoOutage, Affected::Operators, "x");
        let long = Impact {
            field: Some("version".into()),
            ..Impact::lasting(ImpactClass::Outage, (1, 2), Affected::Everybody, "y").about("z")
        };
        for impact in [short, long] {
            let text = serde_json::to_string(&impact).unwrap();
            assert_eq!(serde_json::from_str::<Impact>(&text).unwrap(), impact);
        }
    }
}
