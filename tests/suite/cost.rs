//! What a stack costs: the arithmetic against figures that were worked by hand, every kind and region, and what commands
//! say of it.

mod commands;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use ppm_infra::architecture::expand;
use ppm_infra::cost::{CostEstimate, CostLine, PriceTable};
use ppm_infra::engine::state::State;
use ppm_infra::model::billing::{BillingContext, ChargeAmount};
use ppm_infra::model::money::Money;
use ppm_infra::model::surroundings::Surroundings;
use ppm_infra::product::size;
use ppm_infra::resources::catalog;
use ppm_infra::stack::{Stack, amend};

const PAGE: &str = include_str!("../../docs/cost.md");
const REFERENCE: &str = include_str!("../../plans/reference.yaml");

/// Regions in which everything that the reference stack is billed for has a price, as docs/cost.md says.
const WHOLE: [&str; 9] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ca-central-1",
    "eu-west-1",
    "eu-west-2",
    "eu-central-1",
    "ap-southeast-1",
    "ap-northeast-1",
];

/// The reference declaration with keys set: `key=value`.
fn reference(settings: &[&str]) -> Stack {
    let set = |text: String, setting: &&str| {
        let (key, value) = setting.split_once('=').unwrap();
        amend::set(&text, key, value).unwrap()
    };
    Stack::parse("plans/reference.yaml", &settings.iter().fold(REFERENCE.to_owned(), set)).unwrap()
}

fn estimate(stack: &Stack) -> CostEstimate {
    estimate_on(stack, date(2026, 11, 30))
}

fn estimate_on(stack: &Stack, today: jiff::civil::Date) -> CostEstimate {
    let region = stack.region.as_str();
    let surroundings = Surroundings {
        account: "111122223333".to_owned(),
        partition: "aws".to_owned(),
        principal: "arn:aws:iam::111122223333:user/ops".to_owned(),
        zones: ["a", "b", "c", "d"].iter().map(|zone| format!("{region}{zone}")).collect(),
        other_zones: Vec::new(),
        addons: BTreeMap::new(),
    };
    let nodes = expand(stack, &surroundings, &State::empty("ppm-prod", region, String::new(), "0"));
    let context = BillingContext { today, usage: stack.usage };
    CostEstimate::of(nodes.iter().map(|(at, node)| (at, &node.declared)), &catalog(), region, &context)
}

/// A fraction of whole numbers, for arithmetic that owes nothing to the program's.
#[derive(Clone, Copy)]
struct Fraction(i128, i128);

impl Fraction {
    /// A number as people write it, such as `0.0225`.
    fn of(text: &str) -> Self {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        Self(format!("{whole}{part}").parse().unwrap(), 10_i128.pow(part.len().try_into().unwrap()))
    }

    /// Works out a product, or one of a difference in brackets and the rest.
    fn worked(text: &str) -> Self {
        if let Some((inside, rest)) = text.strip_prefix('(').and_then(|text| text.split_once(") × ")) {
            let (from, less) = inside.split_once(" − ").unwrap();
            let (from, less, by) = (Self::worked(from), Self::worked(less), Self::worked(rest));
            let difference = Self(from.0 * less.1 - less.0 * from.1, from.1 * less.1);
            return Self(difference.0 * by.0, difference.1 * by.1);
        }
        let mut words = text.split(' ');
        let mut value = Self::of(words.next().unwrap());
        while let (Some(sign), Some(number)) = (words.next(), words.next()) {
            let Self(n, d) = Self::of(number);
            value = match sign {
                "×" => Self(value.0 * n, value.1 * d),
                "÷" => Self(value.0 * d, value.1 * n),
                other => panic!("{other} in {text}"),
            };
        }
        value
    }

    /// Dollars in whole micro-dollars, a half up.
    fn micro(self) -> i64 {
        i64::try_from((self.0 * 2_000_000 + self.1) / (self.1 * 2)).unwrap()
    }
}

/// Micro-dollars by kind and what they are for.
type Amounts = BTreeMap<(String, String), i64>;

/// The tables that were worked by hand: the settings of each, its rows, and its sum.
fn worked() -> Vec<(Vec<&'static str>, Amounts, i64)> {
    let tables = PAGE.split("<!-- plans/reference.yaml").skip(1).map(|part| {
        let (settings, rest) = part.split_once("-->").unwrap();
        let (mut rows, mut sum) = (Amounts::new(), None);
        for row in
            rest.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2)
        {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            let [_, kind, what, arithmetic, told, _] = cells.as_slice() else { panic!("{row}") };
            let told = Fraction::of(told).micro();
            if *what == "**sum**" {
                sum = Some(told);
                continue;
            }
            assert_eq!(Fraction::worked(arithmetic).micro(), told, "{row}");
            let what = what.trim_end_matches(", first step").trim_end_matches(", second step");
            *rows.entry((kind.trim_matches('`').to_owned(), what.to_owned())).or_insert(0) += told;
        }
        (settings.split_whitespace().collect(), rows, sum.unwrap())
    });
    tables.collect()
}

