//! Until when AWS supports the versions of Kubernetes and `PostgreSQL`: a dated calendar, for whatever has to say so
//! without asking AWS, and the one judgement of how near an end is.
//!
//! Leaves to others today's date, and newer dates where AWS was asked (EKS `DescribeClusterVersions`).

use std::sync::LazyLock;

use jiff::civil::{Date, date};

/// The day on which the calendar was last compared with its sources.
pub const SEEN: Date = date(2026, 8, 22);

/// Days before the end of standard support at which it is mentioned: an upgrade takes planning.
pub const MENTIONED_DAYS: i64 = 90;

/// Days of standard support that a version has left at least while it is a default: nobody is to start with one that is
/// about to be mentioned.
pub const DEFAULT_DAYS: i64 = 120;

/// What has versions that end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Product {
    /// Kubernetes, as EKS offers it.
    Kubernetes,
    /// `PostgreSQL`, as RDS offers it.
    PostgreSql,
}

/// A version and its dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionDates {
    /// The version as it is declared: `1.36`, or the major one `17`.
    pub version: &'static str,
    /// Its number among its kind: 36 of 1.36, 17 of 17.
    pub number: u16,
    /// When AWS first offered it.
    pub released: Date,
    /// Until when it is supported.
    pub lifetime: Lifetime,
}

/// Until when something is supported. On the day itself that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The end of standard support.
    pub standard_until: Option<Date>,
    /// The end of extended support, which is paid for.
    pub extended_until: Option<Date>,
}

/// How far a lifetime has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// In standard support; for so many days if that is known.
    Standard(Option<i64>),
    /// In extended support; for so many days if that is known.
    Extended(Option<i64>),
    /// In none.
    Over,
}

/// The calendar, whose dates are compared with their sources on [`SEEN`].
static CALENDAR: LazyLock<Vec<(Product, VersionDates)>> = LazyLock::new(|| {
    let lines = include_str!("support/calendar.txt").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| release(line).expect("a line is a product, a version and three days")).collect()
});

fn release(line: &'static str) -> Option<(Product, VersionDates)> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let product = Product::ALL.into_iter().find(|product| product.name() == name)?;
    let version = words.next()?;
    let number = version.rsplit('.').next()?.parse().ok()?;
    let mut day = || words.next()?.parse().ok();
    let (released, standard_until, extended_until) = (day()?, Some(day()?), Some(day()?));
    Some((product, VersionDates { version, number, released, lifetime: Lifetime { standard_until, extended_until } }))
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Kubernetes, Self::PostgreSql];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "Kubernetes",
            Self::PostgreSql => "PostgreSQL",
        }
    }

    /// Who runs it.
    pub const fn service(self) -> &'static str {
        match self {
            Self::Kubernetes => "EKS",
            Self::PostgreSql => "RDS",
        }
    }

    /// What of the stack runs it.
    pub const fn thing(self) -> &'static str {
        match self {
            Self::Kubernetes => "cluster",
            Self::PostgreSql => "database",
        }
    }

    /// Every version whose dates are known, the oldest first. The newest may not be the newest that AWS offers.
    pub fn known(self) -> impl DoubleEndedIterator<Item = &'static VersionDates> {
        CALENDAR.iter().filter(move |(product, _)| *product == self).map(|(_, release)| release)
    }

    /// The version with this number, if its dates are known.
    pub fn release(self, number: u16) -> Option<&'static VersionDates> {
        self.known().find(|release| release.number == number)
    }

    /// Until when a version is supported that is declared or recorded, such as `1.36`, `17` or `17.4`; nothing where its dates
    /// are not known.
    pub fn lifetime(self, version: &str) -> Option<Lifetime> {
        let mut numbers = version.split('.');
        let number = match self {
            Self::Kubernetes => numbers.nth(1),
            Self::PostgreSql => numbers.next(),
        };
        Some(self.release(number?.parse().ok()?)?.lifetime)
    }

    /// The newest version whose dates are known.
    pub fn newest(self) -> &'static VersionDates {
        self.known().next_back().expect("the calendar has versions of each product")
    }

    /// What is to be said of a version that stands, if anything: how near its end is, or that it is past one. `paid`:
    /// whether extended support was chosen.
    pub fn ending(self, version: &str, lifetime: &Lifetime, today: Date, paid: bool) -> Option<String> {
        let (name, service, thing) = (self.name(), self.service(), self.thing());
        let upgrades = format!("{service} upgrades the {thing} by itself");
        let on = |end: Option<Date>, word: &str| end.map(|end| format!("{word}{end}")).unwrap_or_default();
        Some(match lifetime.phase(today) {
            Phase::Standard(Some(left)) if left < MENTIONED_DAYS => {
                let then = if paid { "it costs more from then on".to_owned() } else { format!("{upgrades} then") };
                let end = on(lifetime.standard_until, " on ");
                format!("standard support of {name} {version} ends{end}, in {}: {then}", days(left))
            }
            Phase::Standard(_) => return None,
            Phase::Extended(_) if !paid => {
                let end = on(lifetime.standard_until, " on ");
                format!("standard support of {name} {version} ended{end}: {upgrades}")
            }
            Phase::Extended(Some(left)) if left < MENTIONED_DAYS => {
                let end = on(lifetime.extended_until, " on ");
                format!("{name} {version} is in extended, paid support, which ends{end}, in {}", days(left))
            }
            Phase::Extended(_) => {
                format!("{name} {version} is in extended, paid support{}", on(lifetime.extended_until, ", until "))
            }
            Phase::Over => {
                let end = on(lifetime.extended_until, " since ");
                format!("{name} {version} is out of support{end}: {upgrades}")
            }
        })
    }
}

