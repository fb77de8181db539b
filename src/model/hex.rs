//! Bytes as hexadecimal text.

/// Two digits for each byte, in lower case.
pub fn hex_digits(bytes: &[u8]) -> impl Iterator<Item = char> {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_two_digits_the_upper_half_first() {
        assert_eq!(hex_digits(&[0x00, 0x0f, 0xa5, 0xff]).collect::<String>(), "000fa5ff");
        assert_eq!(hex_digits(&[]).next(), None);
    }
}
