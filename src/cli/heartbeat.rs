//! The heartbeat of a job that looks for drift: sent after every look, whatever was found.

use secrecy::SecretString;

use super::args::Common;
use super::{chosen, out};

/// Sends it, if there is somebody to send it to. One that does not arrive changes nothing: whoever waits for it tells.
pub(super) async fn beat(common: &Common, url: Option<&String>) {
    let Some(url) = url.filter(|url| !url.is_empty()) else { return };
    if chosen::is_rehearsal(common) {
        out::note("No heartbeat was sent: this is a rehearsal.\n");
    } else if let Err(why) = send(&SecretString::from(url.as_str())).await {
        out::note(&format!("warning: the heartbeat did not arrive: {why}\n"));
    }
}

#[cfg(feature = "aws")]
async fn send(url: &SecretString) -> Result<(), String> {
    crate::cloud::aws::heartbeat::beat(url).await.map_err(|error| error.to_string())
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "the same signature as with AWS")]
async fn send(_: &SecretString) -> Result<(), String> {
    Err("this ppm-infra was built without AWS, and talks to nobody".to_owned())
}
