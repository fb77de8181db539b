//! Text with a secret in it, while it is put together.
//!
//! Promises: it stands in memory that is wiped, also where it grows; its debug form shows nothing of it.
//!
//! Leaves to others copies that are not ours to wipe: what the SDK and the operating system keep of a request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde::de::{Deserialize, Deserializer, Visitor};

use super::hex::hex_digits;

/// Text with a secret in it.
#[derive(Default)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Adds text.
    pub fn push_str(&mut self, text: &str) {
        self.make_room(text.len());
        self.0.push_str(text);
    }

    /// Adds bytes as hexadecimal digits.
    pub fn push_hex(&mut self, bytes: &[u8]) {
        self.make_room(2 * bytes.len());
        self.0.extend(hex_digits(bytes));
    }

    /// Adds bytes in a form of base64.
    pub fn push_base64(&mut self, form: &GeneralPurpose, bytes: &[u8]) {
        // Four digits for three bytes, and never more.
        let mut digits = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
        let written = form.encode_slice(bytes, &mut digits).expect("there are four digits for three bytes");
        self.push_str(std::str::from_utf8(&digits[..written]).expect("the digits of base64 are ASCII"));
    }

    /// The text itself: for the one call or file that needs it, never for output.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Makes room for more. A `String` that grows leaves what it held in memory that is given back as it is, so this one
    /// moves into a larger one, and what it leaves is wiped.
    fn make_room(&mut self, more: usize) {
        let wanted = self.0.len() + more;
        if wanted > self.0.capacity() {
            let mut larger = Zeroizing::new(String::with_capacity(wanted.max(2 * self.0.capacity())));
            larger.push_str(&self.0);
            self.0 = larger;
        }
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<SecretText> for SecretString {
    fn from(text: SecretText) -> Self {
        SecretString::from(text.expose())
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = SecretText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
        let mut secret = SecretText::default();
        secret.push_str(text);
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn it_grows_by_moving_and_never_in_place() {
        let mut text = SecretText::default();
        for n in 0..200 {
            let before = (text.0.as_ptr(), text.0.capacity());
            text.push_str("0123456789");
            let after = (text.0.as_ptr(), text.0.capacity());
            assert!(after == before || after.1 >= 2 * before.1, "{n}: {before:?} {after:?}");
        }
        assert_eq!(text.expose(), "0123456789".repeat(200));
        assert_eq!(format!("{text:?}"), "SecretText");
        assert_eq!(SecretString::from(text).expose_secret().len(), 2000);
    }

    #[test]
    fn bytes_are_added_as_digits() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, digits) in vectors {
            let mut text = SecretText::from("x".to_owned());
            text.push_base64(&STANDARD, bytes.as_bytes());
            assert_eq!(text.expose(), format!("x{digits}"));
        }
        let mut text = SecretText::default();
        text.push_base64(&URL_SAFE_NO_PAD, &[0xfb, 0xff]);
        text.push_hex(&[0xfb, 0x0f]);
        assert_eq!(text.expose(), "-_8fb0f");
    }

    #[test]
    fn it_is_read_out_of_json_with_and_without_escapes() {
        for (json, read) in [(r#""plain""#, "plain"), (r#""a\"b\u0041""#, "a\"bA")] {
            assert_eq!(serde_json::from_str::<SecretText>(json).unwrap().expose(), read);
        }
        assert!(serde_json::from_str::<SecretText>("5").is_err());
    }
}
