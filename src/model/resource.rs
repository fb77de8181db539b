//! What a resource type declares about itself, typed for its own file and erased for the planner.
//!
//! The planner has never heard of a subnet: it works on [`Document`]s and the [`KindFacts`] of their kind. Whether a change
//! is an update or a replacement is data in the table under each struct, complete because [`fields!`](crate::fields)
//! names every field.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::address::{Address, Kind};
use super::audit::{AuditName, ChangingCalls};
use super::billing::{Billing, BillingContext, Charge, KindBilling};
use super::component::Component;
use super::document::Document;
use super::duration::Typical;
use super::facts::quota::Quota;
use super::impact::{FieldImpact, Going, Impact, Noticed};
use super::mark::Tags;
pub use super::replacement::ReplaceOrder;
use super::site::Site;
use super::terraform::{TerraformContext, TerraformError, TerraformObject, TerraformResource};

/// The facts of one resource type. Data only; the calls are elsewhere.
///
/// What every kind has to answer is an item without a default: the compiler names who has not. An item has a default only
/// where that is right for a kind that does not mention it. So do facets begin that are not asked yet: which quota an object
/// counts against; what takes a call, as health does, in `Provision`. What a change of each member of AWS's answers means
/// stands beside the calls, in `described.tsv`.
pub trait Resource: Serialize + DeserializeOwned + Clone + Debug + PartialEq + Send + Sync + 'static {
    /// The kind in addresses and in the lockfile; never renamed.
    const KIND: Kind;
    /// What an object of it is, in words that fit behind "it is": lower case, without a full stop.
    const WHAT: &'static str;
    /// The part of the architecture under which it is shown.
    const COMPONENT: Component;
    /// The summary of an object in one line. `{field}` stands for the value of that field; where one of them
    /// has no value there is no line, nor where this is empty.
    const SUMMARY: &'static str;
    /// What deleting an object takes away for good.
    const HOLDS: Holds;
    /// What a change of each field means; from [`fields!`](crate::fields), so complete by construction.
    const FIELDS: &'static [Field];
    /// Which object goes first when one takes the place of another.
    const REPLACE: ReplaceOrder = ReplaceOrder::CreateFirst;
    /// By which name CloudTrail keeps what was done to an object ("Resource name" of the attributes of `LookupEvents`, in
    /// the CloudTrail User Guide: the name or the id of the resource that the event refers to).
    const AUDIT: AuditName;
    /// What users notice when a field is changed in place, in which case, and for how long. A field without a row is changed
    /// without anything being noticed. A test holds that each row is of a field that is changed in place.
    const NOTICED: &'static [Noticed<Self>];
    /// Which calls change an object, and what may be told of it: an event of one of them is about that object.
    const CHANGED_BY: &'static [ChangingCalls];
    /// What an object is billed for in a month, as it is declared; or why none costs anything. What depends on use that nobody
    /// declared is [not included](super::billing::ChargeAmount::NotIncluded), never left out.
    const BILLING: KindBilling<Self>;
    /// Where a kind has room for one object only: the fields that tell the ground it stands on. An object that moves to
    /// other ground has room beside the old one, so the new one comes first all the same.
    const GROUND: &'static [&'static str] = &[];
    /// The fields that together name one object in AWS: two resources that agree in all of them would be one object. Empty
    /// for kinds whose objects have no name but their id.
    const IDENTITY: &'static [&'static str];
    /// Whether users come in through it: whatever it leads to must be whole before, and for as long as, it leads there.
    const LEADS_USERS: bool = false;
    /// Why no other object can take the place of one while it stands on its ground, neither before it goes nor after;
    /// `None` where one can.
    const HOLDS_ITS_GROUND: Option<&'static str> = None;
    /// Among kinds with a stepwise field: who reaches a rung first, the lowest rank.
    const CLIMB_RANK: u8 = 0;
    /// For how many seconds the cloud may leave a new object of this kind out of its lists. EC2 names no number
    /// ("Eventual consistency"); a minute is what is seen at worst.
    const HIDDEN_SECONDS: u32 = 60;
    /// What the cloud decides: ids, ARNs, endpoints.
    type Computed: Computed;
    /// Its tags, for kinds that carry any: those we manage, the marks of stack and address among them.
    fn tags(&self) -> Option<&Tags>;
    /// What a change in place from `from` to this does to those whose traffic it lets through; `None` for kinds that
    /// hold nobody up, and where nothing of that changes.
    fn passage(&self, from: &Self) -> Option<Passage<Self>> {
        let _ = from;
        None
    }
    /// What one more object takes of the quotas of its account, each with how much; nothing for kinds that no stack has enough
    /// of to reach a quota.
    fn takes(&self) -> Vec<(Quota, u64)>;
    /// What users notice once an object of this kind goes, or once another is made where it is gone.
    fn leaves(&self, computed: &Self::Computed, going: Going) -> Vec<Impact>;
    /// What goes on costing once an object of this kind was deleted with care for what it held, such as a last snapshot.
    fn left_behind(&self) -> Vec<Charge> {
        Vec::new()
    }
    /// What an object is in Terraform, with nothing in it that is secret.
    ///
    /// # Errors
    /// When it points at what is in no record, or was recorded as it was found and nobody can declare that.
    fn terraform(
        &self,
        computed: &Self::Computed,
        context: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError>;
    /// What the simulated cloud at `site` computes for the `serial`-th object it makes.
    fn sample(&self, at: &Address, serial: u64, site: &Site) -> Self::Computed;
}

