//! The table of list prices: what one unit of an item costs in a region, and when AWS published that.
//!
//! Promises: whole micro-dollars as they were published; a price that was not read for its region or version says so; where
//! there is none, nobody guesses one.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// The table of the program, written by `docs/prices/table.py`.
const TEXT: &str = include_str!("prices.tsv");

static TABLE: LazyLock<PriceTable> =
    LazyLock::new(|| PriceTable::parse(TEXT).expect("the table was checked by a test"));

/// What one unit of an item costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListPrice {
    /// Micro-dollars for one unit.
    pub micro: u64,
    /// The day on which AWS published it.
    pub date: Date,
    /// Whether it was not read for this region or version, but taken from another.
    pub is_assumed: bool,
}

impl ListPrice {
    /// Dollars for one unit, without zeros at the end: `0.045`, `0.0004`.
    pub fn told(&self) -> String {
        let told = format!("{}.{:06}", self.micro / 1_000_000, self.micro % 1_000_000);
        let short = told.trim_end_matches('0');
        let cents = told.len() - 4;
        told[..short.len().max(cents)].to_owned()
    }
}

/// Between which days the prices of an estimate were published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceDates {
    /// The first.
    pub oldest: Date,
    /// The last.
    pub newest: Date,
}

impl PriceDates {
    /// Those of all these prices; nothing where there are none.
    pub fn of(dates: impl IntoIterator<Item = Date>) -> Option<Self> {
        let dates: Vec<Date> = dates.into_iter().collect();
        Some(Self { oldest: *dates.iter().min()?, newest: *dates.iter().max()? })
    }
}

/// List prices by item and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceTable {
    /// Prices by region, with the unit of each item.
    items: BTreeMap<String, (String, BTreeMap<String, ListPrice>)>,
}

impl PriceTable {
    /// The table that the program was built with.
    pub fn built_in() -> &'static Self {
        &TABLE
    }

    /// Reads a table: dates with their letters, the regions, and a line for each item.
    fn parse(text: &str) -> Option<Self> {
        let mut table = Self::default();
        let mut dates: BTreeMap<&str, Date> = BTreeMap::new();
        let mut regions: Vec<&str> = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let item = cells.next()?;
            let unit = cells.next()?;
            if let Some(letter) = item.strip_prefix('@') {
                dates.insert(letter, unit.parse().ok()?);
            } else if regions.is_empty() {
                regions.extend(cells);
            } else {
                let mut prices = BTreeMap::new();
                for region in &regions {
                    let cell = cells.next()?;
                    if cell != "-" {
                        prices.insert((*region).to_owned(), price(cell, &dates)?);
                    }
                }
                table.items.insert(item.to_owned(), (unit.to_owned(), prices));
            }
        }
        Some(table)
    }

    /// The unit of an item, such as `hour`; nothing for an item that is in no list.
    pub fn unit(&self, item: &str) -> Option<&str> {
        self.items.get(item).map(|(unit, _)| unit.as_str())
    }

    /// What one unit of an item costs in a region; nothing where nobody read that.
    pub fn price(&self, item: &str, region: &str) -> Option<ListPrice> {
        self.items.get(item)?.1.get(region).copied()
    }
}

/// A price as a cell has it: micro-dollars, the letter of its day, and perhaps a question mark.
fn price(cell: &str, dates: &BTreeMap<&str, Date>) -> Option<ListPrice> {
    let (told, is_assumed) = cell.strip_suffix('?').map_or((cell, false), |told| (told, true));
    let (micro, letter) = told.split_at_checked(told.len().checked_sub(1)?)?;
    Some(ListPrice { micro: micro.parse().ok()?, date: *dates.get(letter)?, is_assumed })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;

    use jiff::civil::date;

    use super::*;

    /// The table written again, in the one form that `docs/prices/table.py` gives it.
    fn written(table: &PriceTable) -> String {
        let prices = || table.items.values().flat_map(|(_, prices)| prices);
        let dates: BTreeSet<Date> = prices().map(|(_, price)| price.date).collect();
        let regions: BTreeSet<&String> = prices().map(|(region, _)| region).collect();
        let letters: BTreeMap<Date, char> = dates.into_iter().zip('a'..).collect();
        let mut text: String =
            TEXT.lines().take_while(|line| line.starts_with('#')).flat_map(|line| [line, "\n"]).collect();
        for (date, letter) in &letters {
            let _ = writeln!(text, "@{letter}\t{date}");
        }
        let columns: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
        let _ = writeln!(text, "item\tunit\t{}", columns.join("\t"));
        for (item, (unit, prices)) in &table.items {
            let cell = |region: &&String| {
                prices.get(*region).map_or("-".to_owned(), |price| {
                    let mark = if price.is_assumed { "?" } else { "" };
                    format!("{}{}{mark}", price.micro, letters[&price.date])
                })
            };
            let cells: Vec<String> = regions.iter().map(cell).collect();
            let _ = writeln!(text, "{item}\t{unit}\t{}", cells.join("\t"));
        }
        text
    }

    #[test]
    fn the_table_is_as_its_script_writes_it() {
        let table = PriceTable::parse(TEXT).unwrap();
        assert!(written(&table) == TEXT, "docs/prices/table.py sorts items, regions and dates, and lists no idle one");
        assert!(table.items.values().flat_map(|(_, prices)| prices.values()).all(|price| price.micro > 0));
    }

    #[test]
    fn prices_are_read_with_their_day_and_whether_they_are_assumed() {
        let table = PriceTable::built_in();
        let read = |item: &str, region: &str| table.price(item, region);
        let nodes = ListPrice { micro: 612_000, date: date(2026, 7, 20), is_assumed: false };
        assert_eq!(read("ec2 c6a.4xlarge", "us-east-1"), Some(nodes));
        assert_eq!(table.unit("ec2 c6a.4xlarge"), Some("hour"));
        assert!(read("elb alb-lcu-hour", "us-west-2").unwrap().is_assumed);
        assert_eq!(read("elb alb-hour", "eu-west-3"), None, "nobody read one");
        assert_eq!((read("ec2 x1.large", "us-east-1"), read("ec2 c6a.4xlarge", "mars-1")), (None, None));
    }

    #[test]
    fn a_price_is_told_with_cents_at_least_and_no_idle_zeros() {
        let told = |micro: u64| ListPrice { micro, date: date(2026, 1, 1), is_assumed: false }.told();
        assert_eq!([612_000, 45_000, 400, 1_000_000, 0].map(told), ["0.612", "0.045", "0.0004", "1.00", "0.00"]);
    }

    #[test]
    fn a_damaged_table_is_refused() {
        let table = "@a\t2026-01-01\nitem\tunit\tus-east-1\n";
        for cell in ["12b", "a", "", "12", "-1a", "1.5a", "12a??"] {
            assert_eq!(PriceTable::parse(&format!("{table}x y\thour\t{cell}\n")), None, "{cell}");
        }
        assert!(PriceTable::parse(&format!("{table}x y\thour\t12a?\n")).is_some());
    }
}
