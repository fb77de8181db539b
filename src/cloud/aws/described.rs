//! What AWS answers about the objects of a stack beyond the fields of a plan: the members of its describe calls, as the
//! tables of the kinds name them (`docs/drift-boundary.md`).
//!
//! The answers a plan rests on are kept while it looks; what it does not ask for is asked beside it. Every object then gets
//! its part of each answer.
//!
//! Promises: no call is made twice for one answer, and none waits for a plan that could do without. What nobody asked has
//! no answer, and what could not be read is said to be so.
//!
//! Leaves what the answers mean to `described`.

mod ask;
mod capture;
mod part;
mod request;
mod take_away;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{join, join_all};
use futures_util::{StreamExt as _, stream};

use self::ask::{Ask, BEYOND_A_PLAN, LEFT_OUT, make};
use self::capture::Look;
use self::part::{Recognisable, part_of, told_of};
use self::request::Parameters;
use super::Clients;
use crate::cloud::ObserveRequest;
use crate::described::root::{Asked, Root, roots};
use crate::model::address::{Address, Kind};
use crate::model::described::{CallAnswers, Described, Inquiry};
use crate::model::index::IdIndex;
use crate::model::observation::Observation;
use crate::model::resource::Known;

pub(in crate::cloud::aws) use capture::Capture;
pub use take_away::take_away;

/// What the tables say of how each kind is asked about.
#[derive(Clone, Debug)]
pub struct Tables<'t>(BTreeMap<Kind, Vec<Root<'t>>>);

impl<'t> Tables<'t> {
    /// Of these kinds, the tables.
    pub fn of(tables: impl IntoIterator<Item = (Kind, &'t str)>) -> Self {
        Self(tables.into_iter().map(|(kind, table)| (kind, roots(table).collect())).collect())
    }

    fn of_kind(&self, kind: &Kind) -> impl Iterator<Item = &Root<'t>> {
        self.0.get(kind).into_iter().flatten().filter(|root| root.is_usual() && !LEFT_OUT.contains(&root.call))
    }

    /// The calls to make so that everything is answered about these objects.
    fn asks<'a>(&'a self, objects: &[Recognisable<'_>]) -> Vec<Ask<'a>> {
        let mut each = Vec::new();
        let mut together: BTreeMap<(&str, Vec<&str>), Ask<'a>> = BTreeMap::new();
        for object in objects {
            for root in self.of_kind(&object.address.kind) {
                let Some(values) = object.values(root) else { continue };
                let by = values.into_iter().map(|(told, value)| (told, BTreeSet::from([value])));
                let ask = Ask { call: root.call, by: by.collect() };
                if root.asked == Asked::Each {
                    each.push(ask);
                    continue;
                }
                let names = ask.by.keys().copied().collect();
                let all = together.entry((root.call, names)).or_insert_with(|| Ask { by: BTreeMap::new(), ..ask });
                for (told, values) in ask.by {
                    all.by.entry(told).or_default().extend(values);
                }
            }
        }
        each.into_iter().chain(together.into_values()).collect()
    }
}

/// What stands there, by `observe`, with the answers it rests on and those about what it does not ask for.
pub async fn describe(
    aws: &Clients,
    tables: &Tables<'_>,
    request: &ObserveRequest<'_>,
    observe: impl Future<Output = BTreeMap<Address, Observation>>,
) -> Described {
    let wanted = tables.0.values().flatten().filter(|root| root.asked != Asked::Deep).map(|root| root.call.to_owned());
    let look = Look::at(wanted.collect());
    let recorded: BTreeMap<&Address, &Known> =
        request.targets.iter().filter_map(|(address, target)| Some((address, target.recorded.as_ref()?))).collect();
    let account = &request.surroundings.account;
    look.during(async {
        let mut at_once = tables.asks(&recognisable(&recorded, request.ids));
        at_once.retain(|ask| BEYOND_A_PLAN.contains(&ask.call));
        let wide = at_once.clone();
        at_once.retain(|ask| !wide.iter().any(|other| ask.comes_with(other)));
        let (observed, ()) = join(observe, make_all(at_once, account, aws)).await;
        // What is gone is not asked about any more. What is not ours, nobody asks about.
        let mut standing: BTreeMap<&Address, &Known> = BTreeMap::new();
        for (address, found) in &observed {
            match found {
                Observation::Present { known, .. } => drop(standing.insert(address, known)),
                Observation::Unread { .. } => standing.extend(recorded.get(address).map(|known| (address, *known))),
                Observation::Absent | Observation::Foreign { .. } => {}
            }
        }
        let standing = recognisable(&standing, request.ids);
        let mut kept = look.take();
        let left = tables.asks(&standing).into_iter().filter_map(|ask| {
            let made: Vec<&Parameters> = kept.iter().filter(|one| one.call == ask.call).map(|one| &one.asked).collect();
            ask.without(&made)
        });
        make_all(left.collect(), account, aws).await;
        kept.extend(look.take());
        let answers = standing.iter().map(|object| {
            let roots = tables.of_kind(&object.address.kind);
            let told = roots.filter_map(|root| Some((root.call.to_owned(), part_of(object, root, &kept)?)));
            (object.address.clone(), told.collect::<CallAnswers>())
        });
        let answers = answers.collect();
        Described { observed, answers }
    })
    .await
}

/// How many calls that are worth making after what was found are under way at once: somebody may have added hundreds.
const AT_ONCE: usize = 8;

/// What is answered to each inquiry; what several ask of one object by one call is put together.
pub async fn inquire(aws: &Clients, account: &str, inquiries: &[Inquiry]) -> BTreeMap<Address, CallAnswers> {
    let look = Look::at(inquiries.iter().map(|one| one.call.to_owned()).collect());
    let asked: Vec<_> = inquiries.iter().map(|one| ask(one, account, aws)).collect();
    look.during(stream::iter(asked).buffer_unordered(AT_ONCE).collect::<()>()).await;
    let kept = look.take();
    let mut answers: BTreeMap<Address, CallAnswers> = BTreeMap::new();
    for one in inquiries {
        let Some(told) = told_of(&one.asked, (one.call, one.path, one.absent), &kept) else { continue };
        answers.entry(one.address.clone()).or_default().entry(one.call.to_owned()).or_default().add(told);
    }
    answers
}

async fn ask(inquiry: &Inquiry, account: &str, aws: &Clients) {
    let by = inquiry.asked.iter().map(|(told, value)| (*told, BTreeSet::from([value.clone()])));
    make(&Ask { call: inquiry.call, by: by.collect() }, account, aws).await;
}

fn recognisable<'a>(known: &BTreeMap<&'a Address, &'a Known>, ids: &'a IdIndex) -> Vec<Recognisable<'a>> {
    known.iter().map(|(address, known)| Recognisable { address, known, ids }).collect()
}

async fn make_all(asks: Vec<Ask<'_>>, account: &str, aws: &Clients) {
    join_all(asks.iter().map(|ask| make(ask, account, aws))).await;
}