/// What a change of something like a firewall does to those whose traffic goes through it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passage<T> {
    /// It lets more through than before: to be done before anybody needs it.
    Opens,
    /// It lets less through than before: to be done once nobody needs it any more.
    Closes,
    /// Both. This lets through what is let through before or after, and stands in between.
    Both(T),
}

/// What the cloud decides about an object. Serialises with its primary id as `id` and, where it has one, its ARN as
/// `arn`: references are turned into ids, and ids back into references, through these two.
pub trait Computed: Serialize + DeserializeOwned + Clone + Debug + Send + Sync + 'static {
    /// The id other calls take.
    fn id(&self) -> &str;
    /// What is known of an object of which only the id is known: enough to look at it, which tells the rest. `None` where
    /// the id has not the form it needs.
    fn of_id(id: &str) -> Option<Self>;
}

/// Makes [`Computed`] of a struct whose `id` is all it takes to look at an object. The
/// other fields are named; until the look they stay empty, as they are in no record.
#[macro_export]
macro_rules! id_alone {
    ($ty:ident { $($empty:ident),* $(,)? }) => {
        impl $crate::model::resource::Computed for $ty {
            fn id(&self) -> &str {
                &self.id
            }

            fn of_id(id: &str) -> Option<Self> {
                Some(Self { id: id.to_owned(), $($empty: Default::default()),* })
            }
        }
    };
}

/// What it means when a field changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnChange {
    /// The object is changed in place.
    Update,
    /// As `Update`; and while the object pointed at is replaced delete-first, this field may point at nothing.
    UpdateDangling,
    /// As `Update`; but the value, a dotted number, climbs one rung of [`Node::ladder`] at a time and never falls.
    UpdateStepwise,
    /// Another object takes its place.
    Replace,
    /// Left to others after creation; never a change, never drift.
    Ignore,
}

/// A field and what its change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name of the field in the document.
    pub name: &'static str,
    /// What its change means.
    pub on_change: OnChange,
}

/// Names every field of a resource type with what its change means. A field that is missing or misspelt does not compile.
#[macro_export]
macro_rules! fields {
    ($ty:ident { $($name:ident: $on_change:ident),* $(,)? }) => {{
        const _: fn($ty) = |$ty { $($name: _),* }| ();
        &[$($crate::model::resource::Field {
            name: stringify!($name),
            on_change: $crate::model::resource::OnChange::$on_change,
        }),*]
    }};
}

