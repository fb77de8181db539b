//! Networks.

use ppm_infra::resources::vpc::Vpc;

use crate::support::lifecycle::Lab;

pub(crate) fn sample() -> Vpc {
    Vpc { cidr: "10.0.0.0/16".parse().unwrap(), dns_support: true, dns_hostnames: true, tags: Lab::tags("vpc", "main") }
}

#[tokio::test]
async fn a_network_is_made_found_changed_and_removed() {
    let mut lab = Lab::new(0).await;
    let vpc = sample();
    lab.make("main", &vpc).await;
    lab.find_again::<Vpc>("main").await;
    let mut changed = Vpc { dns_hostnames: false, ..vpc.clone() };
    changed.tags.insert("team".to_owned(), "data".to_owned());
    lab.change("main", &changed).await;
    lab.change("main", &vpc).await;
    lab.remove::<Vpc>("main").await;
}
