//! What has to be brought into a network that does not reach the internet, and how.

use crate::helm::image_of_line;
use crate::model::partition::Partition;
use crate::product::Release;

/// A thing to bring in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OfflineItem {
    /// What it is.
    pub what: String,
    /// What it is for, how large it is, what to mind: whole sentences.
    pub about: String,
    /// What to type on a machine that reaches the internet, and then on one inside.
    pub commands: Vec<String>,
}

/// What the list depends on.
#[derive(Clone, Debug)]
pub struct OfflineSite {
    /// Version of the chart.
    pub chart_version: String,
    /// Region of the registry.
    pub region: String,
    /// Account of the registry, if the declaration names it.
    pub account: Option<String>,
    /// Major version of the database.
    pub postgres: String,
    /// Whether the AWS Load Balancer Controller has to run in the cluster.
    pub controller: bool,
    /// Where the packages go.
    pub packages: Packages,
}

/// What is declared of the place for packages from outside.
#[derive(Clone, Debug)]
pub enum Packages {
    /// Nothing.
    Nowhere,
    /// A file system, and no setting of the server names where it is.
    Mounted {
        /// Its id.
        file_system: String,
        /// Where pods have it.
        path: String,
    },
    /// A file system, and a setting of the server that names where it is.
    Named {
        /// Its id.
        file_system: String,
        /// Where pods have it.
        path: String,
        /// Section and key.
        setting: String,
    },
}

impl Packages {
    /// What is left to do about it.
    fn about(&self) -> String {
        let check = "Which setting leads there depends on its version, and is not known here: see \"Air-Gapped Package Manager\" \
                     in Posit's documentation, and let the server check its configuration before the rollout.";
        let copied = |file_system: &str, path: &str| {
            format!(
                "Check what was fetched and copy it to {file_system}, readable for user and group 999: \
                 package_manager.offline_data mounts it at {path} in every pod."
            )
        };
        match self {
            Packages::Nowhere => format!(
                "Check what was fetched and copy it to an EFS file system, readable for user and group 999. Nothing \
                 declared leads there yet: package_manager.offline_data mounts the file system in every pod, and \
                 package_manager.settings tells the server where. {check}"
            ),
            Packages::Mounted { file_system, path } => format!(
                "{} No setting in package_manager.settings names that path yet, so the server would not look there. \
                 {check}",
                copied(file_system, path)
            ),
            Packages::Named { file_system, path, setting } => {
                format!("{} {setting} in package_manager.settings names that path. {check}", copied(file_system, path))
            }
        }
    }
}

