//! `drift --notify`: who is told, when, and what comes of it that it did not arrive.
//!
//! Promises: what is wrong on the command line is refused before anything is read, and never said: it may be a secret. Who
//! cannot be told keeps nobody else from being told, hides no result and changes no exit status.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::args::DriftArgs;
use super::failure::Failure;
use super::{exit, out, typed};
use crate::model::causes::in_one_line;
use crate::model::document::canonical;
use crate::model::finding::Finding;
use crate::notify::{Courier, Parcel, SigningSecret, Target, deliver, signed, sns_subject};
use crate::render;
use crate::report::{NoticeReason, NoticeView, Page};
use crate::run::since::{NoticeRecord, RunChanges, Since};
use crate::run::{PutRightReport, Session, WhoReport};
use crate::store::file;

/// The variable with the secret that webhooks are signed with.
const SECRET: &str = "PPM_INFRA_WEBHOOK_SECRET";

/// After how long it is said again what is still there: once a day, also where today's run begins a little earlier than
/// yesterday's.
const DAILY: SignedDuration = SignedDuration::from_hours(23);

/// Who is told.
pub(super) struct Notices {
    /// By their names, as they are shown and recorded.
    targets: Vec<(String, Target)>,
    secret: Option<SigningSecret>,
    tells_all: bool,
}

/// What there is to tell of.
pub(super) struct Told<'a> {
    /// The stack.
    pub(super) stack: &'a str,
    /// Its region.
    pub(super) region: &'a str,
    /// Its account.
    pub(super) account: &'a str,
    /// When it was looked.
    pub(super) at: Timestamp,
    /// What was found.
    pub(super) findings: &'a [&'a Finding],
    /// The same beside the run before.
    pub(super) since: &'a Since<'a>,
    /// How many objects of the record were not looked at.
    pub(super) left_out: usize,
    /// Who made it.
    pub(super) who: &'a WhoReport,
    /// What was put right by itself.
    pub(super) put_right: &'a PutRightReport,
}

impl Notices {
    /// Those whom the command line names. Refuses what is no target.
    pub(super) fn named(args: &DriftArgs) -> Result<Self, Failure> {
        let mut targets: Vec<(String, Target)> = Vec::new();
        let mut seen = BTreeSet::new();
        for (n, given) in (1..).zip(&args.notify) {
            let wrong = |error: &dyn std::fmt::Display| {
                let heading = format!("the target of --notify number {n} is none: {error}");
                Failure::new(exit::USAGE, heading)
                    .hint(
                        "as in `--notify webhook:https://…`, `slack:https://…`, `sns:arn:…` or `github-issue:issue.md`",
                    )
                    .hint("`webhook:env:NAME` and `slack:env:NAME` take the URL from a variable of the environment")
            };
            let text = from_environment(given).map_err(|name| wrong(&format!("{name} is not set")))?;
            let target = Target::parse(&text).map_err(|error| wrong(&error))?;
            if let Target::GithubIssue(path) = &target {
                super::report_files::may_stand_at(path)?;
            }
            // Two of one host have one name, but for a number.
            let mut name = target.to_string();
            while !seen.insert(name.clone()) {
                name = format!("{target} ({n})");
            }
            targets.push((name, target));
        }
        Ok(Self { targets, secret: secret(args)?, tells_all: args.notify_all })
    }

    /// Tells everybody what there is to tell them; answers what each knows by now. `before` is what they knew.
    pub(super) async fn tell(
        &self,
        session: &Session,
        told: &Told<'_>,
        before: Option<&BTreeMap<String, NoticeRecord>>,
    ) -> BTreeMap<String, NoticeRecord> {
        let mut records = before.cloned().unwrap_or_default();
        for (name, target) in &self.targets {
            let known = records.get(name).cloned().unwrap_or_default();
            let Some(reason) = self.reason(told, &known) else {
                let error = if told.left_out > 0 { known.error.clone() } else { None };
                records.insert(name.clone(), NoticeRecord { error, ..known });
                continue;
            };
            let view = NoticeView {
                stack: told.stack,
                region: told.region,
                account: told.account,
                run: session.run.as_str(),
                at: told.at,
                reason,
                findings: told.findings,
                since: told.since,
                left_out: told.left_out,
                who: told.who,
                put_right: told.put_right,
            };
            let done = self.bring(session, target, &Page::of_notice(&view), told.at).await;
            if let Err(error) = &done {
                out::note(&format!("warning: {name} was not told: {error}\n"));
            }
            let record = match done {
                // The rest is still to be told, by the next look at everything.
                Ok(()) if told.left_out > 0 => known,
                Ok(()) => NoticeRecord { told_at: Some(told.at), owed: false, error: None },
                Err(error) => NoticeRecord { owed: true, error: Some(error), ..known },
            };
            records.insert(name.clone(), record);
        }
        records
    }

