//! A `PostgreSQL` server of one's own, as RDS gives one: the user who owns the database is no superuser, and connections are
//! encrypted.

use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The user `nobody`: the server refuses to run as root.
const NOBODY: u32 = 65534;

/// The user that administers the server itself, as `rdsadmin` does on RDS.
const SUPERUSER: &str = "rdsadmin";

/// A running server; it ends with this value.
pub(crate) struct Postgres {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    server: Child,
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Its data goes with it, so it may end in the middle of anything.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl Postgres {
    /// Starts a server. Answers none, and says so aloud, where `PostgreSQL` is not installed, unless
    /// `PPM_INFRA_POSTGRESQL=required`.
    #[expect(clippy::disallowed_methods, reason = "what a test needs of the machine is told by its environment")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let required = std::env::var("PPM_INFRA_POSTGRESQL").is_ok_and(|value| value == "required");
            assert!(!required, "PostgreSQL is required and not installed: `apt-get install postgresql`");
            // Not by a macro, whose output is kept back where a test passes.
            let mut stderr = std::io::stderr();
            let _ = writeln!(stderr, "PostgreSQL is NOT installed: the statements of the database Job were NOT run.");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        std::fs::create_dir(&data).unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        if is_root() {
            chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let as_owner = |program: &Path| {
            let mut command = Command::new(program);
            if is_root() {
                command.uid(NOBODY).gid(NOBODY);
            }
            command.current_dir(&data).env("LC_ALL", "C");
            command
        };
        let initdb = ["--username", SUPERUSER, "--auth=scram-sha-256", "--auth-local=trust", "--no-sync", "-D", "."];
        // A password is asked for by network alone; the superuser comes by the socket.
        std::fs::write(folder.path().join("password"), "unused\n").unwrap();
        let password = folder.path().join("password");
        done(as_owner(&programs.join("initdb")).args(initdb).arg("--pwfile").arg(password));
        let subject = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"];
        done(as_owner(Path::new("openssl")).args(subject).args(["-keyout", "server.key", "-out", "server.crt"]));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let port_text = port.to_string();
        let settings = ["ssl=on", "fsync=off", "listen_addresses=127.0.0.1", "unix_socket_directories=."];
        let settings = settings.iter().flat_map(|setting| ["-c", setting]);
        let server = as_owner(&programs.join("postgres"))
            .args(["-D", ".", "-p", &port_text])
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Self { folder, programs, port, server };
        let patience = Instant::now() + Duration::from_secs(60);
        while !server.admin("SELECT 1").status.success() {
            assert!(Instant::now() < patience, "the server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }

    /// The port on 127.0.0.1.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Makes a user who may make databases and roles, and a database of this user.
    pub(crate) fn make_owner(&self, user: &str, password: &str, database: &str) {
        for statement in [
            format!("CREATE ROLE {user} LOGIN CREATEDB CREATEROLE PASSWORD '{password}'"),
            format!("CREATE DATABASE {database} OWNER {user}"),
        ] {
            let said = self.admin(&statement);
            assert!(said.status.success(), "{said:?}");
        }
    }

    /// Everything the server holds, as statements.
    pub(crate) fn dump(&self) -> String {
        let said = self.by_socket("pg_dumpall").output().unwrap();
        assert!(said.status.success(), "{said:?}");
        // Newer versions guard each dump by a word made of chance.
        let text = String::from_utf8(said.stdout).unwrap();
        text.lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
            .fold(String::new(), |text, line| text + line + "\n")
    }

    /// Runs a statement as somebody who comes by network.
    pub(crate) fn query(&self, user: &str, password: &str, database: &str, statement: &str) -> Output {
        let mut command = Command::new(self.programs.join("psql"));
        command.env("PGPASSWORD", password).env("PGSSLMODE", "require");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", user, "-d", database]);
        command.args(["--no-psqlrc", "-tA", "-c", statement]).output().unwrap()
    }

    fn admin(&self, statement: &str) -> Output {
        let mut command = self.by_socket("psql");
        command.args(["-d", "postgres", "--no-psqlrc", "-tA", "-c", statement]).output().unwrap()
    }

    fn by_socket(&self, program: &str) -> Command {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-h").arg(self.folder.path().join("data"));
        command.args(["-p", &self.port.to_string(), "-U", SUPERUSER]);
        command
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| std::os::unix::fs::MetadataExt::uid(&it) == 0)
}

fn done(command: &mut Command) {
    let said = command.output().unwrap();
    assert!(said.status.success(), "{command:?}: {said:?}");
}

/// Where the programs of a server are: in the path, or where Debian keeps them.
#[expect(clippy::disallowed_methods, reason = "programs are found as the shell finds them")]
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let debian = debian.filter_map(Result::ok).map(|entry| entry.path().join("bin"));
    let all = ["initdb", "postgres", "psql", "pg_dumpall"];
    debian.chain(std::env::split_paths(&path)).find(|folder| all.iter().all(|name| folder.join(name).exists()))
}