/// The list, in the order in which it is worked through.
pub fn offline_checklist(site: &OfflineSite) -> Vec<OfflineItem> {
    let (repository, tag) = image_of_line(&site.chart_version);
    let version = Release::in_tag(tag).map(|release| release.version).unwrap_or_default();
    let account = site.account.as_deref().unwrap_or("ACCOUNT");
    let registry = Partition::of_region(&site.region).host(&format!("{account}.dkr.ecr"), &site.region);
    let mirror = |from: &str, repository: &str, tag: &str| {
        vec![
            format!("aws ecr create-repository --region {} --repository-name {repository}", site.region),
            format!("docker pull {from}/{repository}:{tag}"),
            format!("docker tag {from}/{repository}:{tag} {registry}/{repository}:{tag}"),
            format!("docker push {registry}/{repository}:{tag}"),
        ]
    };
    // "Offline Downloader" in the appendix of Posit's administration guide.
    let fetch = |what: &str, more: &str| {
        vec![format!("rspm-offline-downloader {what} --rspm-version {version} --destination ./offline{more}")]
    };
    let validate = ["cran", "bioconductor", "pypi"].map(|source| fetch(&format!("validate {source}"), " --packages"));
    let item = |what: &str, about: &str, commands: Vec<String>| OfflineItem {
        what: what.to_owned(),
        about: about.to_owned(),
        commands,
    };
    let mut list = vec![
        item(
            "The image of Package Manager",
            &format!(
                "The values must name the mirror: image.repository and the whole image.tag. Look up which version the \
                 chart brings (`helm show chart rstudio-pm --repo https://helm.rstudio.com --version {}`) if it is not the \
                 one written here.",
                site.chart_version
            ),
            mirror("docker.io", repository, tag),
        ),
        item(
            "The image of psql",
            "Only for `ppm-infra secrets --with-database-job` (package_manager.usage_data needs it). It is taken from the registry of \
             package_manager.image, or from where `--database-image` says.",
            mirror("docker.io", "library/postgres", &site.postgres),
        ),
    ];
    if site.controller {
        list.push(item(
            "The AWS Load Balancer Controller",
            "load_balancer.targets is target_group_binding: its chart and image must be in place before the pods.",
            vec!["helm pull aws-load-balancer-controller --repo https://aws.github.io/eks-charts".to_owned()],
        ));
    }
    list.extend([
        item(
            "The chart",
            "Its index leads to downloads from GitHub, so it is carried in as a file.",
            vec![format!("helm pull rstudio-pm --repo https://helm.rstudio.com --version {}", site.chart_version)],
        ),
        item(
            "The license",
            "A file: nothing asks for it over the network. `ppm-infra secrets --license FILE` makes its Secret.",
            Vec::new(),
        ),
        item(
            "CRAN",
            "Sources take 120 GB or more; binaries about 200 GB for each version of R on each distribution and \
             architecture, which --include-binaries, --r-versions, --distributions and --architectures name. The version \
             named must be that of the server.",
            fetch("get cran", ""),
        ),
        item(
            "Bioconductor",
            "Up to 220 GB for each release, more than 2.6 TB for all. Leave it out where nobody needs it.",
            fetch("get bioconductor", ""),
        ),
        item(
            "PyPI",
            "More than 20 TB as a whole: name what you need in a file of requirements.",
            fetch("get pypi", " --file-in ./requirements.txt"),
        ),
        item(
            "Known vulnerabilities",
            "Small. It ages: fetch it again with every update of the packages.",
            // Its documentation of 2024 knows no version here, that of 2025 does.
            if version.starts_with("2024.") {
                vec!["rspm-offline-downloader get vulns --destination ./offline".to_owned()]
            } else {
                fetch("get vulns", "")
            },
        ),
        item(
            "All of it inside",
            &site.packages.about(),
            validate.concat(),
        ),
    ]);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_follows_the_declaration() {
        let site = OfflineSite {
            chart_version: "0.20.4".to_owned(),
            region: "eu-west-1".to_owned(),
            account: None,
            postgres: "17".to_owned(),
            controller: false,
            packages: Packages::Nowhere,
        };
        let text = format!("{:?}", offline_checklist(&site));
        for part in [
            "posit/package-manager:2026.08.0-ubuntu-24.04",
            "ACCOUNT.dkr.ecr.eu-west-1.amazonaws.com/",
            "--version 0.20.4",
            "get pypi --rspm-version 2026.08.0 --destination ./offline --file-in ./requirements.txt",
            "get vulns --rspm-version 2026.08.0",
            "validate cran --rspm-version 2026.08.0 --destination ./offline --packages",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let place = |packages: &Packages| {
            let list = offline_checklist(&OfflineSite { packages: packages.clone(), ..site.clone() });
            list.last().map(|item| item.about.clone()).unwrap_or_default()
        };
        let (file_system, path) = ("fs-01".to_owned(), "/mnt/in".to_owned());
        let mounted = Packages::Mounted { file_system: file_system.clone(), path: path.clone() };
        let named = Packages::Named { file_system, path, setting: "Manifest.URL".to_owned() };
        for (packages, says) in [
            (&Packages::Nowhere, "Nothing declared leads there yet: package_manager.offline_data"),
            (&mounted, "No setting in package_manager.settings names that path yet"),
            (&named, "Manifest.URL in package_manager.settings names that path"),
        ] {
            let about = place(packages);
            assert!(about.contains(says) && about.contains("check its configuration before the rollout"), "{about}");
        }
        assert!(place(&mounted).contains("copy it to fs-01") && place(&mounted).contains("mounts it at /mnt/in"));
        let older =
            OfflineSite { chart_version: "0.5.43".to_owned(), controller: true, account: Some("1".to_owned()), ..site };
        let china = offline_checklist(&OfflineSite { region: "cn-north-1".to_owned(), ..older.clone() });
        assert!(format!("{china:?}").contains("1.dkr.ecr.cn-north-1.amazonaws.com.cn/"));
        let europe = offline_checklist(&OfflineSite { region: "eusc-de-east-1".to_owned(), ..older.clone() });
        assert!(format!("{europe:?}").contains("1.dkr.ecr.eusc-de-east-1.amazonaws.eu/"));
        let text = format!("{:?}", offline_checklist(&older));
        assert!(text.contains("get vulns --destination"), "{text}");
        for part in ["ubuntu2204-2024.11.0", "1.dkr.ecr", "--rspm-version 2024.11.0", "Load Balancer Controller"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
