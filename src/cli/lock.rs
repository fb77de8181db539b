//! `lock status` and `unlock`.

use serde_json::json;

use super::args::{Common, File};
use super::failure::Failure;
use super::{exit, out, workplace};
use crate::render;
use crate::store::home::Home;
use crate::store::lease::{Lease, Verdict};
use crate::store::{LockInfo, Store};
use workplace::Declaration;

/// Who works on a stack, or did until the lease ran out.
struct Holder {
    word: &'static str,
    info: LockInfo,
    /// What only leases have.
    beat: Option<Beat>,
}

/// The last sign of life.
struct Beat {
    epoch: u64,
    told: String,
    silent: u64,
}

impl Holder {
    fn of(word: &'static str, lease: Lease, silent: u64) -> Self {
        Self { word, info: lease.holder, beat: Some(Beat { epoch: lease.epoch, told: lease.beaten, silent }) }
    }
}

/// Shows who works on a stack, and on what. Takes no lock.
pub(super) async fn status(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let stack = &declaration.stack.stack;
    let mut home = workplace::home(common, &declaration)?;
    let holder = match &home {
        Home::Folder(store) => store.holder()?.map(|info| Holder { word: "held", info, beat: None }),
        Home::Bucket(store) => match store.holder().await? {
            (Verdict::Free(_), _) => None,
            (Verdict::Held(lease), silent) => Some(Holder::of("held", *lease, silent.as_secs())),
            (Verdict::Expired(lease), silent) => Some(Holder::of("expired", *lease, silent.as_secs())),
        },
    };
    // A holder records what it begins before it does; what was not finished is worth knowing, too.
    let book = home.load().await?;
    let steps: Vec<String> =
        book.iter().flat_map(|book| book.open.values()).map(|open| open.intent.step.to_string()).collect();
    out::data(&if common.json {
        document(stack.as_str(), holder, &steps)
    } else {
        text(stack.as_str(), holder, &steps)
    });
    Ok(exit::DONE)
}

fn document(stack: &str, holder: Option<Holder>, steps: &[String]) -> String {
    let word = holder.as_ref().map_or("free", |holder| holder.word);
    let (info, beat) = holder.map_or((None, None), |holder| (Some(holder.info), holder.beat));
    let lease = beat.map(|beat| json!({"epoch": beat.epoch, "last_beat": beat.told, "silent_seconds": beat.silent}));
    let fields = [
        ("stack", json!(stack)),
        ("lock", json!(word)),
        ("holder", json!(info)),
        ("lease", json!(lease)),
        ("steps", json!(steps)),
    ];
    format!("{}\n", render::document(Some("lock status"), fields))
}

fn text(stack: &str, holder: Option<Holder>, steps: &[String]) -> String {
    let listed = if steps.is_empty() { "nothing".to_owned() } else { steps.join("\n           ") };
    let Some(Holder { word, info, beat }) = holder else {
        let left = if steps.is_empty() {
            String::new()
        } else {
            format!("unfinished {listed}\n           the next apply or destroy takes it up\n")
        };
        return format!("nobody works on {stack}\n{left}");
    };
    let more = if word == "expired" { "; its lease ran out, and the next apply takes over" } else { "" };
    let beat = beat.map_or_else(String::new, |beat| {
        format!("last beat  {} by its clock, {} s ago{more}\n", beat.told, beat.silent)
    });
    format!("{stack} is locked by {info}\n{beat}doing      {listed}\n")
}

/// Ends somebody's lease.
pub(super) async fn unlock(common: &Common, file: &File, force: bool) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let stack = &declaration.stack.stack;
    let whose = match workplace::home(common, &declaration)? {
        Home::Folder(store) => {
            if let Some(holder) = store.holder()? {
                return Err(Failure::new(exit::BUSY, format!("{stack} is locked by {holder}")).hint(
                    "on one machine the lock goes with its process: end that process, and there is nothing to unlock",
                ));
            }
            None
        }
        Home::Bucket(store) => store.unlock(force).await.map_err(|error| {
            Failure::from(error).hint("`--force` ends it all the same; that run then writes nothing any more")
        })?,
    };
    out::note(&match whose {
        None => format!("Nobody works on {stack}; there was nothing to unlock.\n"),
        Some(lease) => format!("{stack} was locked by {}, and is not any more.\n", lease.holder),
    });
    Ok(exit::DONE)
}
