//! A job of Amazon `EventBridge`: a schedule that starts a task of Amazon ECS, and rules that start one for the objects that an
//! event is about, as a template of `CloudFormation`.

use serde_json::{Value, json};

use super::events::{self, EventRule, VARIABLE};
use super::{DriftJob, JobFile, JobFiles, JobStep, MINUTE, NO_RECORD, policy, registry};
use crate::helm::shell_word;
use crate::model::audit::WatchedCalls;
use crate::permissions::looking_for_drift;
use crate::text::yaml;

/// What a job in the account has to know of it.
#[derive(Clone, Debug)]
pub struct TaskJob {
    /// The image of the program.
    pub image: String,
    /// The declaration, from the folder that images are built in.
    pub declaration: String,
    /// The calls that change objects of the stack.
    pub watched: Vec<WatchedCalls>,
}

/// The container of a task.
const CONTAINER: &str = "drift";

/// The user `nonroot` of the image.
const USER: &str = "65532:65532";

/// Days for which what looks printed is kept.
const KEPT_DAYS: u16 = 30;

pub(super) fn files(job: &DriftJob, task: &TaskJob, out: &str) -> JobFiles {
    let (name, image) = (job.name(), with_declaration(job, &task.image));
    let [template, containerfile] = [".cloudformation.yaml", ".Containerfile"].map(|rest| job.file(rest));
    let head = format!("Looks for drift of {}. Written by ppm-infra drift schedule --as eventbridge.", job.scope.stack);
    let template_text = template_of(job, task, &image);
    let text = yaml::commented(&[head], &[]) + "\n" + &yaml::document(&(&template_text).into());
    let files = vec![
        JobFile { name: template.clone(), text },
        JobFile { name: containerfile.clone(), text: containerfile_text(job, task) },
    ];
    let at = |name: &str| shell_word(&format!("{out}/{name}"));
    let (base, image) = (shell_word(&task.image), shell_word(&image));
    // A template of more than 51,200 bytes is taken from a bucket alone ("CloudFormation quotas", User Guide).
    let bucket = job.scope.state.as_ref().map(|state| format!(" --s3-bucket {} --s3-prefix {name}", state.bucket()));
    let bucket = bucket.unwrap_or_default();
    let next = vec![
        super::kubernetes::image(&task.image),
        JobStep::new(
            "the image with the declaration in it",
            format!(
                "podman build --build-arg IMAGE={base} -f {} -t {image} . && podman push {image}",
                at(&containerfile)
            ),
        ),
        JobStep::new(
            "the job: private subnets that reach the internet, or the endpoints of AWS",
            format!(
                "aws cloudformation deploy --region {} --stack-name {name} --template-file {}{bucket} --capabilities \
                 CAPABILITY_NAMED_IAM --parameter-overrides Vpc=VPC Subnets=SUBNET,SUBNET",
                job.scope.region,
                at(&template)
            ),
        ),
    ];
    let iam = if sees_iam(job) {
        String::new()
    } else {
        format!(
            " Events of IAM come to {} alone: what is done to roles and policies, the schedule finds.",
            job.partition().iam_region
        )
    };
    let blind = vec![
        format!(
            "What the looks say is in the log groups {} and, of those that an event started, {} of CloudWatch.",
            log_group(job),
            event_log_group(job)
        ),
        format!(
            "CloudTrail delivers an event to EventBridge only where a trail logs the management events that write, within \
             minutes and as well as it can. It starts a look where it names an object by an id or name that was recorded when \
             these files were written: after an apply that made or replaced anything, write them again with --force and \
             deploy the template. Calls of ppm-infra start none.{iam}"
        ),
        "It sees everything of the stack but the file of Helm values, which is on the machine that applies.".to_owned(),
        "It looks at the declaration in its image: after every apply with another declaration, build and push that image again."
            .to_owned(),
        "ECS ends no task that hangs, and the schedule starts the next one all the same; each call to AWS ends within three \
         minutes."
            .to_owned(),
        "Nobody is told of anything before Topic=ARN names a topic of SNS: it is told of looks that found something or failed, \
         and by the alarm when no look came. A job in the account cannot report that the account is closed or the region down: \
         Heartbeat=ARN names a secret with the URL of a dead man's switch elsewhere."
            .to_owned(),
    ];
    JobFiles { files, next, blind }
}

