//! `lock status` and `unlock`.

use serde_json::json;

use super::args::{Common, File};
use super::failure::Failure;
use super::place::Place;
use super::{exit, out, workplace};
use crate::store::lease::{Lease, Verdict};
use workplace::Declaration;

/// Shows who works on a stack. Takes no lock.
pub(super) async fn status(common: &Common, file: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let stack = &declaration.stack.stack;
    let (word, lease, silent) = match workplace::store(common, &declaration)? {
        Place::Folder(store) => match store.holder()? {
            Some(holder) => {
                if common.json {
                    out::data(&format!("{}\n", json!({"schema": 1, "lock": "held", "holder": holder})));
                } else {
                    out::data(&format!("{stack} is locked by {holder}\n"));
                }
                return Ok(exit::DONE);
            }
            None => ("free", None, 0),
        },
        Place::Bucket(store) => match store.holder().await? {
            (Verdict::Free(_), _) => ("free", None, 0),
            (Verdict::Held(lease), silent) => ("held", Some(lease), silent.as_secs()),
            (Verdict::Expired(lease), silent) => ("expired", Some(lease), silent.as_secs()),
        },
    };
    if common.json {
        let lease = lease.map(|lease| {
            let Lease { epoch, holder, beaten, steps, .. } = *lease;
            json!({"epoch": epoch, "holder": holder, "last_beat": beaten, "silent_seconds": silent, "steps": steps})
        });
        out::data(&format!("{}\n", json!({"schema": 1, "lock": word, "lease": lease})));
        return Ok(exit::DONE);
    }
    out::data(&match lease {
        None => format!("nobody works on {stack}\n"),
        Some(lease) => {
            let doing = if lease.steps.is_empty() { "nothing yet".to_owned() } else { lease.steps.join(", ") };
            let more = if word == "expired" { "; its lease ran out, and the next apply takes over" } else { "" };
            format!(
                "{stack} is locked by {}\nlast beat  {} by its clock, {silent} s ago{more}\ndoing      {doing}\n",
                lease.holder, lease.beaten
            )
        }
    });
    Ok(exit::DONE)
}

/// Ends somebody's lease.
pub(super) async fn unlock(common: &Common, file: &File, force: bool) -> Result<u8, Failure> {
    let declaration = Declaration::load(file.file.as_deref())?;
    let stack = &declaration.stack.stack;
    let whose = match workplace::store(common, &declaration)? {
        Place::Folder(store) => {
            if let Some(holder) = store.holder()? {
                return Err(Failure::new(exit::BUSY, format!("{stack} is locked by {holder}")).hint(
                    "on one machine the lock goes with its process: end that process, and there is nothing to unlock",
                ));
            }
            None
        }
        Place::Bucket(store) => store.unlock(force).await.map_err(|error| {
            Failure::from(error).hint("`--force` ends it all the same; that run then writes nothing any more")
        })?,
    };
    out::note(&match whose {
        None => format!("Nobody works on {stack}; there was nothing to unlock.\n"),
        Some(lease) => format!("{stack} was locked by {}, and is not any more.\n", lease.holder),
    });
    Ok(exit::DONE)
}
