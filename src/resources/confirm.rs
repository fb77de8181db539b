//! Whether what was made or changed is as it was asked for, now that its calls and waits are through.
//!
//! Promises: for the kinds that ask for it, done means that every field that can be changed is seen as it was ordered;
//! where one is not, the error names it, what was ordered and what there is. What forces another object is the next
//! plan's to find: an object that was taken over may differ in it. Nothing is changed by looking.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::cloud::aws::{AskedOnce, Lookup, Provision, ReadOutcome, Reading, Writing};
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::document::Document;
use crate::model::resource::OnChange;

// Reads may lag behind what was just done; a minute is what the lists of EC2 take at worst.
const LOOKS: u32 = 6;
const EVERY: WaitPolicy = WaitPolicy::seconds(0, 600, 10);

/// Looks at what was made or changed until it is as `wanted`.
///
/// # Errors
/// When it could not be read, is gone, or is not as it was asked for.
pub(super) async fn confirm<R: Provision>(
    wanted: &R,
    computed: &R::Computed,
    cx: &Writing<'_>,
) -> Result<(), CloudError> {
    if !R::CONFIRMED {
        return Ok(());
    }
    let address = &cx.mark.address;
    let doing = format!("bring {address} to what was ordered");
    let mut ids = cx.ids.clone();
    ids.insert(address, &Document::of(computed));
    let ids = &ids;
    let looks = AtomicU32::new(0);
    let flaws = until(cx, &doing, EVERY, || async {
        // Every look asks anew.
        let once = AskedOnce::default();
        let (stack, surroundings) = (&cx.mark.stack, &cx.surroundings);
        let look = &Reading { aws: cx.aws, ids, stack, surroundings, removing: false, networks: &[], once: &once };
        let lookup = Lookup {
            address: address.clone(),
            declared: Some(wanted.clone()),
            recorded: Some((wanted.clone(), computed.clone())),
            attempted: Vec::new(),
            old: BTreeSet::new(),
        };
        let found = R::observe(vec![lookup], look).await.remove(address).expect("a look answers for every address")?;
        let ReadOutcome::Present(found) = found else { return Ok(Poll::Failed("it is not there any more".to_owned())) };
        let flaws = flaws::<R>(&Document::of(wanted), &Document::of(&found.declared));
        let last = looks.fetch_add(1, Ordering::Relaxed) + 1 >= LOOKS;
        Ok(if flaws.is_empty() || last { Poll::Ready(flaws) } else { Poll::Pending(flaws.join("; ")) })
    })
    .await?;
    if flaws.is_empty() {
        return Ok(());
    }
    let message = format!("AWS says that it is done, and it is not as it was ordered: {}", flaws.join("; "));
    Err(CloudError::new(ErrorKind::Refused, doing, message))
}

/// What differs from what was ordered, in words.
fn flaws<R: Provision>(wanted: &Document, there: &Document) -> Vec<String> {
    let fields = R::FIELDS.iter().filter(|field| can_change(field.on_change));
    let differing = fields.filter_map(|field| {
        let (ordered, found) = (given(wanted, field.name), given(there, field.name));
        let words = |value: Option<&Value>| value.map_or("nothing".to_owned(), ToString::to_string);
        (ordered != found).then(|| match R::flaw(field.name, ordered) {
            Some(flaw) => flaw.to_owned(),
            None => format!("{} was ordered to be {} and is {}", field.name, words(ordered), words(found)),
        })
    });
    differing.collect()
}

fn can_change(on_change: OnChange) -> bool {
    match on_change {
        OnChange::Update | OnChange::UpdateDangling | OnChange::UpdateStepwise => true,
        OnChange::Replace | OnChange::Ignore => false,
    }
}

fn given<'d>(document: &'d Document, field: &str) -> Option<&'d Value> {
    document.get(field).filter(|value| !value.is_null())
}