/// The name of the image that has the declaration as well.
fn with_declaration(job: &DriftJob, image: &str) -> String {
    let image = image.split('@').next().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    if name.contains(':') { format!("{image}-{}", job.name()) } else { format!("{image}:{}", job.name()) }
}

fn containerfile_text(job: &DriftJob, task: &TaskJob) -> String {
    // The form of COPY that takes names with gaps.
    let copy = json!([task.declaration, format!("/work/plans/{}.yaml", job.scope.stack)]);
    format!(
        "# The image of ppm-infra with the declaration of {}. Written by ppm-infra drift schedule --as eventbridge.\n\
         ARG IMAGE\n\
         FROM ${{IMAGE}}\n\
         COPY {copy}\n",
        job.scope.stack
    )
}

fn log_group(job: &DriftJob) -> String {
    format!("/ppm-infra/{}", job.name())
}

fn event_log_group(job: &DriftJob) -> String {
    format!("{}-events", log_group(job))
}

fn reference(name: &str) -> Value {
    json!({"Ref": name})
}

fn arn_of(name: &str) -> Value {
    json!({"Fn::GetAtt": [name, "Arn"]})
}

/// A trust in a service, for what this account does with it alone.
fn trust(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": reference("AWS::AccountId")}},
        }],
    })
}

fn role(job: &DriftJob, rest: &str, service: &str, name: &str, document: &Value) -> Value {
    json!({"Type": "AWS::IAM::Role", "Properties": {
        "RoleName": format!("{}-{rest}", job.name()),
        "AssumeRolePolicyDocument": trust(service),
        "Policies": [{"PolicyName": name, "PolicyDocument": document}],
    }})
}

fn template_of(job: &DriftJob, task: &TaskJob, image: &str) -> Value {
    let text = |told: &str, default: &str| json!({"Type": "String", "Description": told, "Default": default});
    let mut template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": format!("Looks for drift of {}", job.scope.stack),
        "Parameters": {
            "Vpc": {"Type": "AWS::EC2::VPC::Id", "Description": "Network in which the task runs"},
            "Subnets": {"Type": "List<AWS::EC2::Subnet::Id>", "Description": "Private subnets in it that reach AWS"},
            "Image": text("Image of ppm-infra with the declaration in it", image),
            "Topic": text("ARN of a topic of SNS that is told of drift, failures and silence", ""),
            "Heartbeat": text("ARN of a secret whose text is the URL of a dead man's switch", ""),
            "Events": {"Type": "String", "Default": "ENABLED", "AllowedValues": ["ENABLED", "DISABLED"],
                       "Description": "Whether an event starts a look at the objects that it is about"},
        },
        "Conditions": {
            "HasTopic": {"Fn::Not": [{"Fn::Equals": [reference("Topic"), ""]}]},
            "HasHeartbeat": {"Fn::Not": [{"Fn::Equals": [reference("Heartbeat"), ""]}]},
        },
        "Resources": {
            "Log": log(&log_group(job)),
            "EventLog": log(&event_log_group(job)),
            "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": job.name()}},
            "Firewall": firewall(job),
            "Reader": role(job, "task", "ecs-tasks.amazonaws.com", "read", &looking_for_drift(&job.scope)),
            "Starter": starter(job, image),
            "Task": scheduled_task(job),
            "EventTask": event_task(job),
            "Scheduler": starting_role(job, "schedule", "scheduler.amazonaws.com", "Task"),
            "EventStarter": starting_role(job, "events", "events.amazonaws.com", "EventTask"),
            "Schedule": schedule(job),
            "Failed": failed(job),
            "Silence": silence(job),
        },
    });
    for rule in event_rules(job, task) {
        let name: String = rule.name.split('-').map(capital).collect();
        template["Resources"][format!("On{name}")] = on_event(job, &rule);
    }
    template
}