#[test]
fn the_figures_worked_by_hand_are_those_of_the_program() {
    let tables = worked();
    assert_eq!(tables.len(), 2);
    for (settings, rows, sum) in tables {
        let estimate = estimate(&reference(&settings));
        let mut reckoned = Amounts::new();
        for line in &estimate.lines {
            let Some(amount) = line.amount() else { continue };
            let kind = line.objects[0].kind.to_string();
            *reckoned.entry((kind, line.what.clone())).or_insert(0) += amount.as_micro();
        }
        assert_eq!(reckoned, rows, "{settings:?}");
        assert_eq!(rows.values().sum::<i64>(), sum, "{settings:?}");
        assert_eq!(estimate.total(), Money::micro(sum), "{settings:?}");
        assert_eq!(estimate.by_component().into_values().sum::<Money>(), estimate.total());
    }
}

/// Declarations that between them have every kind and every way to be billed.
const VARIANTS: [&[&str]; 4] = [
    &[],
    &["cost.installs_per_day=1000000", "cost.install_mb=2", "cost.package_tb=600", "cost.fetched_gb=10"],
    &[
        "network.connectivity=air_gapped",
        "package_manager.image.repository=registry.example.com/package-manager",
        "package_manager.image.tag=2026.08.0",
    ],
    &["database.multi_az=false", "kubernetes.nodes.max=9", "kubernetes.nodes.instance_type=t3.xlarge"],
];

