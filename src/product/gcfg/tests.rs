//! What is written, read as the server reads it.

use super::*;
use proptest::prelude::*;

/// What the reader finds: heading, key and value of every line, in order.
pub(crate) type Lines = Vec<(String, String, String)>;

/// Reads as the Go package does, errors included, for the part of the format that one-line values use.
pub(crate) fn read(file: &str) -> Result<Lines, String> {
    let mut heading = String::new();
    let mut lines = Lines::new();
    for line in file.lines().filter(|line| !line.trim().is_empty()) {
        if let Some(inner) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            heading = match inner.split_once(' ') {
                Some((name, subsection)) => format!("{name}/{}", read_value(subsection)?),
                None => inner.to_owned(),
            };
            continue;
        }
        let (key, value) = line.split_once('=').ok_or(format!("no `=` in {line}"))?;
        lines.push((heading.clone(), key.trim().to_owned(), read_value(value)?));
    }
    Ok(lines)
}

fn written(text: &str) -> String {
    let config = Config::new(vec![GcfgSection::new("S").text("K", text)]).expect("writable");
    config.to_gcfg().lines().nth(1).expect("one setting").to_owned()
}

#[test]
fn hazards_are_quoted_and_the_rest_is_left_alone() {
    let vector = [
        ("50", "K = 50"),
        ("1000000", "K = 1000000"),
        ("", "K = "),
        ("abc#def", r#"K = "abc#def""#),
        ("a;b", r#"K = "a;b""#),
        (r"a\b", r#"K = "a\\b""#),
        (r#"p"q"#, r#"K = "p\"q""#),
        (" a ", r#"K = " a ""#),
        ("postgres://u@h:5432/d?a=b&c=%20", "K = postgres://u@h:5432/d?a=b&c=%20"),
    ];
    for (text, line) in vector {
        assert_eq!(written(text), line);
    }
}

#[test]
fn sections_and_keys_are_sorted_and_lists_repeat_their_key() {
    let list = Leaf::List(vec!["/opt/R/4.5.1".to_owned(), "/opt/R/4;4".to_owned()]);
    let config = Config::new(vec![
        GcfgSection::new("Server").set("RVersion", list).text("Address", "https://packages.example.com"),
        GcfgSection::within("S3Storage", r#"ca"che"#).text("Bucket", "other"),
        GcfgSection::new("S3Storage").text("Bucket", "111122223333"),
        GcfgSection::new("Metrics").set("Enabled", Leaf::Flag(false)),
    ]);
    insta::assert_snapshot!(config.expect("writable").to_gcfg(), @r#"
    [Metrics]
    Enabled = false

    [S3Storage]
    Bucket = 111122223333

    [S3Storage "ca\"che"]
    Bucket = other

    [Server]
    Address = https://packages.example.com
    RVersion = /opt/R/4.5.1
    RVersion = "/opt/R/4;4"
    "#);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let one = |section: GcfgSection| Config::new(vec![section]).expect_err("must be refused");
    assert_eq!(
        one(GcfgSection::new("S").text("K", "a\nb")),
        ConfigError::Character { setting: "S.K".into(), code: 10 }
    );
    assert_eq!(
        one(GcfgSection::new("S").text("K", "a\u{FEFF}")),
        ConfigError::Character { setting: "S.K".into(), code: 0xFEFF }
    );
    assert_eq!(one(GcfgSection::within("S", "a\tb")), ConfigError::Character { setting: "S".into(), code: 9 });
    for name in ["", "1a", "a b", "a_b", "a]", "ä"] {
        assert_eq!(one(GcfgSection::new(name)), ConfigError::Name { name: name.to_owned() });
        assert_eq!(one(GcfgSection::new("S").text(name, "")), ConfigError::Name { name: name.to_owned() });
    }
    let empty = GcfgSection::new("S").set("K", Leaf::List(Vec::new()));
    assert_eq!(one(empty), ConfigError::EmptyList { setting: "S.K".into() });
    let twice = GcfgSection::new("S").text("K", "1").text("k", "2");
    assert_eq!(one(twice), ConfigError::Twice { setting: "S.k".into() });
    let sections = vec![GcfgSection::new("HTTP"), GcfgSection::new("http")];
    let twice = ConfigError::Twice { setting: "section http".into() };
    assert_eq!(Config::new(sections), Err(twice));
}

#[test]
fn a_heading_is_a_name_and_perhaps_a_subsection_in_quotes() {
    for (heading, name, subsection) in [
        ("Git", "Git", None),
        (r#"S3Storage "cache""#, "S3Storage", Some("cache")),
        (r#"S3Storage "a \"b\" c\\""#, "S3Storage", Some(r#"a "b" c\"#)),
    ] {
        let section = GcfgSection::headed(heading).expect("a heading");
        assert_eq!((section.name.as_str(), section.subsection.as_deref()), (name, subsection));
        assert_eq!(section.heading(), heading);
    }
    for heading in ["", "G_it", "S3Storage cache", r#"S3Storage "a" b"#, r#"S3Storage "a"#, r#"S3Storage "a\""#, "a\tb"]
    {
        assert_eq!(GcfgSection::headed(heading), Err(ConfigError::Name { name: heading.to_owned() }));
    }
}

#[test]
fn further_settings_join_the_section_that_is_there() {
    let ours = Config::new(vec![GcfgSection::new("Server").text("Address", "https://a")]).expect("writable");
    let more = [
        GcfgSection::new("server").text("RVersion", "/opt/R"),
        GcfgSection::within("Server", "x").text("Address", "y"),
        GcfgSection::new("Git").text("PollInterval", "1m"),
    ];
    let config = ours.clone().with(&more).expect("writable");
    let headings: Vec<String> = config.sections().iter().map(GcfgSection::heading).collect();
    assert_eq!(headings, ["Server", "Server \"x\"", "Git"]);
    assert_eq!(config.sections()[0].setting("rversion"), Some(&Leaf::Text("/opt/R".to_owned())));
    let twice = ours.with(&[GcfgSection::new("SERVER").text("address", "https://b")]);
    assert_eq!(twice, Err(ConfigError::Twice { setting: "Server.address".into() }));
}

#[test]
fn the_reader_of_these_tests_fails_where_the_server_does() {
    assert_eq!(read_value("abc#def"), Ok("abc".to_owned()));
    assert_eq!(read_value(r#" "a;b#c" "#), Ok("a;b#c".to_owned()));
    assert!(read_value(r"a\b").is_err());
    assert!(read_value(r#"p"q"#).is_err());
}

/// Texts of this form, without what no configuration can hold.
fn writable(form: &'static str) -> impl Strategy<Value = String> {
    form.prop_map(|text| text.chars().filter(|c| !is_unprintable(*c)).collect())
}

proptest! {
    #[test]
    fn every_text_that_can_be_written_comes_back(
        texts in prop::collection::vec(writable(r#"[^\p{Cc}]{0,20}|[#;"\\ a=]{0,8}"#), 1..4),
        subsection in writable(r#"[^\p{Cc}]{0,8}|["\\ a]{0,4}"#),
    ) {
        let section = GcfgSection::within("S", &subsection).set("K", Leaf::List(texts.clone()));
        let file = Config::new(vec![section]).expect("writable").to_gcfg();
        let expected: Lines =
            texts.into_iter().map(|text| (format!("S/{subsection}"), "K".to_owned(), text)).collect();
        prop_assert_eq!(read(&file), Ok(expected));
    }
}