impl Lifetime {
    /// How far it has gone on a day.
    pub fn phase(&self, today: Date) -> Phase {
        let left = |end: Date| i64::from((end - today).get_days());
        match (self.standard_until.map(left), self.extended_until.map(left)) {
            (_, Some(..=0)) => Phase::Over,
            (Some(..=0), extended) => Phase::Extended(extended),
            (standard, _) => Phase::Standard(standard),
        }
    }
}

/// So many days, in words.
pub fn days(count: i64) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Date = date(2026, 11, 29);

    fn said(product: Product, number: u16, paid: bool) -> Option<String> {
        let release = product.release(number).unwrap();
        product.ending(release.version, &release.lifetime, TODAY, paid)
    }

    #[test]
    fn an_end_is_said_with_its_date_and_what_follows() {
        let kubernetes = |number, paid| said(Product::Kubernetes, number, paid).unwrap_or_default();
        assert_eq!(
            kubernetes(34, false),
            "standard support of Kubernetes 1.34 ends on 2026-12-02, in 3 days: EKS upgrades the cluster by itself then"
        );
        assert!(kubernetes(34, true).ends_with("in 3 days: it costs more from then on"));
        assert_eq!(
            kubernetes(33, false),
            "standard support of Kubernetes 1.33 ended on 2026-07-29: EKS upgrades the cluster by itself"
        );
        assert_eq!(kubernetes(33, true), "Kubernetes 1.33 is in extended, paid support, until 2027-07-29");
        assert_eq!(
            kubernetes(31, true),
            "Kubernetes 1.31 is out of support since 2026-11-26: EKS upgrades the cluster by itself"
        );
        assert_eq!(kubernetes(35, false), "", "118 days are left");
        let postgres = |number, paid| said(Product::PostgreSql, number, paid).unwrap_or_default();
        assert_eq!(
            postgres(13, false),
            "standard support of PostgreSQL 13 ended on 2026-02-28: RDS upgrades the database by itself"
        );
        assert_eq!(postgres(14, false), "", "91 days are left");
    }

    #[test]
    fn a_version_is_found_by_any_spelling_of_it() {
        let found = |product: Product, version: &str| product.lifetime(version).and_then(|one| one.standard_until);
        assert_eq!(found(Product::Kubernetes, "1.34"), Some(date(2026, 12, 2)));
        assert_eq!(
            [found(Product::PostgreSql, "13"), found(Product::PostgreSql, "13.9")],
            [Some(date(2026, 2, 28)); 2]
        );
        assert_eq!([found(Product::Kubernetes, "34"), found(Product::PostgreSql, "9.6")], [None, None]);
    }

    #[test]
    fn the_day_of_an_end_is_over() {
        let lifetime = Lifetime { standard_until: Some(TODAY), extended_until: Some(date(2026, 11, 30)) };
        assert_eq!(lifetime.phase(TODAY), Phase::Extended(Some(1)));
        assert_eq!(lifetime.phase(date(2026, 11, 28)), Phase::Standard(Some(1)));
        assert_eq!(lifetime.phase(date(2026, 11, 30)), Phase::Over);
        let untold = Lifetime { standard_until: None, extended_until: None };
        assert_eq!(untold.phase(TODAY), Phase::Standard(None));
    }

    #[test]
    fn the_calendar_is_in_order_and_as_aws_promises_them() {
        for product in Product::ALL {
            let known: Vec<&VersionDates> = product.known().collect();
            assert!(known.windows(2).all(|two| two[0].number + 1 == two[1].number), "{known:?}");
            for VersionDates { version, number, released, lifetime } in known {
                let (standard, extended) = (lifetime.standard_until.unwrap(), lifetime.extended_until.unwrap());
                assert!(version.ends_with(&number.to_string()) && *released < standard, "{version}");
                // EKS supports a version for 14 months and 12 more (EKS User Guide, "Version support policy").
                if product == Product::Kubernetes {
                    let months = |a: Date, b: Date| {
                        (i32::from(b.year()) - i32::from(a.year())) * 12 + i32::from(b.month()) - i32::from(a.month())
                    };
                    assert_eq!((months(*released, standard), months(standard, extended)), (14, 12), "{version}");
                }
            }
        }
    }
}
