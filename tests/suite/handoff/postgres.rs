//! The database Job against a real server: what it runs is what is printed, as Kubernetes would run it.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use serde_json::Value;

use super::{decoded, manifests, standing};
use crate::support::postgres::Postgres;

/// The password of the application role: a word that takes care to be quoted.
const APPLICATION: &str = r#"it's "\ $HOME %I"#;

/// What the Job's container does, with its environment, and the values of `secrets` where it refers to Secrets.
fn run(job: &Value, secrets: &BTreeMap<(String, String), String>, server: &Postgres) -> Output {
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let command: Vec<&str> =
        container["command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let mut run = Command::new(command[0]);
    run.args(&command[1..]);
    for one in container["env"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let of = &one["valueFrom"]["secretKeyRef"];
        let value = one["value"].as_str();
        let value = value.map_or_else(|| secrets[&(text(&of["name"]), text(&of["key"]))].clone(), str::to_owned);
        run.env(text(&one["name"]), value);
    }
    // The one thing that is not as it would be: where the server is.
    run.env("PGHOST", "127.0.0.1").env("PGPORT", server.port().to_string());
    run.output().unwrap()
}

#[test]
fn the_job_makes_what_is_declared_and_nothing_the_second_time() {
    for (usage, place) in [("", None), ("database", Some("ppm_usage")), ("schema", Some("ppm"))] {
        let Some(server) = Postgres::start() else { return };
        let lines = if usage.is_empty() { String::new() } else { format!("package_manager:\n  usage_data: {usage}\n") };
        let desk = standing(&lines);
        // A role whose name is a word of SQL, too.
        let said = desk.run(&["secrets", "--with-database-job", "--application-role", "user"]).exit(0);
        let all = manifests(&said);
        let job = all.iter().find(|one| one["kind"] == "Job").unwrap();
        let mut secrets = BTreeMap::new();
        for secret in all.iter().filter(|one| one["kind"] == "Secret") {
            let name = secret["metadata"]["name"].as_str().unwrap();
            for (key, value) in secret["data"].as_object().unwrap() {
                secrets.insert((name.to_owned(), key.clone()), decoded(value.as_str().unwrap()));
            }
        }
        let env = job["spec"]["template"]["spec"]["containers"][0]["env"].as_array().unwrap();
        let of = |name: &str| env.iter().find(|one| one["name"] == name).unwrap();
        let application = &of("APPLICATION_PASSWORD")["valueFrom"]["secretKeyRef"];
        let application =
            (application["name"].as_str().unwrap().to_owned(), application["key"].as_str().unwrap().to_owned());
        secrets.insert(application, APPLICATION.to_owned());
        let owner = of("PGUSER")["value"].as_str().unwrap();
        let login = &of("PGPASSWORD")["valueFrom"]["secretKeyRef"];
        let password =
            &secrets[&(login["name"].as_str().unwrap().to_owned(), login["key"].as_str().unwrap().to_owned())];
        server.make_owner(owner, password, "ppm");

        let first = run(job, &secrets, &server);
        assert!(first.status.success(), "{usage}: {}", String::from_utf8_lossy(&first.stderr));
        let ask = |user: &str, password: &str, database: &str, statement: &str| {
            let said = server.query(user, password, database, statement);
            assert!(said.status.success(), "{usage}: {statement}: {}", String::from_utf8_lossy(&said.stderr));
            String::from_utf8(said.stdout).unwrap().trim().to_owned()
        };
        // Who the role is for can do its work, in every place.
        let role = "user";
        ask(role, APPLICATION, "ppm", "CREATE TABLE packages (name text)");
        ask(role, APPLICATION, "ppm", "INSERT INTO packages VALUES ('shiny')");
        match (usage, place) {
            ("database", Some(place)) => drop(ask(role, APPLICATION, place, "CREATE TABLE hits (count int)")),
            ("schema", Some(place)) => drop(ask(role, APPLICATION, place, "CREATE TABLE usage_data.hits (count int)")),
            _ => {
                let names = "SELECT string_agg(datname, ',' ORDER BY datname) FROM pg_database";
                assert_eq!(ask(owner, password, "ppm", names), "postgres,ppm,template0,template1");
                let schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'usage_data'";
                assert_eq!(ask(owner, password, "ppm", schemas), "0");
            }
        }
        let wrong = server.query(role, "another", "ppm", "SELECT 1");
        assert!(!wrong.status.success(), "the password counts");

        // A second time, with data there: nothing is another, and nothing is gone.
        let without_passwords = |dump: String| {
            // A password that is set again is salted again.
            let role = |line: &&str| !line.contains("SCRAM-SHA-256");
            dump.lines().filter(role).fold(String::new(), |text, line| text + line + "\n")
        };
        let before = without_passwords(server.dump());
        let second = run(job, &secrets, &server);
        assert!(second.status.success(), "{usage}: {}", String::from_utf8_lossy(&second.stderr));
        assert_eq!(without_passwords(server.dump()), before, "{usage}");
        assert_eq!(ask(role, APPLICATION, "ppm", "SELECT name FROM packages"), "shiny");
        for said in [&first, &second] {
            let told = [said.stdout.as_slice(), &said.stderr].concat();
            let told = String::from_utf8_lossy(&told);
            assert!(!told.contains(password.as_str()) && !told.contains(APPLICATION), "{told}");
        }

        // Somebody dropped the database: it is made again.
        ask(owner, password, "postgres", "DROP DATABASE ppm");
        let third = run(job, &secrets, &server);
        assert!(third.status.success(), "{usage}: {}", String::from_utf8_lossy(&third.stderr));
        ask(role, APPLICATION, "ppm", "CREATE TABLE again (name text)");
        if usage == "schema" {
            ask(role, APPLICATION, "ppm", "CREATE TABLE usage_data.again (count int)");
        }
    }
}
