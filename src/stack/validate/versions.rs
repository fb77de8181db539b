//! Rules of versions that no day changes. Whether a version is still supported today is not judged here: the declaration
//! of what stands must be readable also on the day after.

use super::{Rules, example};
use crate::model::support::Product;
use crate::model::values::{EngineVersion, KubernetesVersion};

/// How many versions beyond the newest that is known here may have come since: three a year of Kubernetes, for three years.
const KUBERNETES_TO_COME: u16 = 9;
/// The same for `PostgreSQL`: one a year.
const POSTGRESQL_TO_COME: u16 = 3;
/// The oldest that RDS ran when this program came to be: nothing older can stand. It does not follow the calendar, for
/// what was made once must stay readable.
const OLDEST_POSTGRESQL: u16 = 11;

impl Rules<'_> {
    /// Source: Kubernetes' feature gates: `nodeTaintsPolicy` and `matchLabelKeys` of spread constraints are on by
    /// default from 1.27.
    pub(super) fn kubernetes_version(&mut self) {
        let path = "kubernetes.version";
        let Some(version) = self.values.text::<KubernetesVersion>(path) else { return };
        let newest = Product::Kubernetes.newest().number;
        if version.minor() < 27 {
            self.refuse(
                &[path],
                format!(
                    "Kubernetes {version} cannot spread the pods as needed, and EKS has retired it: 1.27 is the least"
                ),
                format!("write {}", example(path)),
            );
        } else if version.minor() > newest + KUBERNETES_TO_COME {
            self.refuse(
                &[path],
                format!("there is no Kubernetes {version}: the newest that is known here is 1.{newest}"),
                format!("write one of {}", listed(Product::Kubernetes)),
            );
        }
    }

    pub(super) fn engine_version(&mut self) {
        let path = "database.engine_version";
        let Some(version) = self.values.text::<EngineVersion>(path) else { return };
        let newest = Product::PostgreSql.newest().number;
        let wrong = if version.major() < OLDEST_POSTGRESQL {
            format!("RDS does not run PostgreSQL {version} any more: {OLDEST_POSTGRESQL} is the oldest")
        } else if version.major() > newest + POSTGRESQL_TO_COME {
            format!("there is no PostgreSQL {version}: the newest that is known here is {newest}")
        } else {
            return;
        };
        self.refuse(&[path], wrong, format!("write one of {}", listed(Product::PostgreSql)));
    }
}

fn listed(product: Product) -> String {
    let all: Vec<String> = product.known().map(|release| format!("\"{}\"", release.version)).collect();
    all.join(", ")
}
