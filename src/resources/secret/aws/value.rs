//! Making the value of a secret from the randomness of the operating system, in memory that is wiped afterwards.

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use crate::cloud::{CloudError, ErrorKind};
use crate::model::secret::SecretText;
use crate::resources::secret::SecretContent;

/// How long a password is: 190 bits, and short enough for every program that stores it.
const LENGTH: usize = 32;
/// What a password is made of: nothing that must be escaped in a URL, a shell or YAML.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A fresh value.
pub(in crate::resources) fn fresh(content: &SecretContent) -> Result<SecretString, CloudError> {
    let mut text = SecretText::default();
    match content {
        SecretContent::Login { username } => {
            let user = serde_json::Value::from(username.as_str()).to_string();
            for part in ["{\"username\":", &user, ",\"password\":\"", password()?.expose(), "\"}"] {
                text.push_str(part);
            }
        }
        SecretContent::RandomHex { bytes } => {
            text.push_hex(&random(usize::try_from(*bytes).map_err(|error| failed(&error))?)?);
        }
    }
    Ok(text.into())
}

fn password() -> Result<SecretText, CloudError> {
    let mut chosen = Zeroizing::new(Vec::with_capacity(LENGTH));
    while chosen.len() < LENGTH {
        // Bytes that would make some letters likelier than others are thrown away.
        let even = 256 / ALPHABET.len() * ALPHABET.len();
        let random = random(LENGTH)?;
        let letters = random.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < even);
        let missing = LENGTH - chosen.len();
        chosen.extend(letters.map(|byte| ALPHABET[byte % ALPHABET.len()]).take(missing));
    }
    let mut text = SecretText::default();
    text.push_str(std::str::from_utf8(&chosen).expect("the alphabet is ASCII"));
    Ok(text)
}

fn random(count: usize) -> Result<Zeroizing<Vec<u8>>, CloudError> {
    let mut bytes = Zeroizing::new(vec![0; count]);
    getrandom::fill(&mut bytes).map_err(|error| failed(&error))?;
    Ok(bytes)
}

fn failed(error: &dyn std::fmt::Display) -> CloudError {
    CloudError::new(ErrorKind::Bug, "make a secret value", error.to_string())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_login_is_json_with_32_letters_and_digits() {
        let content = SecretContent::Login { username: r#"odd"user"#.to_owned() };
        let value = fresh(&content).unwrap();
        let login: serde_json::Value = serde_json::from_str(value.expose_secret()).unwrap();
        assert_eq!(login["username"], r#"odd"user"#);
        let password = login["password"].as_str().unwrap();
        assert_eq!(password.len(), 32);
        assert!(password.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(login.as_object().unwrap().len(), 2);
    }

    #[test]
    fn hex_has_two_digits_for_each_byte() {
        let value = fresh(&SecretContent::RandomHex { bytes: 512 }).unwrap();
        assert_eq!(value.expose_secret().len(), 1024);
        assert!(value.expose_secret().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn no_two_values_are_the_same_and_none_is_shown() {
        for content in [SecretContent::Login { username: "ppm".to_owned() }, SecretContent::RandomHex { bytes: 16 }] {
            let (one, other) = (fresh(&content).unwrap(), fresh(&content).unwrap());
            assert_ne!(one.expose_secret(), other.expose_secret());
            assert!(!format!("{one:?}").contains(one.expose_secret()));
        }
    }

    #[test]
    fn every_letter_is_as_likely_as_any_other() {
        let mut seen = std::collections::BTreeMap::<u8, u32>::new();
        for _ in 0..2000 {
            for letter in password().unwrap().expose().bytes() {
                *seen.entry(letter).or_default() += 1;
            }
        }
        // 64,000 letters: about 1032 of each, with a deviation of some 32.
        assert_eq!(seen.len(), ALPHABET.len());
        assert!(seen.values().all(|count| (800..1300).contains(count)), "{seen:?}");
    }
}