/// What deleting an object of a kind takes away for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Nothing that is not made again with it.
    Nothing,
    /// What data cannot be read without and nobody can make again, such as a password made at random.
    Secret,
    /// Data that nobody can make again.
    Data {
        /// The word by which `--delete-data` lets it go.
        word: &'static str,
        /// What that takes away, as the help of `--delete-data` says it.
        told: &'static str,
    },
}

impl Holds {
    /// The word by which `--delete-data` lets it go; `None` where no data is held.
    pub const fn data(self) -> Option<&'static str> {
        match self {
            Self::Data { word, .. } => Some(word),
            Self::Nothing | Self::Secret => None,
        }
    }

    /// Whether what it holds cannot be made again: data, or a secret that data cannot be read without.
    pub const fn is_irreplaceable(self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// The facts of one resource type with its type erased.
#[derive(Clone, Copy, Debug)]
pub struct KindFacts {
    /// Where it stands among all kinds, in the order in which they are shown.
    pub place: usize,
    /// What an object of it is.
    pub what: &'static str,
    /// The part of the architecture under which it is shown.
    pub component: Component,
    /// The summary of an object in one line, with `{field}` for the value of a field.
    pub summary: &'static str,
    /// What deleting an object takes away for good.
    pub holds: Holds,
    /// What a change of each field means.
    pub fields: &'static [Field],
    /// Which object goes first in a replacement.
    pub replace: ReplaceOrder,
    /// Where there is room for one: the fields that tell the ground it stands on.
    pub ground: &'static [&'static str],
    /// The fields that together name one object in AWS.
    pub identity: &'static [&'static str],
    /// By which name the audit log keeps what was done to an object; `None` where it keeps nothing.
    pub audit: Option<AuditName>,
    /// Which calls change an object.
    pub changed_by: &'static [ChangingCalls],
    /// Whether users come in through it.
    pub leads_users: bool,
    /// Why no other object can take the place of one that stands on its ground.
    pub holds_its_ground: Option<&'static str>,
    /// How long the verbs usually take. Where the kinds are listed it is put in, from a table of all kinds.
    pub typical: Typical,
    /// Among kinds with a stepwise field: who reaches a rung first.
    pub climb_rank: u8,
    /// For how many seconds the cloud may leave a new object out of its lists.
    pub hidden_seconds: u32,
    /// What a change of each member of the cloud's answers means: a table, as `docs/drift-boundary.md` describes it. Where
    /// the kinds are listed it is put in, so that a kind without one does not compile.
    pub described: &'static str,
    /// What a change in place from one document to another opens and closes for others.
    pub passage: fn(&Document, &Document) -> Option<Passage<Document>>,
    /// What users notice of a change in place from one document to another, of which these fields differ or point at
    /// something new.
    pub noticed: fn(&[&str], &Document, &Document) -> Vec<Impact>,
    /// What users notice once an object with these two documents goes.
    pub leaves: fn(&Document, &Document, Going) -> Vec<Impact>,
    /// Everything there is to say of changes of fields in place.
    pub field_impacts: fn() -> Vec<FieldImpact>,
    /// What an object with this declared document is billed for.
    pub billing: fn(&Document, &BillingContext) -> Billing,
    /// What an object with this declared document takes of the quotas of its account.
    pub takes: fn(&Document) -> Vec<(Quota, u64)>,
    /// What goes on costing once an object with this declared document was deleted with care for what it held.
    pub left_behind: fn(&Document) -> Vec<Charge>,
    /// What an object with these two documents is in Terraform.
    pub terraform: fn(&Document, &Document, &TerraformContext<'_>) -> Result<TerraformObject, TerraformError>,
    /// What the simulated cloud computes.
    pub sample: fn(&Document, &Address, u64, &Site) -> Document,
    /// Whether a declared document has the shape of this kind; the reason if not.
    pub declared: fn(&Document) -> Result<(), String>,
    /// Whether a computed document has the shape of this kind; the reason if not.
    pub computed: fn(&Document) -> Result<(), String>,
}

