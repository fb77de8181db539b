//! A job of systemd: a service, and the timer that starts it.

use std::fmt::Write as _;

use super::{DEADLINE_MINUTES, DriftJob, JobFile, JobFiles, JobStep, MINUTE, MachineJob, alerts, dashboard};
use crate::helm::shell_word;
use crate::permissions::looking_for_drift;

/// What the service is kept from, beside what depends on the machine. Its capabilities, devices and files are taken away
/// that a program does without which reads a folder and talks to AWS.
const SANDBOX: [(&str, &str); 31] = [
    ("CapabilityBoundingSet", ""),
    ("AmbientCapabilities", ""),
    ("NoNewPrivileges", "yes"),
    ("UMask", "0077"),
    ("ProtectSystem", "strict"),
    ("PrivateTmp", "yes"),
    ("PrivateDevices", "yes"),
    ("PrivateUsers", "yes"),
    ("PrivateIPC", "yes"),
    ("PrivateMounts", "yes"),
    ("ProtectClock", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectHostname", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectProc", "invisible"),
    ("ProcSubset", "pid"),
    ("LockPersonality", "yes"),
    ("MemoryDenyWriteExecute", "yes"),
    ("RemoveIPC", "yes"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6"),
    ("RestrictNamespaces", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("SystemCallArchitectures", "native"),
    ("SystemCallFilter", "@system-service"),
    ("SystemCallFilter", "~@privileged @resources"),
    ("SystemCallErrorNumber", "EPERM"),
    ("DevicePolicy", "closed"),
    ("KeyringMode", "private"),
];

/// Where systemd hides the homes of people from a service.
const HOMES: [&str; 3] = ["/home/", "/root/", "/run/user/"];

pub(super) fn files(job: &DriftJob, machine: &MachineJob, out: &str) -> JobFiles {
    let (service, timer) = (job.file(".service"), job.file(".timer"));
    let files = vec![
        JobFile { name: service.clone(), text: service_text(job, machine) },
        JobFile { name: timer.clone(), text: timer_text(job) },
        JobFile::json(job.file(".policy.json"), &looking_for_drift(&job.scope)),
        alerts::of_metrics(job),
        dashboard::file(job),
    ];
    let [from, at] = [&service, &timer].map(|name| shell_word(&format!("{out}/{name}")));
    let user = shell_word(&machine.user);
    let next = vec![
        JobStep::new(
            format!("{user} writes the metrics there"),
            format!("sudo install -d -o {user} {}", shell_word(&machine.metrics)),
        ),
        JobStep::new(
            "the units",
            format!("sudo install -m 644 {from} {at} /etc/systemd/system/ && sudo systemctl daemon-reload"),
        ),
        JobStep::new(
            "a first look; exit status 2 is drift",
            format!("sudo systemctl start {service}; systemctl status {service}"),
        ),
        JobStep::new("from then on", format!("sudo systemctl enable --now {timer}")),
    ];
    let mut blind = machine.blind(job);
    blind.push(
        "A look that found something leaves the unit failed: `systemctl --failed` and an `OnFailure=` of yours tell."
            .to_owned(),
    );
    JobFiles { files, next, blind }
}

fn service_text(job: &DriftJob, machine: &MachineJob) -> String {
    let written: Vec<&String> = [&machine.metrics].into_iter().chain(&machine.records).collect();
    let mut used = [&machine.folder, &machine.program].into_iter().chain(written.iter().copied());
    let at_home = used.any(|path| HOMES.iter().any(|home| path.starts_with(home)));
    let writable: Vec<String> = written.iter().map(|path| quoted(&format!("-{path}"))).collect();
    let command: Vec<String> = machine.command(job).iter().map(|word| argument(word)).collect();
    let mut service = vec![
        ("Type", "oneshot".to_owned()),
        ("User", specifiers(&machine.user)),
        ("WorkingDirectory", specifiers(&machine.folder)),
        ("EnvironmentFile", format!("-{}", job.environment())),
        ("ExecStart", command.join(" ")),
        ("TimeoutStartSec", format!("{DEADLINE_MINUTES}min")),
        ("ReadWritePaths", writable.join(" ")),
        ("ProtectHome", if at_home { "read-only" } else { "yes" }.to_owned()),
    ];
    service.extend(SANDBOX.map(|(key, value)| (key, value.to_owned())));
    let unit = [
        ("Description", format!("Looks for drift of {}", job.scope.stack)),
        ("Wants", "network-online.target".to_owned()),
        ("After", "network-online.target".to_owned()),
    ];
    text(&[("Unit", &unit), ("Service", &service)])
}

fn timer_text(job: &DriftJob) -> String {
    let hours = match job.hours {
        1 => "*".to_owned(),
        24 => "06".to_owned(),
        hours => format!("00/{hours}"),
    };
    let unit = [("Description", format!("Looks for drift of {} every {} hours", job.scope.stack, job.hours))];
    let timer = [
        ("OnCalendar", format!("*-*-* {hours}:{MINUTE}:00")),
        ("RandomizedDelaySec", "5min".to_owned()),
        // What the machine slept through is made up for.
        ("Persistent", "yes".to_owned()),
    ];
    let install = [("WantedBy", "timers.target".to_owned())];
    text(&[("Unit", &unit), ("Timer", &timer), ("Install", &install)])
}

/// Sections with their settings, as systemd reads them.
fn text(sections: &[(&str, &[(&str, String)])]) -> String {
    let mut out = "# Written by ppm-infra drift schedule --as systemd.\n".to_owned();
    for (section, settings) in sections {
        let _ = write!(out, "\n[{section}]\n");
        for (key, value) in *settings {
            let _ = writeln!(out, "{key}={value}");
        }
    }
    out
}

/// Text in which systemd sees no specifier.
fn specifiers(text: &str) -> String {
    text.replace('%', "%%")
}

/// A word of a command line of systemd, which beside quotes knows variables.
fn argument(word: &str) -> String {
    quoted(word).replace('$', "$$")
}

/// A word of a list of systemd, which knows quotes, backslashes and `%`.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    let escaped = specifiers(word).replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}
