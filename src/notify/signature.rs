//! The signature of a webhook, as "Standard Webhooks" has it (standardwebhooks.com, 1.0.0, symmetric): headers
//! `webhook-id`, `webhook-timestamp` and `webhook-signature`, the last one over all three parts, so that neither a body
//! nor an old request can be passed off as a new one. There are libraries that check it for most languages.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// What a secret begins with whose rest is the key in base64.
const ENCODED: &str = "whsec_";

/// The secret that a receiver knows, too.
#[derive(Clone)]
pub struct SigningSecret(SecretString);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret")
    }
}

impl SigningSecret {
    /// The secret in `text`: `whsec_` and a key in base64, or the key itself. Nothing if that is empty or no base64.
    pub fn of(text: SecretString) -> Option<Self> {
        let secret = Self(text);
        (!secret.key()?.is_empty()).then_some(secret)
    }

    fn key(&self) -> Option<Vec<u8>> {
        let text = self.0.expose_secret();
        match text.strip_prefix(ENCODED) {
            Some(encoded) => STANDARD.decode(encoded).ok(),
            None => Some(text.as_bytes().to_vec()),
        }
    }
}

/// The headers of a message; `at` is when it is sent, in seconds since 1970. The same message has the same `id` however
/// often it arrives. Without a secret there is no signature.
pub fn signed(secret: Option<&SigningSecret>, id: &str, at: i64, body: &str) -> Vec<(&'static str, String)> {
    let mut headers = vec![("webhook-id", id.to_owned()), ("webhook-timestamp", at.to_string())];
    if let Some(key) = secret.and_then(SigningSecret::key) {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        headers.push(("webhook-signature", format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // The example of the specification's reference libraries.
        let secret = SigningSecret::of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let headers = signed(Some(&secret), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(
            headers,
            [
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned()),
                ("webhook-timestamp", "1614265330".to_owned()),
                ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".to_owned()),
            ]
        );
        assert_eq!(format!("{secret:?}"), "SigningSecret");
    }

    #[test]
    fn a_secret_is_a_key_or_names_one() {
        assert!(SigningSecret::of("hush".into()).is_some());
        assert!(SigningSecret::of("".into()).is_none() && SigningSecret::of("whsec_".into()).is_none());
        assert!(SigningSecret::of("whsec_%".into()).is_none());
        assert_eq!(signed(None, "a", 1, "{}").len(), 2);
    }
}