impl KindFacts {
    /// The facts of `R`, as if it stood first.
    pub const fn of<R: Resource>() -> Self {
        Self {
            place: 0,
            what: R::WHAT,
            component: R::COMPONENT,
            summary: R::SUMMARY,
            holds: R::HOLDS,
            fields: R::FIELDS,
            replace: R::REPLACE,
            ground: R::GROUND,
            identity: R::IDENTITY,
            audit: Some(R::AUDIT),
            changed_by: R::CHANGED_BY,
            leads_users: R::LEADS_USERS,
            holds_its_ground: R::HOLDS_ITS_GROUND,
            typical: Typical::QUICK,
            climb_rank: R::CLIMB_RANK,
            hidden_seconds: R::HIDDEN_SECONDS,
            described: "",
            passage: passage::<R>,
            noticed: noticed::<R>,
            leaves: leaves::<R>,
            field_impacts: field_impacts::<R>,
            billing: billing::<R>,
            takes: |declared| declared.read::<R>().map(|typed| typed.takes()).unwrap_or_default(),
            left_behind: |declared| declared.read::<R>().map(|typed| typed.left_behind()).unwrap_or_default(),
            terraform: terraform::<R>,
            sample: sample::<R>,
            declared: declared::<R>,
            computed: computed::<R>,
        }
    }

    /// A kind of these fields without anything to it: every facet that can be left out is left out, and any document has
    /// its shape.
    pub const fn plain(fields: &'static [Field]) -> Self {
        Self {
            place: 0,
            what: "",
            component: Component::Other,
            summary: "",
            holds: Holds::Nothing,
            fields,
            replace: ReplaceOrder::CreateFirst,
            ground: &[],
            identity: &[],
            audit: None,
            changed_by: &[],
            leads_users: false,
            holds_its_ground: None,
            typical: Typical::QUICK,
            climb_rank: 0,
            hidden_seconds: 60,
            described: "",
            passage: |_, _| None,
            noticed: |_, _, _| Vec::new(),
            leaves: |_, _, _| Vec::new(),
            field_impacts: Vec::new,
            billing: |_, _| Billing::Free("nothing is known of it"),
            takes: |_| Vec::new(),
            left_behind: |_| Vec::new(),
            terraform: |_, _, _| Ok(TerraformResource::not_imported("").into()),
            sample: |_, at, serial, _| [("id".to_owned(), json!(format!("{at}-{serial}")))].into_iter().collect(),
            declared: |_| Ok(()),
            computed: |_| Ok(()),
        }
    }

    /// What a change of `field` means. A field nobody knows any more counts as an update.
    pub fn on_change(&self, field: &str) -> OnChange {
        self.fields.iter().find(|f| f.name == field).map_or(OnChange::Update, |f| f.on_change)
    }
}

fn sample<R: Resource>(declared: &Document, at: &Address, serial: u64, site: &Site) -> Document {
    let typed: R = declared.read().expect("declared documents are made from typed resources");
    Document::of(&typed.sample(at, serial, site))
}

fn terraform<R: Resource>(
    declared: &Document,
    computed: &Document,
    context: &TerraformContext<'_>,
) -> Result<TerraformObject, TerraformError> {
    let typed =
        |reason: serde_json::Error| TerraformError::OtherShape { at: context.at.clone(), reason: reason.to_string() };
    let declared = declared.read::<R>().map_err(typed)?;
    declared.terraform(&computed.read().map_err(typed)?, context)
}

fn passage<R: Resource>(from: &Document, to: &Document) -> Option<Passage<Document>> {
    let (from, to) = (from.read::<R>().ok()?, to.read::<R>().ok()?);
    Some(match to.passage(&from)? {
        Passage::Opens => Passage::Opens,
        Passage::Closes => Passage::Closes,
        Passage::Both(between) => Passage::Both(Document::of(&between)),
    })
}

