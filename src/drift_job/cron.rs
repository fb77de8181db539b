//! A job of cron: a script, and the line that starts it.

use super::{DEADLINE_MINUTES, DriftJob, JobFile, JobFiles, JobStep, MachineJob, alerts, dashboard};
use crate::helm::shell_word;
use crate::permissions::looking_for_drift;

pub(super) fn files(job: &DriftJob, machine: &MachineJob, out: &str) -> JobFiles {
    let (script, crontab) = (job.file(".sh"), job.file(".cron"));
    let files = vec![
        JobFile { name: script.clone(), text: script_text(job, machine) },
        JobFile { name: crontab.clone(), text: crontab_text(job, machine, &script) },
        JobFile::json(job.file(".policy.json"), &looking_for_drift(&job.scope)),
        alerts::of_metrics(job),
        dashboard::file(job),
    ];
    let from = shell_word(&format!("{out}/{crontab}"));
    let run = format!("/bin/sh {}", shell_word(&format!("{out}/{script}")));
    let next = vec![
        JobStep::new("a first look, as cron will do it", format!("sudo -u {} {run}", shell_word(&machine.user))),
        // run-parts and cron pass over names with a dot.
        JobStep::new("from then on", format!("sudo install -m 644 {from} /etc/cron.d/{}", job.name())),
    ];
    let mut blind = machine.blind(job);
    blind.push(format!(
        "cron mails what went wrong to {}: without a mail system on the machine nobody gets it.",
        machine.user
    ));
    JobFiles { files, next, blind }
}

/// Says nothing while all is in sync: cron mails whatever is printed. The lock is the script itself, which is a file on
/// this machine, and goes with the process.
fn script_text(job: &DriftJob, machine: &MachineJob) -> String {
    let command: Vec<String> = machine.command(job).iter().map(|word| shell_word(word)).collect();
    let (command, folder) = (command.join(" "), shell_word(&machine.folder));
    let (stack, environment) = (&job.scope.stack, job.environment());
    format!(
        "#!/bin/sh\n\
         # Looks for drift of {stack}. Written by ppm-infra drift schedule --as cron.\n\
         set -u\n\
         exec 9< \"$0\"\n\
         flock --nonblock 9 || {{ echo 'The look for drift of {stack} before this one still runs.'; exit 75; }}\n\
         # shellcheck source=/dev/null\n\
         if [ -r {environment} ]; then set -a; . {environment}; set +a; fi\n\
         cd {folder} || exit 1\n\
         said=$(timeout --kill-after=30s {DEADLINE_MINUTES}m {command} 2>&1)\n\
         code=$?\n\
         if [ \"$code\" -ne 0 ]; then\n    \
             printf '%s\\n' \"ppm-infra drift of {stack} ended with $code.\" \"$said\"\n\
         fi\n\
         exit \"$code\"\n"
    )
}

fn crontab_text(job: &DriftJob, machine: &MachineJob, script: &str) -> String {
    let (stack, user, when) = (&job.scope.stack, &machine.user, job.cron());
    // cron takes a percent sign for the end of the command.
    let script = shell_word(&format!("{}/{script}", machine.out)).replace('%', r"\%");
    format!(
        "# Looks for drift of {stack}, in the time zone of this machine. For /etc/cron.d, under a name without a dot.\n\
         # Written by ppm-infra drift schedule --as cron.\n\
         SHELL=/bin/sh\n\
         PATH=/usr/local/bin:/usr/bin:/bin\n\
         MAILTO={user}\n\
         {when} {user} /bin/sh {script}\n"
    )
}
