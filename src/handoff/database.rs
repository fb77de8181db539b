//! A Job that makes what Package Manager expects of its database server and RDS does not make: the database again if
//! somebody dropped it, a place for usage data, a role for applications.
//!
//! Promises: run twice it changes nothing the second time; passwords come from Secrets, by environment; what is there is
//! never dropped or emptied.

use serde_json::{Value, json};

use crate::helm::{DATABASE_JOB, DATABASE_SECRET, DATABASE_SECRET_KEY};
use crate::product::{USAGE_SCHEMA, UsageData, usage_database};

/// Where the Job runs, and what it is to make.
#[derive(Clone, Debug)]
pub struct DatabaseJob {
    /// Namespace of the release.
    pub namespace: String,
    /// Endpoint address of the database server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// User that owns the database.
    pub user: String,
    /// The database.
    pub database: String,
    /// Place of its own for usage data, if one is declared.
    pub usage_data: Option<UsageData>,
    /// Container image with `psql` 14 or newer.
    pub image: String,
    /// A role that may log in and use everything; the name of the Secret with its password, under the key `password`.
    pub application: Option<(String, String)>,
}

/// User and group of the container: nobody who owns anything.
const UID: u32 = 65534;

/// The Job.
pub fn database_job(job: &DatabaseJob) -> Value {
    let from_secret = |name: &str, secret: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}});
    let plain = |name: &str, value: &str| json!({"name": name, "value": value});
    let mut env = vec![
        plain("PGHOST", &job.host),
        plain("PGPORT", &job.port.to_string()),
        plain("PGUSER", &job.user),
        // The database every server has.
        plain("PGDATABASE", "postgres"),
        plain("PGSSLMODE", "require"),
        plain("PGCONNECT_TIMEOUT", "10"),
        from_secret("PGPASSWORD", DATABASE_SECRET, DATABASE_SECRET_KEY),
    ];
    if let Some((_, secret)) = &job.application {
        env.push(from_secret("APPLICATION_PASSWORD", secret, "password"));
    }
    let container = json!({
        "name": "psql",
        "image": job.image,
        "command": ["/bin/sh", "-ec", format!("exec psql --no-psqlrc -v ON_ERROR_STOP=1 <<'SQL'\n{}SQL\n", sql(job))],
        "env": env,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
    });
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": DATABASE_JOB, "namespace": job.namespace},
        "spec": {
            "backoffLimit": 6,
            "activeDeadlineSeconds": 600,
            // A Job cannot be changed: it goes by itself, so that it can be made again.
            "ttlSecondsAfterFinished": 600,
            "template": {"spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": false,
                // What the pod security level "restricted" asks for.
                "securityContext": {
                    "runAsNonRoot": true, "runAsUser": UID, "runAsGroup": UID,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container],
            }},
        },
    })
}

/// The statements. `psql` puts the values in and quotes them; `\gexec` runs what a query answers, so what is there
/// already answers nothing and runs nothing.
fn sql(job: &DatabaseJob) -> String {
    let database = &job.database;
    let mut lines = vec![format!("\\set database {}", literal(database)), make_database("database")];
    if job.usage_data == Some(UsageData::Database) {
        lines.push(format!("\\set usage {}", literal(&usage_database(database))));
        lines.push(make_database("usage"));
    }
    if let Some((role, _)) = &job.application {
        lines.push(format!("\\set role {}", literal(role)));
        lines.push("\\getenv password APPLICATION_PASSWORD".to_owned());
        lines.push(
            "SELECT format('CREATE ROLE %I LOGIN', :'role')\n  WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role')\n\\gexec\n\
             SELECT format('ALTER ROLE %I PASSWORD %L', :'role', :'password')\n\\gexec\n\
             SELECT format('GRANT ALL ON DATABASE %I TO %I', :'database', :'role')\n\\gexec"
                .to_owned(),
        );
    }
    let grant = |what: &str| format!("SELECT format('GRANT ALL ON SCHEMA %I TO %I', {what}, :'role')\n\\gexec");
    let role = job.application.is_some();
    if job.usage_data == Some(UsageData::Schema) || role {
        lines.push("\\connect :\"database\"".to_owned());
    }
    lines.extend(role.then(|| grant("'public'")));
    if job.usage_data == Some(UsageData::Schema) {
        lines.push(format!("\\set schema {}", literal(USAGE_SCHEMA)));
        lines.push("SELECT format('CREATE SCHEMA IF NOT EXISTS %I', :'schema')\n\\gexec".to_owned());
        lines.extend(role.then(|| grant(":'schema'")));
    }
    if job.usage_data == Some(UsageData::Database) && role {
        lines.push("SELECT format('GRANT ALL ON DATABASE %I TO %I', :'usage', :'role')\n\\gexec".to_owned());
        lines.push("\\connect :\"usage\"".to_owned());
        lines.push(grant("'public'"));
    }
    lines.join("\n") + "\n"
}

fn make_database(variable: &str) -> String {
    format!(
        "SELECT format('CREATE DATABASE %I', :'{variable}')\n  \
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'{variable}')\n\\gexec"
    )
}

/// A word of psql's own commands.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}
