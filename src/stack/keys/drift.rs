//! The keys of watching for drift.

use super::Absent::{Defaults, Is, Means};
use super::{Item, Key, Kind, Literal, choices, text};
use crate::model::finding::Grade;
use crate::model::put_right::PutRightChange;
use crate::model::values::{Arn, DailyWindow};
use crate::stack::words::{JobPlace, Word};

/// The keys, sections before their keys.
pub(in crate::stack) static KEYS: &[Key] = &[
    Key {
        path: "drift",
        kind: Kind::Section,
        absent: Defaults,
        what: "Watching for drift: the job that looks on a schedule, from when on ages are told, and what may be put right by itself.",
        source: "Who may put what right is reviewed like everything else that is declared.",
        example: Literal::Nothing,
        question: None,
    },
    Key {
        path: "drift.job",
        kind: choices::<JobPlace>(),
        absent: Means("its role is no part of the stack, and the command drift schedule says how to make one"),
        what: "Where the job runs that looks on a schedule. Its IAM role is made, watched and removed with the stack; the command drift schedule writes the job. The role may look at the stack, read its state, and leave beside the state what each look found; nothing else.",
        source: "Kubernetes alone: the role trusts what the stack makes, the OIDC provider of its cluster. It needs `state` in a bucket, for a pod cannot read a folder of another machine.",
        example: Literal::Text("kubernetes"),
        question: None,
    },
    Key {
        path: "drift.state_key",
        kind: text::<Arn>(),
        absent: Means("the bucket of the state is not encrypted with a key of yours"),
        what: "The ARN of the KMS key that the bucket of the state is encrypted with. The role may then decrypt with it, and encrypt what it leaves.",
        source: "Amazon S3 asks KMS in the name of whoever reads or writes an object (Amazon S3 User Guide, \"Using server-side encryption with AWS KMS keys\").",
        example: Literal::Text("arn:aws:kms:us-east-1:111122223333:key/22222222-3333-4444-5555-666666666666"),
        question: None,
    },
    Key {
        path: "drift.image_days",
        kind: Kind::Whole { least: 1, most: 3650, unit: "days" },
        absent: Is(Literal::Whole(30)),
        what: "The image of the nodes is told once it is older than so many days.",
        source: "EKS publishes images about every week or two (EKS User Guide, \"Amazon EKS optimized Amazon Linux AMIs\"): after a month the nodes lack what was mended since.",
        example: Literal::Whole(14),
        question: None,
    },
    Key {
        path: "drift.password_days",
        kind: Kind::Whole { least: 1, most: 3650, unit: "days" },
        absent: Is(Literal::Whole(365)),
        what: "A password is told once it is older than so many days. The command rotate makes a new one.",
        source: "How often passwords are made anew is a rule of every house; a year is what few exceed.",
        example: Literal::Whole(90),
        question: None,
    },
    Key {
        path: "drift.certificate_days",
        kind: Kind::Whole { least: 1, most: 365, unit: "days" },
        absent: Is(Literal::Whole(30)),
        what: "A certificate that is not renewed by itself is told from so many days before its end.",
        source: "ACM begins to renew 60 days before the end (ACM User Guide, \"Managed certificate renewal\"): by 30 days before, nothing has.",
        example: Literal::Whole(45),
        question: None,
    },
    Key {
        path: "drift.put_right",
        kind: Kind::Section,
        absent: Means("nothing is put right by itself"),
        what: "What the command drift --put-right may put right without asking, of what a person would put back with the command drift fix. Nothing is ever replaced or deleted, nothing of which users would notice anything is touched, and nothing that was seen only once.",
        source: "Whoever is woken by what can be mended without danger stops listening.",
        example: Literal::Nothing,
        question: None,
    },
    Key {
        path: "drift.put_right.changes",
        kind: Kind::Set { of: Item::Word(PutRightChange::CHOICES), least: 1, most: 2 },
        absent: Is(Literal::List(&["changed"])),
        what: "Which drift is put right.",
        source: "What was made again is another object: who depends on its id has to be asked, so it is named.",
        example: Literal::List(&["changed", "missing"]),
        question: None,
    },
    Key {
        path: "drift.put_right.severities",
        kind: Kind::Set { of: Item::Word(Grade::CHOICES), least: 1, most: 4 },
        absent: Is(Literal::List(&["low", "medium"])),
        what: "How bad it may be. An object of which something is worse is left for people.",
        source: "What is high or critical may be somebody's attack, whose traces a person wants to see first.",
        example: Literal::List(&["low"]),
        question: None,
    },
    Key {
        path: "drift.put_right.window",
        kind: text::<DailyWindow>(),
        absent: Means("any time"),
        what: "The part of the day, in UTC, in which it is put right. One that ends before it begins goes over midnight.",
        source: "Changes belong where people expect them.",
        example: Literal::Text("02:00-05:00"),
        question: None,
    },
    Key {
        path: "drift.put_right.at_most",
        kind: Kind::Whole { least: 1, most: 20, unit: "objects" },
        absent: Is(Literal::Whole(3)),
        what: "At most so many objects in one run, the gravest first; the rest waits for the next one.",
        source: "Where much has moved at once something is going on that a person has to see.",
        example: Literal::Whole(1),
        question: None,
    },
    Key {
        path: "drift.put_right.cool_down_hours",
        kind: Kind::Whole { least: 1, most: 720, unit: "hours" },
        absent: Is(Literal::Whole(24)),
        what: "For so many hours after it was put right an object is left alone.",
        source: "What moves it again at once is a program or a person who means it; two that undo each other harm both.",
        example: Literal::Whole(72),
        question: None,
    },
];
