//! `drift`.

use super::args::{Common, DriftArgs};
use super::drift_files::DriftFiles;
use super::failure::Failure;
use super::{exit, handover, show, workplace};
use crate::report::ValuesFile;
use crate::run::{self, EventEmitter, Stop};
use workplace::Declaration;

/// Shows what somebody else moved, and changes nothing; writes it to the files that were named.
pub(super) async fn drift(common: &Common, args: &DriftArgs, stop: Stop) -> Result<u8, Failure> {
    let files = DriftFiles::named(args)?;
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let mut sinks = show::looking_sinks(common, &session);
    let mut events = EventEmitter::new(&session, &mut sinks);
    let report = run::drift(&session, &book.state, &mut events).await?;
    drop(sinks);
    let values = handover::drift(common, &declaration, &book.state);
    let at = session.host.now();
    let account = &book.state.account;
    show::drift(common, &declaration, account, &report, values.as_ref(), |page| files.write(page, at))?;
    let is_edited = values.as_ref().is_some_and(ValuesFile::is_drift);
    let code = if !report.unread.is_empty() {
        exit::INCOMPLETE
    } else if report.drift.is_empty() && !is_edited {
        exit::DONE
    } else {
        exit::DIFFERENT
    };
    Ok(exit::leaving(code, (report, book, session)))
}
