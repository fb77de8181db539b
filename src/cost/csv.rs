//! The lines of an estimate for a spreadsheet (RFC 4180, with a line feed at the end of each line).

use std::fmt::Write as _;

use super::estimate::{CostEstimate, CostLine, CostOutcome};

/// The names of the columns. Amounts are in US dollars with six digits behind the point.
const COLUMNS: [&str; 12] = [
    "stack",
    "region",
    "component",
    "objects",
    "what",
    "item",
    "quantity",
    "unit",
    "unit_price",
    "price_date",
    "usd_a_month",
    "remark",
];

impl CostEstimate {
    /// A line for each thing that is billed, under the names of the columns. What has no price, or is not included, has no amount
    /// and a remark.
    pub fn csv(&self, stack: &str) -> String {
        let mut text = line(&COLUMNS.map(str::to_owned));
        for one in &self.lines {
            text.push_str(&line(&self.cells(stack, one)));
        }
        text
    }

    fn cells(&self, stack: &str, one: &CostLine) -> [String; 12] {
        let objects: Vec<String> = one.objects.iter().map(ToString::to_string).collect();
        let [item, quantity, unit, price, date, amount, remark] = match &one.outcome {
            CostOutcome::Priced { item, unit, quantity, price, amount } => [
                item.clone(),
                quantity.to_string(),
                unit.clone(),
                price.told(),
                price.date.to_string(),
                amount.to_string(),
                if price.is_assumed { "the price is assumed".to_owned() } else { String::new() },
            ],
            CostOutcome::NoPrice { item, quantity } => {
                let remark = format!("no price is known in {}", self.region);
                [item.clone(), quantity.to_string(), String::new(), String::new(), String::new(), String::new(), remark]
            }
            CostOutcome::NotIncluded(why) => {
                let mut cells = <[String; 7]>::default();
                cells[6] = format!("not included: {why}");
                cells
            }
        };
        let (component, objects, what) = (one.component.word().to_owned(), objects.join(" "), one.what.clone());
        let (stack, region) = (stack.to_owned(), self.region.clone());
        [stack, region, component, objects, what, item, quantity, unit, price, date, amount, remark]
    }
}

fn line(cells: &[String; 12]) -> String {
    let mut text = String::new();
    for (n, cell) in cells.iter().enumerate() {
        let comma = if n == 0 { "" } else { "," };
        let _ = if cell.contains([',', '"', '\n', '\r']) {
            write!(text, "{comma}\"{}\"", cell.replace('"', "\"\""))
        } else {
            write!(text, "{comma}{cell}")
        };
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_comma_or_a_quote_would_break_is_quoted() {
        let mut cells = <[String; 12]>::default();
        (cells[0], cells[1], cells[2]) = ("a,b".to_owned(), "say \"c\"".to_owned(), "d".to_owned());
        assert_eq!(line(&cells), "\"a,b\",\"say \"\"c\"\"\",d,,,,,,,,,\n");
    }
}