fn noticed<R: Resource>(fields: &[&str], from: &Document, to: &Document) -> Vec<Impact> {
    let rows = || R::NOTICED.iter().filter(|row| fields.contains(&row.field));
    if rows().next().is_none() {
        return Vec::new();
    }
    let (Ok(from), Ok(to)) = (from.read::<R>(), to.read::<R>()) else { return Vec::new() };
    let holds = |row: &&Noticed<R>| row.case.as_ref().is_none_or(|case| (case.holds)(&from, &to));
    let impact = |row: &Noticed<R>| Impact { field: Some(row.field.into()), ..row.impact.clone() };
    rows().filter(holds).map(impact).collect()
}

fn leaves<R: Resource>(declared: &Document, computed: &Document, going: Going) -> Vec<Impact> {
    let (Ok(declared), Ok(computed)) = (declared.read::<R>(), computed.read()) else { return Vec::new() };
    declared.leaves(&computed, going)
}

fn field_impacts<R: Resource>() -> Vec<FieldImpact> {
    let told = |row: &Noticed<R>| FieldImpact {
        field: row.field,
        case: row.case.as_ref().map(|case| case.words),
        impact: row.impact.clone(),
    };
    R::NOTICED.iter().map(told).collect()
}

fn billing<R: Resource>(declared: &Document, context: &BillingContext) -> Billing {
    // Whoever costs nothing is not even read: there may be many.
    let asked = match R::BILLING {
        KindBilling::Free(why) => return Billing::Free(why),
        KindBilling::Asked(asked) => asked,
    };
    declared.read::<R>().map_or_else(
        |_| Billing::Charged(vec![Charge::not_included("the object", "what is recorded of it is of another version")]),
        |typed| asked(&typed, context),
    )
}

fn declared<R: Resource>(document: &Document) -> Result<(), String> {
    document.read::<R>().map(drop).map_err(|error| format!("declared: {error}"))
}

fn computed<R: Resource>(document: &Document) -> Result<(), String> {
    document.read::<R::Computed>().map(drop).map_err(|error| format!("computed: {error}"))
}

/// The facts of every kind the program knows.
pub type Catalog = BTreeMap<Kind, KindFacts>;

/// One resource as the declaration asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// What is wanted.
    pub declared: Document,
    /// Order without data behind it, each with its reason.
    pub after: BTreeMap<Address, &'static str>,
    /// What it works through while it stands, each with the reason: what is new there comes before a change of this, and
    /// what is old there goes after it. Unlike with `after`, neither making it nor removing it waits.
    pub works_through: BTreeMap<Address, &'static str>,
    /// What it cannot outlive, each with the reason: another object there means another one here.
    pub replaced_with: BTreeMap<Address, &'static str>,
    /// What users notice when another object takes its place, beside what its kind says.
    pub renewal: Vec<Impact>,
    /// Refuse every plan that would delete or replace it.
    pub protect: bool,
    /// Documents to pass through on the way up, lowest first, for kinds with a stepwise field.
    pub ladder: Vec<Document>,
}

impl Node {
    /// A node that wants `resource`.
    pub fn new<R: Resource>(resource: &R) -> Self {
        Self::of(Document::of(resource))
    }

    /// A node that wants what is in this document.
    pub fn of(declared: Document) -> Self {
        Self { declared, ..Self::default() }
    }
}

/// A resource as it is known to exist: what was asked for and what the cloud computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// What was asked for.
    pub declared: Document,
    /// What the cloud computed.
    pub computed: Document,
}

impl Known {
    /// The same, in the memory of `other` where it is the same there: most of what is observed is as it was recorded, and
    /// would otherwise be held twice.
    #[must_use]
    pub fn sharing(self, other: Option<&Self>) -> Self {
        let Some(other) = other else { return self };
        let same = |mine: Document, theirs: &Document| if mine == *theirs { theirs.clone() } else { mine };
        Self { declared: same(self.declared, &other.declared), computed: same(self.computed, &other.computed) }
    }
}
