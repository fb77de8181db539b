//! Settings of the server that cannot be written, are decided by other keys, or give a secret away.

use super::check_all;

/// A declaration with these settings: they begin in line 5.
fn settings(lines: &str) -> String {
    format!("package_manager:\n  settings:\n    {}\n", lines.replace('\n', "\n    "))
}

/// Cases are lines of settings, and the problems: line and column in the file, path below the settings, message, hint.
fn refused(cases: &[(&str, &[super::Expected])]) {
    for (lines, problems) in cases {
        let paths: Vec<String> =
            problems.iter().map(|(_, _, path, ..)| format!("package_manager.settings.{path}")).collect();
        let problems: Vec<(usize, usize, &str, &str, &str)> = problems
            .iter()
            .zip(&paths)
            .map(|((line, column, _, message, hint), path)| (*line, *column, path.as_str(), *message, *hint))
            .collect();
        super::check(&format!("{}{}", super::HEAD, settings(lines)), &problems);
    }
}

#[test]
#[rustfmt::skip]
fn shapes_that_cannot_be_written() {
    check_all(&[
        ("package_manager: {settings: [Git]}\n",
            &[(3, 29, "package_manager.settings", "expected sections, each with its settings indented below, found a list", "{ Git: { PollInterval: 10m } }")]),
        ("package_manager:\n  settings:\n",
            &[(4, 3, "package_manager.settings", "no value is written", "the server's own settings hold")]),
        ("package_manager: {settings: {Metrics: }}\n",
            &[(3, 30, "package_manager.settings.Metrics", "the section is empty, which breaks the chart's templates", "delete the line")]),
    ]);
    refused(&[
        ("Git: {}",
            &[(5, 5, "Git", "the section is empty", "write its settings below")]),
        ("Git: 5m",
            &[(5, 10, "Git", "expected settings indented below, found the text `5m`", "`Key: value` lines")]),
        ("Git: [a]",
            &[(5, 10, "Git", "found a list", "`Key: value` lines")]),
        ("G_it: {A: b}",
            &[(5, 5, "G_it", "`G_it` cannot name a section", "letters and digits")]),
        ("S3Storage cache: {A: b}",
            &[(5, 5, "S3Storage cache", "cannot name a section", "'S3Storage \"cache\"'")]),
        ("'S3Storage \"cache': {A: b}",
            &[(5, 5, "S3Storage \"cache", "cannot name a section", "in quotes of its own")]),
        ("Git: {Poll_Interval: 5m}",
            &[(5, 11, "Git.Poll_Interval", "`Poll_Interval` cannot name a setting", "a letter first")]),
        ("Git: {PollInterval: }",
            &[(5, 11, "Git.PollInterval", "no value is written", "\"\" for an empty value")]),
        ("Git: {PollInterval: ~}",
            &[(5, 11, "Git.PollInterval", "no value is written", "delete the line")]),
        ("S3Storage:\n  cache: {Bucket: x}",
            &[(6, 14, "S3Storage.cache", "a setting cannot have keys of its own", "'S3Storage \"cache\"': {Bucket: …}")]),
        ("Git: {Timeout: 1.10}",
            &[(5, 20, "Git.Timeout", "YAML reads `1.10` as the number 1.1", "put it in quotes: \"1.10\"")]),
        ("Git: {Mode: 0x10}",
            &[(5, 17, "Git.Mode", "YAML reads `0x10` as the number 16", "put it in quotes: \"0x10\"")]),
        ("Git: {Mode: 007}",
            &[(5, 17, "Git.Mode", "YAML reads `007`", "put it in quotes: \"007\"")]),
        ("Server: {RVersion: []}",
            &[(5, 24, "Server.RVersion", "the list has no items", "write items")]),
        ("Server: {RVersion: [4.5, true, [a], ~]}",
            &[
                (5, 25, "Server.RVersion", "the number 4.5, and a list of texts is wanted", "\"4.5\""),
                (5, 30, "Server.RVersion", "the boolean true, and a list of texts", "\"true\""),
                (5, 36, "Server.RVersion", "expected text, found a list", "items of text"),
                (5, 41, "Server.RVersion", "expected text, found nothing", "items of text"),
            ]),
        ("Git: {Path: \"a\\tb\"}",
            &[(5, 17, "Git.Path", "the character U+0009", "leave it out")]),
        ("Server: {RVersion: [a, \"b\\n\"]}",
            &[(5, 24, "Server.RVersion", "the character U+000A", "as a list")]),
        ("Git: {Interval: 1m, interval: 2m}",
            &[(5, 25, "Git.interval", "`interval` is the setting `Interval` of line 5 to the server", "keep one")]),
        ("Git: {A: ~}\nHTTP: {Listen: x}\n'X \"y\"': {Token: z}",
            &[
                (5, 11, "Git.A", "no value is written", "delete the line"),
                (6, 12, "HTTP.Listen", "port 4242", "delete the line"),
                (7, 22, "X \"y\".Token", "a secret in plain text", "add it to pod.env of the values"),
            ]),
        ("Git: {A: x}\ngit: {B: y}",
            &[(6, 5, "git", "`git` is the section `Git` of line 5 to the server", "keep one")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn what_other_keys_decide() {
    refused(&[
        ("Server:\n  Address: https://a.example.com\n  EncryptionKeyPath: /etc/key",
            &[
                (6, 7, "Server.Address", "Server.Address follows from load_balancer", "write load_balancer.domain"),
                (7, 7, "Server.EncryptionKeyPath", "comes from a Secret", "delete the line"),
            ]),
        ("HTTP: {Listen: ':8080'}",
            &[(5, 12, "HTTP.Listen", "lead to port 4242", "delete the line")]),
        ("HTTPS: {Listen: ':4242'}",
            &[(5, 21, "HTTPS.Listen", "HTTP listens on port 4242 already", "another port")]),
        ("metrics: {enabled: false, listen: ':9000'}",
            &[
                (5, 15, "metrics.enabled", "metrics.enabled is set by this program", "the load balancer does not lead there"),
                (5, 31, "metrics.listen", "port 2112", "delete the line"),
            ]),
        ("Database: {Provider: sqlite}",
            &[(5, 16, "Database.Provider", "the database is PostgreSQL", "delete the line")]),
        ("Postgres:\n  URL: 'postgres://u:p@h/d'\n  UsageDataURL: 'postgres://h/d'\n  Password: x\n  UsageDataPassword: x",
            &[
                (6, 7, "Postgres.URL", "the database of the stack", "`database`"),
                (7, 7, "Postgres.UsageDataURL", "follows from package_manager.usage_data", "usage_data: database or schema"),
                (8, 7, "Postgres.Password", "comes from a Secret", "delete the line"),
                (9, 7, "Postgres.UsageDataPassword", "comes from a Secret", "delete the line"),
            ]),
        ("PostgresPool: {maxopenconnections: 10}",
            &[(5, 20, "PostgresPool.maxopenconnections", "follows from package_manager.database_connections", "package_manager.database_connections")]),
        ("Storage: {Default: file, Cache: File}",
            &[
                (5, 15, "Storage.Default", "follows from package_manager.shared_storage", "go to the bucket"),
                (5, 37, "Storage.Cache", "in a directory of each pod", "write s3"),
            ]),
        ("S3Storage: {Bucket: b, Region: eu-west-1, KeyID: k}",
            &[
                (5, 17, "S3Storage.Bucket", "follows from storage.bucket", "storage.bucket"),
                (5, 28, "S3Storage.Region", "follows from region", "delete"),
                (5, 47, "S3Storage.KeyID", "encrypt by itself", "storage.kms"),
            ]),
        ("Licensing: {LicenseType: remote}",
            &[(5, 17, "Licensing.LicenseType", "follows from package_manager.license", "license.server")]),
        ("Launcher: {ServerUser: root}",
            &[(5, 28, "Launcher.ServerUser", "refuses to install it as root", "delete the line")]),
    ]);
    check_all(&[
        ("package_manager:\n  shared_storage: {file_system: fs-01234567}\n  settings: {Server: {DataDir: /srv}}\n",
            &[(5, 23, "package_manager.settings.Server.DataDir", "follows from package_manager.shared_storage", "shared_storage.path")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn characters_that_no_line_can_hold() {
    refused(&[
        ("A: {B: \"x\\u2028y\"}", &[(5, 12, "A.B", "the character U+2028", "leave it out")]),
        ("A: {B: \"x\\u2029y\"}", &[(5, 12, "A.B", "the character U+2029", "leave it out")]),
        ("A: {B: \"x\\uFFFE\"}", &[(5, 12, "A.B", "the character U+FFFE", "leave it out")]),
        ("A: {B: [x, \"\\uFFFF\"]}", &[(5, 12, "A.B", "the character U+FFFF", "leave it out")]),
        ("A: {B: \"x\\u0085y\"}", &[(5, 12, "A.B", "the character U+0085", "leave it out")]),
        ("A: {B: \"x\\x7F\"}", &[(5, 12, "A.B", "the character U+007F", "leave it out")]),
        ("A: {B: \"\\u009F\"}", &[(5, 12, "A.B", "the character U+009F", "leave it out")]),
        ("A: {B: \"\\uFEFF\"}", &[(5, 12, "A.B", "the character U+FEFF", "leave it out")]),
        ("\"A \\\"x\\u2028y\\\"\": {B: c}", &[(5, 5, "A \"x\u{2028}y\"", "cannot name a section", "in quotes of its own")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn secrets_in_the_open() {
    refused(&[
        ("Proxy: {URL: 'http://proxy:3128', User: ada, Password: hunter2}",
            &[(5, 60, "Proxy.Password", "a secret in plain text", "as PACKAGEMANAGER_PROXY_PASSWORD")]),
        ("Proxy: {Password: 1234}",
            &[(5, 23, "Proxy.Password", "a secret in plain text", "`rspm encrypt`")]),
        ("Some: {ApiToken: abc, sharedsecret: [a, /b], AccessKey: AKIA0}",
            &[
                (5, 22, "Some.ApiToken", "a secret in plain text", "PACKAGEMANAGER_SOME_APITOKEN"),
                (5, 41, "Some.sharedsecret", "a secret in plain text", "PACKAGEMANAGER_SOME_SHAREDSECRET"),
                (5, 61, "Some.AccessKey", "a secret in plain text", "PACKAGEMANAGER_SOME_ACCESSKEY"),
            ]),
        ("Proxy: {URL: 'http://ada:hunter2@proxy:3128'}",
            &[(5, 18, "Proxy.URL", "the URL contains a password", "Proxy.Password")]),
    ]);
}

#[test]
#[rustfmt::skip]
fn packages_from_outside_that_cannot_be_mounted() {
    check_all(&[
        ("package_manager: {offline_data: {path: /var/lib/rstudio-pm/in}}\n",
            &[
                (3, 19, "package_manager.offline_data.file_system", "`file_system` is missing", "fs-0fedcba9876543210"),
                (3, 40, "package_manager.offline_data.path", "the image keeps things of its own there", ""),
            ]),
        ("package_manager: {offline_data: {file_system: fsap-01234567, access_point: fs-01234567}}\n",
            &[
                (3, 47, "package_manager.offline_data.file_system", "not the id of an EFS file system", "fs-"),
                (3, 76, "package_manager.offline_data.access_point", "not the id of an access point", "fsap-"),
            ]),
        ("package_manager:\n  shared_storage: {file_system: fs-01234567}\n  offline_data: {file_system: fs-11234567, path: /data/in}\n",
            &[(5, 50, "package_manager.offline_data.path", "at /data/in, and the shared storage at /data: one hides the other", "paths apart")]),
        ("package_manager:\n  shared_storage: {file_system: fs-01234567, path: /mnt/ppm-offline/x}\n  offline_data: {file_system: fs-11234567}\n",
            &[(4, 52, "package_manager.shared_storage.path", "one hides the other", "paths apart")]),
        ("package_manager:\n  shared_storage: {file_system: fs-01234567, access_point: fsap-01234567}\n  offline_data: {file_system: fs-01234567, access_point: fsap-01234567}\n",
            &[(5, 58, "package_manager.offline_data.access_point", "this is the shared storage itself", "an access point of their own")]),
        ("package_manager:\n  shared_storage: {file_system: fs-01234567}\n  offline_data: {file_system: fs-01234567, access_point: x}\n",
            &[(5, 58, "package_manager.offline_data.access_point", "not the id of an access point", "")]),
        ("package_manager: {usage_data: databse}\n",
            &[(3, 31, "package_manager.usage_data", "is not one of database, schema", "did you mean `database`?")]),
        ("package_manager: {usage_data: schema}\ndatabase: {instance_class: db.t3.small}\n",
            &[(4, 28, "database.instance_class", "with 2 pools of 50 connections each, want 400", "to 21 or less")]),
    ]);
}
