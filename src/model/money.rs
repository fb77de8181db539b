//! Amounts of money, and the quantities of which they are sums.
//!
//! Promises: whole micro-dollars and fractions of whole numbers, never a float, so that equal questions have equal answers
//! to the last digit. A line of an estimate is rounded once, to the nearest micro-dollar, a half up; sums are exact; what
//! people read is rounded from the exact sum.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub};

use serde::{Deserialize, Serialize};

/// Micro-dollars in a dollar.
const DOLLAR: u64 = 1_000_000;
/// Micro-dollars in a cent.
const CENT: u64 = 10_000;

/// An amount in micro-dollars (a millionth of a US dollar), such as what something costs in a month; below zero for what
/// is saved. Amounts beyond nine million million dollars stay there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many micro-dollars.
    pub const fn micro(micro: i64) -> Self {
        Self(micro)
    }

    /// What a quantity costs at a price, in micro-dollars for one: rounded to the nearest micro-dollar, a half up.
    pub fn of(price_micro: u64, quantity: &Quantity) -> Self {
        let Quantity { numerator, denominator } = *quantity;
        let doubled = u128::from(price_micro).saturating_mul(numerator).saturating_mul(2).saturating_add(denominator);
        Self(i64::try_from(doubled / denominator.saturating_mul(2)).unwrap_or(i64::MAX))
    }

    /// The amount in micro-dollars.
    pub const fn as_micro(self) -> i64 {
        self.0
    }

    /// The amount without its sign.
    pub const fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// The amount as people read it: whole dollars from ten on, with a comma before each three digits, cents below; a half
    /// is rounded away from zero. `2,022`, `5.84`, `-223`, `0`.
    pub fn told(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = (self.magnitude() + CENT / 2) / CENT;
        if self.0 == 0 {
            return "0".to_owned();
        }
        if cents < 1000 {
            let sign = if cents == 0 { "" } else { sign };
            return format!("{sign}{}.{:02}", cents / 100, cents % 100);
        }
        format!("{sign}{}", grouped(u128::from((self.magnitude() + DOLLAR / 2) / DOLLAR)))
    }

    /// As [`Money::told`], with its sign also where it is more: `+223`.
    pub fn told_change(self) -> String {
        let told = self.told();
        if self.0 > 0 { format!("+{told}") } else { told }
    }
}

impl fmt::Display for Money {
    /// Writes dollars with all six digits behind the point: `1340.280000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:06}", self.magnitude() / DOLLAR, self.magnitude() % DOLLAR)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Add::add)
    }
}

/// How much of something there is in a month: a fraction of whole numbers, which are never rounded.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    numerator: u128,
    /// Never zero.
    denominator: u128,
}

impl Quantity {
    /// A whole number.
    pub fn whole(number: u64) -> Self {
        Self { numerator: number.into(), denominator: 1 }
    }

    /// As many times as much.
    #[must_use]
    pub fn times(self, factor: u64) -> Self {
        Self { numerator: self.numerator.saturating_mul(factor.into()), ..self }
    }

    /// One of so many equal parts; all of it where the parts are none.
    #[must_use]
    pub fn divided_by(self, parts: u64) -> Self {
        Self { denominator: self.denominator.saturating_mul(parts.max(1).into()), ..self }
    }

    /// What is above a whole number of it; nothing where it is not more.
    #[must_use]
    pub fn above(self, floor: u64) -> Self {
        let floor = self.denominator.saturating_mul(floor.into());
        Self { numerator: self.numerator.saturating_sub(floor), ..self }
    }

    /// The same, but no more than a whole number.
    #[must_use]
    pub fn at_most(self, ceiling: u64) -> Self {
        let ceiling = Self::whole(ceiling);
        if self > ceiling { ceiling } else { self }
    }

    /// Whether it is none.
    pub const fn is_none(&self) -> bool {
        self.numerator == 0
    }

    /// The number as people read it: whole numbers as they are, others rounded to whole ones from ten on and to hundredths
    /// below.
    pub fn told(&self) -> String {
        let hundredths = self.scaled(100);
        if self.numerator.is_multiple_of(self.denominator) || hundredths >= 1000 {
            return grouped(self.scaled(1));
        }
        format!("{}.{:02}", hundredths / 100, hundredths % 100)
    }

    /// So many times the number, rounded to a whole one, a half up.
    fn scaled(&self, by: u128) -> u128 {
        let doubled = self.numerator.saturating_mul(by).saturating_mul(2).saturating_add(self.denominator);
        doubled / self.denominator.saturating_mul(2)
    }
}

impl fmt::Display for Quantity {
    /// Writes a whole number as it is, another with six digits behind the point, rounded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.numerator.is_multiple_of(self.denominator) {
            return write!(f, "{}", self.numerator / self.denominator);
        }
        let millionths = self.scaled(DOLLAR.into());
        write!(f, "{}.{:06}", millionths / u128::from(DOLLAR), millionths % u128::from(DOLLAR))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let mine = self.numerator.saturating_mul(other.denominator);
        mine.cmp(&other.numerator.saturating_mul(self.denominator))
    }
}

/// A number with a comma before each three digits.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_is_whole_from_ten_dollars_on() {
        let told = |micro: i64| Money::micro(micro).told();
        assert_eq!(told(0), "0");
        assert_eq!(told(5_840_000), "5.84");
        assert_eq!(told(9_994_999), "9.99");
        assert_eq!(told(9_995_000), "10");
        assert_eq!(told(10_499_999), "10");
        assert_eq!(told(1_340_280_000), "1,340");
        assert_eq!(told(2_022_500_000), "2,023");
        assert_eq!(told(1_234_567_000_000), "1,234,567");
        assert_eq!([told(-223_200_000), told(-4_999)], ["-223", "0.00"]);
        assert_eq!(Money::micro(223_200_000).told_change(), "+223");
    }

    #[test]
    fn a_line_is_rounded_once_to_the_nearest_micro_dollar() {
        let half = Quantity::whole(1).divided_by(2);
        assert_eq!([1, 2, 3, 5].map(|price| Money::of(price, &half).as_micro()), [1, 1, 2, 3]);
        let third = Quantity::whole(1_000_000).divided_by(3);
        assert_eq!(Money::of(1, &third).as_micro(), 333_333);
        assert_eq!(Money::of(612_000, &Quantity::whole(3 * 730)).to_string(), "1340.280000");
        assert_eq!(Money::micro(-1).to_string(), "-0.000001");
    }

    #[test]
    fn quantities_are_cut_and_compared_without_rounding() {
        let many = Quantity::whole(100).divided_by(3);
        assert_eq!((many.to_string(), many.told()), ("33.333333".to_owned(), "33".to_owned()));
        assert_eq!(many.above(33), Quantity::whole(1).divided_by(3));
        assert_eq!((many.at_most(20), many.at_most(34)), (Quantity::whole(20), many));
        assert!(many.above(34).is_none() && many > Quantity::whole(33));
        assert_eq!([Quantity::whole(2190), many.above(33)].map(|one| one.told()), ["2,190", "0.33"]);
    }

    #[test]
    fn what_is_too_large_stays_large() {
        let most = Money::micro(i64::MAX);
        assert_eq!((most + most, Money::of(u64::MAX, &Quantity::whole(u64::MAX))), (most, most));
    }
}
