//! Base64 (RFC 4648), as Kubernetes and tokens want it.

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// With padding, as in the data of a Kubernetes Secret.
pub fn standard(bytes: &[u8]) -> String {
    let mut text = digits(bytes, STANDARD);
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// For URLs, without padding.
pub fn url_safe(bytes: &[u8]) -> String {
    digits(bytes, URL_SAFE)
}

fn digits(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    // Made as long as it gets beforehand, so that no copy of a secret stays behind while it grows.
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let digit = |n: usize| char::from(alphabet[(all >> (18 - 6 * n)) as usize & 63]);
        text.extend((0..=three.len()).map(digit));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_the_rfc() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, text) in vectors {
            assert_eq!(standard(bytes.as_bytes()), text);
            assert_eq!(url_safe(bytes.as_bytes()), text.trim_end_matches('='));
        }
        assert_eq!(standard(&[0xfb, 0xff]), "+/8=");
        assert_eq!(url_safe(&[0xfb, 0xff]), "-_8");
    }
}