/// A word that begins with a capital letter.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

fn log(name: &str) -> Value {
    json!({"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete",
           "Properties": {"LogGroupName": name, "RetentionInDays": KEPT_DAYS}})
}

/// Rules on what can be seen in the region of the job.
fn event_rules(job: &DriftJob, task: &TaskJob) -> Vec<EventRule> {
    let is_here = |one: &&WatchedCalls| one.service != "iam" || sees_iam(job);
    let watched: Vec<WatchedCalls> = task.watched.iter().filter(is_here).cloned().collect();
    events::rules(&watched, CONTAINER)
}

/// Whether events of IAM come to the region of the job.
fn sees_iam(job: &DriftJob) -> bool {
    job.scope.region == job.partition().iam_region
}

/// Starts a look at the objects that an event is about, with the names in it.
fn on_event(job: &DriftJob, rule: &EventRule) -> Value {
    let EventRule { name, pattern, paths, template } = rule;
    json!({"Type": "AWS::Events::Rule", "Properties": {
        "Name": format!("{}-{name}", job.name()),
        "Description": format!("Somebody changed something of {}", job.scope.stack),
        "State": reference("Events"),
        "EventPattern": pattern,
        "Targets": [{
            "Id": "task",
            "Arn": arn_of("Cluster"),
            "RoleArn": arn_of("EventStarter"),
            "RetryPolicy": {"MaximumRetryAttempts": 8, "MaximumEventAgeInSeconds": 3600},
            "EcsParameters": {
                "TaskDefinitionArn": reference("EventTask"),
                "LaunchType": "FARGATE",
                "TaskCount": 1,
                "NetworkConfiguration": {"AwsVpcConfiguration": network()},
            },
            "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template},
        }],
    }})
}

fn network() -> Value {
    json!({
        "AssignPublicIp": "DISABLED",
        "Subnets": reference("Subnets"),
        "SecurityGroups": [{"Fn::GetAtt": ["Firewall", "GroupId"]}],
    })
}

/// Nobody talks to it; it talks to AWS.
fn firewall(job: &DriftJob) -> Value {
    json!({"Type": "AWS::EC2::SecurityGroup", "Properties": {
        "GroupDescription": format!("The job that looks for drift of {}", job.scope.stack),
        "VpcId": reference("Vpc"),
        "SecurityGroupEgress": [
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0", "Description": "AWS"},
        ],
    }})
}

/// The role by which ECS starts the task: it pulls the image, reads the URL of the heartbeat, and writes the log.
fn starter(job: &DriftJob, image: &str) -> Value {
    let mut statements = vec![json!({
        "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [arn_of("Log"), arn_of("EventLog")],
    })];
    if let Some(registry) = registry(job, image) {
        statements.extend(policy::pull(&registry.arn));
    }
    let secret =
        json!({"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": reference("Heartbeat")});
    statements.push(json!({"Fn::If": ["HasHeartbeat", secret, reference("AWS::NoValue")]}));
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    role(job, "start", "ecs-tasks.amazonaws.com", "start", &document)
}

/// A look at everything.
fn scheduled_task(job: &DriftJob) -> Value {
    let heartbeat = json!([{"Name": "PPM_INFRA_HEARTBEAT", "ValueFrom": reference("Heartbeat")}]);
    let secrets = json!({"Fn::If": ["HasHeartbeat", heartbeat, reference("AWS::NoValue")]});
    task(job, &job.name(), ("Log", "look"), &job.image_arguments(&[NO_RECORD]), Some(secrets))
}

/// A look at what an event is about. It has a log of its own: the alarm counts what looks at everything print.
fn event_task(job: &DriftJob) -> Value {
    let variable = format!("env:{VARIABLE}");
    let event = [NO_RECORD, "--event", &variable];
    task(job, &format!("{}-events", job.name()), ("EventLog", "event"), &job.image_arguments(&event), None)
}