#[test]
fn every_kind_is_billed_or_says_why_not_and_the_page_lists_it() {
    let mut seen = BTreeSet::new();
    for settings in VARIANTS {
        let estimate = estimate(&reference(settings));
        seen.extend(estimate.lines.iter().flat_map(|line| &line.objects).map(|at| at.kind.to_string()));
        seen.extend(estimate.free.keys().map(|(kind, _)| kind.to_string()));
        for ((kind, why), objects) in &estimate.free {
            assert!(!why.is_empty() && !objects.is_empty(), "{kind}");
        }
    }
    let kinds: BTreeSet<String> = catalog().keys().map(ToString::to_string).collect();
    assert_eq!(seen, kinds, "these declarations have every kind");
    let (_, table) = PAGE.split_once("| kind | billed for |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed: BTreeSet<String> =
        rows.flat_map(|row| row.split('|').nth(1).unwrap().split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    assert_eq!(listed, kinds, "docs/cost.md lists every kind");
}

#[test]
fn every_item_has_a_price_where_the_page_says_so() {
    let missing = |estimate: &CostEstimate| -> BTreeSet<String> {
        estimate.without_price().filter_map(CostLine::item_without_price).map(str::to_owned).collect()
    };
    for region in WHOLE {
        for settings in VARIANTS {
            let region = format!("region={region}");
            let settings: Vec<&str> =
                settings.iter().copied().chain([region.as_str(), "load_balancer.certificate="]).collect();
            let estimate = estimate(&reference(&settings));
            assert_eq!(missing(&estimate), BTreeSet::new(), "{settings:?}");
            assert!(estimate.total() > Money::micro(500_000_000), "{settings:?}: {}", estimate.total());
        }
    }
    let balancer = "elb alb-hour".to_owned();
    for region in ["eu-west-3", "eu-north-1", "sa-east-1", "us-gov-west-1"] {
        let setting = format!("region={region}");
        let estimate = estimate(&reference(&[&setting, "load_balancer.certificate="]));
        assert!(missing(&estimate).contains(&balancer), "{region}");
    }
    let nowhere = estimate(&reference(&["region=ap-southeast-7", "load_balancer.certificate="]));
    assert_eq!((nowhere.total(), nowhere.dates()), (Money::ZERO, None));
    assert!(missing(&nowhere).len() > 8, "each item is named");
}

/// No list that the table was made of has these, as docs/cost.md says.
const FAMILIES_WITHOUT: [&str; 5] = ["c5", "m5", "r5", "r6a", "r7a"];

#[test]
fn nodes_that_a_pod_can_be_sized_for_have_a_price_but_for_the_families_that_are_named() {
    let families =
        ["c5", "c6a", "c6i", "c7a", "c7i", "m5", "m6a", "m6i", "m7a", "m7i", "r5", "r6a", "r6i", "r7a", "r7i", "t3"];
    let mut priced = 0;
    for family in families {
        for each in ["large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "9xlarge"] {
            let instance_type = format!("{family}.{each}");
            if size(&instance_type, 100).is_err() {
                continue;
            }
            let price = PriceTable::built_in().price(&format!("ec2 {instance_type}"), "us-east-1");
            assert_eq!(price.is_none(), FAMILIES_WITHOUT.contains(&family), "{instance_type}");
            priced += usize::from(price.is_some());
        }
    }
    assert!(priced > 40, "{priced}");
    let named = PAGE.split("**No price is known** for nodes of").nth(1).unwrap().split(';').next().unwrap();
    assert_eq!(named.trim(), "c5, m5, r5, r6a and r7a");
}

/// What extended support costs on a day.
fn extended(settings: &[&str], today: jiff::civil::Date) -> Vec<(String, String)> {
    let estimate = estimate_on(&reference(settings), today);
    let lines = estimate.lines.iter().filter(|line| line.what.starts_with("extended support"));
    lines.map(|line| (line.what.clone(), line.amount().map(|amount| amount.to_string()).unwrap_or_default())).collect()
}

#[test]
fn extended_support_costs_from_the_end_of_standard_support_where_it_was_chosen() {
    let (before, after) = (date(2026, 12, 1), date(2026, 12, 3));
    let kubernetes = ["kubernetes.version=1.34", "kubernetes.extended_support=true"];
    assert_eq!(extended(&kubernetes, before), []);
    // 730 × 0.50
    let told = ("extended support of Kubernetes 1.34".to_owned(), "365.000000".to_owned());
    assert_eq!(extended(&kubernetes, after), [told]);
    assert_eq!(extended(&kubernetes[..1], after), [], "EKS upgrades it instead");
    let postgres = ["database.engine_version=13", "database.extended_support=true"];
    let single = [postgres[0], postgres[1], "database.multi_az=false"];
    let told = |usd: &str| [("extended support of PostgreSQL 13".to_owned(), usd.to_owned())];
    assert_eq!(extended(&postgres, date(2026, 2, 27)), []);
    // 730 × 4 vCPUs × 2 instances × 0.10, and 0.20 in the third year.
    assert_eq!(extended(&postgres, date(2026, 11, 30)), told("584.000000"));
    assert_eq!(extended(&single, date(2026, 11, 30)), told("292.000000"));
    assert_eq!(extended(&postgres, date(2028, 3, 1)), told("1168.000000"));
    assert_eq!(extended(&postgres[..1], date(2026, 11, 30)), []);
}

#[test]
fn what_is_shared_stands_once_and_what_is_not_declared_is_named() {
    let used = estimate(&reference(VARIANTS[1]));
    let shared: Vec<&CostLine> = used.lines.iter().filter(|line| line.objects.len() > 1).collect();
    assert_eq!(shared.len(), 1);
    assert_eq!((shared[0].subject(), shared[0].what.as_str()), ("3 × nat_gateway".to_owned(), "data that passes"));
    let unused = estimate(&reference(&[]));
    for what in
        ["data that passes", "packages", "capacity units", "data to the internet", "requests, one for each install"]
    {
        let line = unused.lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("{what}"));
        assert_eq!(line.amount(), None, "{what}");
        let priced = used.lines.iter().find(|line| line.what == what).unwrap_or_else(|| panic!("{what}"));
        assert!(priced.amount().is_some_and(|amount| amount > Money::ZERO), "{what}");
    }
}

#[test]
fn a_deleted_database_leaves_a_snapshot_and_nothing_else_leaves_anything() {
    let stack = reference(&[]);
    let estimate = estimate(&stack);
    let left: BTreeSet<String> = catalog()
        .into_iter()
        .filter(|(kind, _)| estimate.lines.iter().any(|line| line.objects[0].kind == *kind))
        .filter_map(|(kind, facts)| {
            let surroundings = Surroundings::default();
            let nodes = expand(&stack, &surroundings, &State::empty("ppm-prod", "us-east-1", String::new(), "0"));
            let declared = nodes.into_iter().find(|(at, _)| at.kind == kind)?.1.declared;
            let charges = (facts.left_behind)(&declared);
            let ChargeAmount::Priced { item, quantity } = &charges.first()?.amount else { return None };
            Some(format!("{kind}: {quantity} of {item}"))
        })
        .collect();
    assert_eq!(left, ["database: 100 of rds postgresql.backup-storage".to_owned()].into());
}
