//! Amounts as Kubernetes writes them.

use super::reviewer::{Reviewer, printed};

/// Suffixes with what they stand for, in thousandths.
const SUFFIXES: [(&str, u128); 12] = [
    ("Ki", 1000 << 10),
    ("Mi", 1000 << 20),
    ("Gi", 1000 << 30),
    ("Ti", 1000 << 40),
    ("Pi", 1000 << 50),
    ("m", 1),
    ("k", 1_000_000),
    ("M", 1_000_000_000),
    ("G", 1_000_000_000_000),
    ("T", 1_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000),
    ("", 1000),
];

/// An amount in thousandths: `4` is 4000, `500m` is 500. Nothing for what is none.
pub(super) fn milli(text: &str) -> Option<u128> {
    let (suffix, times) = SUFFIXES.iter().find(|(suffix, _)| text.ends_with(suffix))?;
    let number = text.strip_suffix(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.len() <= 15 && text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || number.ends_with('.') {
        return None;
    }
    let of_fraction = match fraction {
        "" => 0,
        digits => digits.parse::<u128>().ok()? * times / 10_u128.pow(u32::try_from(digits.len()).ok()?),
    };
    Some(whole.parse::<u128>().ok()? * times + of_fraction)
}

/// An amount in MiB, rounded down.
pub(super) fn mebi(text: &str) -> Option<u64> {
    u64::try_from(milli(text)? / (1000 << 20)).ok()
}

/// An amount in thousandths of one.
pub(super) fn millis(text: &str) -> Option<u64> {
    u64::try_from(milli(text)?).ok()
}

/// Reads `25%`.
pub(super) fn share(text: &str) -> Option<u32> {
    text.strip_suffix('%').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse().ok())
}

/// A quantity as it is written, or what the chart has.
pub(super) fn amount(reviewer: &Reviewer<'_>, path: &str, default: &str) -> String {
    reviewer.at(path).and_then(|member| printed(&member.value)).unwrap_or_else(|| default.to_owned())
}

/// Reads a number or a share of `replicas`.
pub(super) fn of_replicas(
    reviewer: &Reviewer<'_>,
    path: &str,
    default: &str,
    replicas: u32,
    is_rounded_up: bool,
) -> u32 {
    let written = amount(reviewer, path, default);
    match share(&written) {
        Some(percent) if is_rounded_up => (replicas * percent).div_ceil(100),
        Some(percent) => replicas * percent / 100,
        None => written.parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_the_rest_is_not() {
        let amounts = ["4", "500m", "0.5", "8Gi", "1.5Gi", "200Mi", "1G"].map(|text| milli(text).expect("an amount"));
        let gi = 1000_u128 << 30;
        assert_eq!(amounts, [4000, 500, 500, 8 * gi, gi * 3 / 2, 1000 * (200 << 20), 1_000_000_000_000]);
        for text in ["", "Gi", "4 Gi", "4GB", "4gb", "-1", "1.", ".5", "1e3x", "four"] {
            assert_eq!(milli(text), None, "{text}");
        }
        assert_eq!((mebi("8Gi"), millis("2")), (Some(8192), Some(2000)));
    }
}
