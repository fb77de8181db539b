//! Versions that end: the defaults have months left.

use jiff::tz::TimeZone;
use ppm_infra::model::support::{DEFAULT_DAYS, MENTIONED_DAYS, Phase, Product};
use ppm_infra::run::Host;

use crate::support::reference::reference;

/// Fails by the calendar, and is meant to: months before people would start with a version that AWS is about to end.
#[test]
fn the_default_versions_have_months_of_support_left() {
    let stack = reference();
    let today = Host::system().now().to_zoned(TimeZone::UTC).date();
    for (product, key, number) in [
        (Product::Kubernetes, "kubernetes.version", stack.kubernetes.version.minor()),
        (Product::PostgreSql, "database.engine_version", stack.database.engine_version.major()),
    ] {
        let release = product.release(number).expect("the default is in the table");
        let Phase::Standard(Some(left)) = release.lifetime.phase(today) else {
            panic!("standard support of the default, {} {}, is over", product.name(), release.version)
        };
        assert!(
            left >= DEFAULT_DAYS,
            "{name} {version}, the default, has {left} days of standard support left, and a default is to have \
             {DEFAULT_DAYS}. To do: compare src/model/support.rs with AWS's release calendar (the tables name it), set \
             the newer default of `{key}` in src/stack/keys/table.rs, add the version to tests/emulator/strict, \
             `make schema`, README",
            name = product.name(),
            version = release.version,
        );
    }
    const { assert!(DEFAULT_DAYS > MENTIONED_DAYS, "nobody starts with a version that is mentioned at once") };
}