fn task(
    job: &DriftJob,
    family: &str,
    (log, prefix): (&str, &str),
    command: &[String],
    secrets: Option<Value>,
) -> Value {
    let mut container = json!({
        "Name": CONTAINER,
        "Image": reference("Image"),
        "Command": command,
        "Essential": true,
        "User": USER,
        "ReadonlyRootFilesystem": true,
        "LinuxParameters": {"Capabilities": {"Drop": ["ALL"]}},
        "LogConfiguration": {"LogDriver": "awslogs", "Options": {
            "awslogs-group": reference(log), "awslogs-region": job.scope.region, "awslogs-stream-prefix": prefix,
        }},
    });
    if let Some(secrets) = secrets {
        container["Secrets"] = secrets;
    }
    json!({"Type": "AWS::ECS::TaskDefinition", "Properties": {
        "Family": family,
        "RequiresCompatibilities": ["FARGATE"],
        "NetworkMode": "awsvpc",
        "Cpu": "256",
        "Memory": "512",
        "TaskRoleArn": arn_of("Reader"),
        "ExecutionRoleArn": arn_of("Starter"),
        "ContainerDefinitions": [container],
    }})
}

/// A role by which a service of AWS starts one task in the cluster of the job, and nothing else.
fn starting_role(job: &DriftJob, rest: &str, service: &str, task: &str) -> Value {
    let roles = json!([arn_of("Reader"), arn_of("Starter")]);
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecs:RunTask", "Resource": reference(task),
         "Condition": {"ArnEquals": {"ecs:cluster": arn_of("Cluster")}}},
        {"Effect": "Allow", "Action": "iam:PassRole", "Resource": roles,
         "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}},
    ]});
    role(job, rest, service, "start-the-task", &document)
}

fn schedule(job: &DriftJob) -> Value {
    let hours = match job.hours {
        1 => "*".to_owned(),
        24 => "6".to_owned(),
        hours => format!("0/{hours}"),
    };
    json!({"Type": "AWS::Scheduler::Schedule", "Properties": {
        "Name": job.name(),
        "Description": format!("Looks for drift of {}", job.scope.stack),
        "ScheduleExpression": format!("cron({MINUTE} {hours} * * ? *)"),
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {
            "Arn": arn_of("Cluster"),
            "RoleArn": arn_of("Scheduler"),
            "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 1800},
            "EcsParameters": {
                "TaskDefinitionArn": reference("Task"),
                "LaunchType": "FARGATE",
                "TaskCount": 1,
                "NetworkConfiguration": {"AwsvpcConfiguration": network()},
            },
        },
    }})
}

/// Tells of a look that ended with anything but 0, one that never began included.
fn failed(job: &DriftJob) -> Value {
    json!({"Type": "AWS::Events::Rule", "Condition": "HasTopic", "Properties": {
        "Name": format!("{}-failed", job.name()),
        "Description": format!("A look for drift of {} found something, or failed", job.scope.stack),
        "EventPattern": {
            "source": ["aws.ecs"],
            "detail-type": ["ECS Task State Change"],
            "detail": {
                "clusterArn": [arn_of("Cluster")],
                "lastStatus": ["STOPPED"],
                "$or": [
                    {"containers": {"exitCode": [{"anything-but": 0}]}},
                    {"stopCode": ["TaskFailedToStart"]},
                ],
            },
        },
        "Targets": [{"Id": "topic", "Arn": reference("Topic")}],
    }})
}

/// The dead man's switch within the account: no look printed anything for two rounds.
fn silence(job: &DriftJob) -> Value {
    json!({"Type": "AWS::CloudWatch::Alarm", "Properties": {
        "AlarmName": format!("{}-silence", job.name()),
        "AlarmDescription": format!("Nobody has looked for drift of {} for two rounds", job.scope.stack),
        "Namespace": "AWS/Logs",
        "MetricName": "IncomingLogEvents",
        "Dimensions": [{"Name": "LogGroupName", "Value": reference("Log")}],
        "Statistic": "Sum",
        "Period": u32::from(job.hours) * 3600,
        "EvaluationPeriods": 2,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "breaching",
        "AlarmActions": {"Fn::If": ["HasTopic", [reference("Topic")], reference("AWS::NoValue")]},
    }})
}