    /// Why somebody is told, if there is a reason.
    fn reason(&self, told: &Told<'_>, known: &NoticeRecord) -> Option<NoticeReason> {
        if told.since.changes() != RunChanges::default() || !told.put_right.done.is_empty() {
            return Some(NoticeReason::News);
        }
        if self.tells_all {
            return Some(NoticeReason::Asked);
        }
        // What is still there of the rest is not known now.
        if told.left_out > 0 {
            return None;
        }
        let is_due = known.owed || known.told_at.is_none_or(|last| told.at.duration_since(last) >= DAILY);
        (is_due && (known.owed || !told.findings.is_empty())).then_some(NoticeReason::Digest)
    }

    /// Brings it to one of them.
    async fn bring(&self, session: &Session, target: &Target, page: &Page<'_>, at: Timestamp) -> Result<(), String> {
        let parcel = match target {
            Target::GithubIssue(path) => {
                let body = render::markdown(page, None, typed::text);
                return file::write_whole(path, body.as_bytes()).map_err(|error| in_one_line(&error));
            }
            Target::Webhook(url) => {
                let body = canonical(&typed::json(render::json(page)));
                let headers = signed(self.secret.as_ref(), &session.host.fresh_id(), at.as_second(), &body);
                Parcel::Post { url: url.clone(), headers, body }
            }
            Target::Slack(url) => {
                Parcel::Post { url: url.clone(), headers: Vec::new(), body: canonical(&render::slack(page)) }
            }
            Target::Sns(topic) => Parcel::Publish {
                topic: topic.clone(),
                subject: sns_subject(&page.verdict.to_string()),
                text: typed::text(&render::text(page, false).text(false)),
            },
        };
        let courier = courier()?;
        tokio::select! {
            biased;
            () = session.stop.drained() => Err("stopped".to_owned()),
            done = deliver(&*courier, &parcel, session.time_scale) => done.map_err(|error| error.message),
        }
    }
}

/// A target whose URL may stand in a variable: `slack:env:NAME`. Where that is not set, its name.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn from_environment(given: &str) -> Result<String, String> {
    let Some((kind, name)) = given.split_once(":env:") else { return Ok(given.to_owned()) };
    if !["webhook", "slack"].contains(&kind) {
        return Ok(given.to_owned());
    }
    let value = std::env::var(name).ok().filter(|value| !value.is_empty());
    value.map(|value| format!("{kind}:{}", value.trim())).ok_or_else(|| name.to_owned())
}

/// The secret that webhooks are signed with, if there is one.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn secret(args: &DriftArgs) -> Result<Option<SigningSecret>, Failure> {
    if args.notify.is_empty() {
        return Ok(None);
    }
    let Some(text) = std::env::var(SECRET).ok().filter(|text| !text.is_empty()) else { return Ok(None) };
    let secret = SigningSecret::of(text.into());
    secret.map(Some).ok_or_else(|| {
        Failure::new(exit::USAGE, format!("{SECRET} holds no key")).hint("a key in base64 follows `whsec_`")
    })
}

#[cfg(feature = "aws")]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as without AWS")]
fn courier() -> Result<Box<dyn Courier>, String> {
    Ok(Box::new(crate::notify::NetworkCourier::new()))
}

#[cfg(not(feature = "aws"))]
fn courier() -> Result<Box<dyn Courier>, String> {
    Err("this ppm-infra was built without AWS, and reaches nobody".to_owned())
}
