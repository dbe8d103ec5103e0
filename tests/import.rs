//! The reference's secrets, taken over and given back by the command line.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::process::{Command, Output, Stdio};

use redis::cmd;
use satama_tests::{RedisServer, build};
use tempfile::TempDir;

/// Passphrases, salts and records that the reference has written
/// (`packages/core/src/crypto-utils.ts` of <https://github.com/pikkujs/pikku>).
const PASSPHRASE: &str = "test-key-encryption-key-32chars!";
const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";
const TEXT: [&str; 2] = [
    "DmM2Puh_ZFO5ogEC0Te2hkosO9YdTWkuKft3phXKwEUCELP5TjktmRs",
    "xNwWw5VXYye9SaIUex8dXMD6Fp8T87vM4eA74ZpSoRUbpeJPJCCyBOUyXkLAI9R4CQ_viVfwKqQMhapH8FKl7fX8bsS-KwEbOQ",
];
const OBJECT: [&str; 2] = [
    "P_kse7wbhiH3f-ALkzmN5n_4d9SzCMN8m24BqZUVxEKhj8c7DkyrIL5n0Yi4k1SSf4sdPUUwd5Ppi7vP2HGcyIc",
    "1T1pwuWi57JQOL_R5awklfdiiq8sQXIFlMz1Fj1NQ95dgTcSRogdQJ4T1lk7Vwf4moP8YYCTHnvf7lqRycSS8QXFnTdkYIG2YA",
];
const OTHER_PASSPHRASE: &str = "pässwörd";
const OTHER_SALT: &str = "_-_-_-_-_-_-_-_-_-_-_w";
const NULL: [&str; 2] = [
    "Yh5svhwl_OBgRei4pB4a5Qm4dFF9ZRNj2PBlK76kGjQ",
    "AUla3KxPb2herWk5sf59cnTNw0CQCB5EjZUtgqin3ktE35kQ-A31ImNL1jLNcGPDvL1O11TiG8zv9mPRvX_gM4CbOSdlfZV4Vw",
];

/// An operator with a keyring, a store, and the reference's server.
struct Operator {
    home: TempDir,
    server: RedisServer,
}

impl Operator {
    async fn new(prefix: &str) -> Self {
        let operator = Self { home: tempfile::tempdir().unwrap(), server: RedisServer::tcp() };
        assert_eq!(operator.run(&["secret", "keys", "init"]).status.code(), Some(0));
        for (version, salt) in [(1, SALT), (2, OTHER_SALT)] {
            let key = format!("{prefix}:kek-salt");
            operator.server.query::<u32>(cmd("HSET").arg(key).arg(version).arg(salt)).await;
        }
        for (name, record, version) in [("text", TEXT, 1), ("object", OBJECT, 1), ("null", NULL, 2)]
        {
            operator.record(&format!("{prefix}:secret:{name}"), record, version).await;
        }
        operator
    }

    async fn record(&self, key: &str, [ciphertext, wrapped_dek]: [&str; 2], version: u32) {
        let mut put = cmd("HSET");
        put.arg(key).arg("ciphertext").arg(ciphertext).arg("wrapped_dek").arg(wrapped_dek);
        self.server.query::<u32>(put.arg("key_version").arg(version)).await;
    }

    fn run(&self, args: &[&str]) -> Output {
        self.run_with(args, Stdio::null())
    }

    fn run_with(&self, args: &[&str], input: impl Into<Stdio>) -> Output {
        let mut satama = Command::new(build::program("satama"));
        satama.args(args).env_clear().env("HOME", self.home.path());
        satama.env("ONE", PASSPHRASE).env("TWO", OTHER_PASSPHRASE).env("SATAMA_LOG", "off");
        satama.env("SATAMA_TENANT", "acme").stdin(input).output().unwrap()
    }

    fn import(&self, more: &[&str]) -> (String, Option<i32>) {
        self.moved("import", "--from", "--source", more)
    }

    fn export(&self, more: &[&str]) -> (String, Option<i32>) {
        self.moved("export", "--to", "--target", more)
    }

    fn moved(&self, verb: &str, system: &str, at: &str, more: &[&str]) -> (String, Option<i32>) {
        let url = self.server.url();
        let output = self.run(&[&["secret", verb, system, "pikku", at, &url], more].concat());
        let text = [output.stdout, output.stderr].concat();
        (String::from_utf8(text).unwrap(), output.status.code())
    }

    fn value(&self, name: &str) -> String {
        String::from_utf8(self.run(&["secret", "get", name]).stdout).unwrap()
    }

    async fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.server.query(cmd("KEYS").arg("*")).await;
        keys.sort();
        keys
    }
}

const BOTH: [&str; 4] = ["--passphrase", "1=env:ONE", "--passphrase", "2=env:TWO"];

#[tokio::test]
async fn the_references_records_are_read_exactly() {
    let operator = Operator::new("pikku").await;
    let (text, code) = operator.import(&BOTH);
    assert_eq!((text.as_str(), code), ("3 imported, 0 unchanged, 0 failed\n", Some(0)));
    assert_eq!(operator.value("text"), "plain-value");
    assert_eq!(operator.value("object"), "{\"token\":\"sk-123\",\"n\":1,\"u\":\"é🎉\"}");
    assert_eq!(operator.value("null"), "null");
}

#[tokio::test]
async fn what_was_imported_is_not_imported_again() {
    let operator = Operator::new("pikku").await;
    operator.import(&BOTH);
    let (text, code) = operator.import(&BOTH);
    assert_eq!((text.as_str(), code), ("0 imported, 3 unchanged, 0 failed\n", Some(0)));
    operator.record("pikku:secret:text", OBJECT, 1).await;
    let (text, _) = operator.import(&BOTH);
    assert_eq!(text, "1 imported, 2 unchanged, 0 failed\n");
}

#[tokio::test]
async fn a_dry_run_writes_nothing() {
    let operator = Operator::new("pikku").await;
    let before = operator.keys().await;
    let (text, code) = operator.import(&[&BOTH[..], &["--dry-run"]].concat());
    let expected = "3 would be imported, 0 unchanged, 0 failed\n";
    assert_eq!((text.as_str(), code), (expected, Some(0)));
    assert_eq!(operator.run(&["secret", "get", "text"]).status.code(), Some(1));
    operator.import(&BOTH);
    operator.export(&["--prefix", "other", "--passphrase", "env:ONE", "--dry-run"]);
    assert_eq!(operator.keys().await, before);
}

#[tokio::test]
async fn what_was_exported_is_read_back() {
    let operator = Operator::new("pikku").await;
    operator.import(&BOTH);
    let to = ["--prefix", "other", "--passphrase", "env:TWO"];
    let (text, code) = operator.export(&to);
    assert_eq!((text.as_str(), code), ("3 exported, 0 unchanged, 0 failed\n", Some(0)));
    let (text, _) = operator.export(&to);
    assert_eq!(text, "0 exported, 3 unchanged, 0 failed\n");
    let (text, code) = operator.import(&to);
    assert_eq!((text.as_str(), code), ("0 imported, 3 unchanged, 0 failed\n", Some(0)));
}

#[tokio::test]
async fn d21_a_lost_salt_is_an_error_and_none_is_made_on_a_read() {
    let operator = Operator::new("pikku").await;
    operator.server.query::<u32>(cmd("HDEL").arg("pikku:kek-salt").arg(2)).await;
    let before = operator.keys().await;
    let (text, code) = operator.import(&BOTH);
    let expected = "null: key version 2 has no salt\n2 imported, 0 unchanged, 1 failed\n";
    assert_eq!((text.as_str(), code), (expected, Some(1)));
    assert_eq!(operator.keys().await, before);
    let salts: u32 = operator.server.query(cmd("HLEN").arg("pikku:kek-salt")).await;
    assert_eq!(salts, 1);
}

#[tokio::test]
async fn d21_an_export_makes_no_salt_where_one_was_lost() {
    let operator = Operator::new("pikku").await;
    operator.import(&BOTH);
    operator.server.query::<u32>(cmd("HDEL").arg("pikku:kek-salt").arg(1)).await;
    let (text, code) = operator.export(&BOTH);
    assert_eq!(code, Some(6));
    assert!(text.contains("key version 1 has records and no salt"), "{text}");
    let salts: u32 = operator.server.query(cmd("HLEN").arg("pikku:kek-salt")).await;
    assert_eq!(salts, 1);
}

#[tokio::test]
async fn an_export_overwrites_nothing_that_it_cannot_read() {
    let operator = Operator::new("pikku").await;
    operator.import(&BOTH);
    let read = |name: &str| cmd("HGETALL").arg(format!("pikku:secret:{name}")).clone();
    let before: Vec<String> = operator.server.query(&read("text")).await;
    // A mistyped passphrase.
    let (text, code) = operator.export(&["--passphrase", "env:TWO"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("text: what is there does not open, and is left alone"), "{text}");
    assert_eq!(operator.server.query::<Vec<String>>(&read("text")).await, before);
}

#[tokio::test]
async fn what_is_newer_here_is_not_replaced_by_what_was_there() {
    let operator = Operator::new("pikku").await;
    operator.import(&BOTH);
    let rotated = operator.home.path().join("rotated");
    std::fs::write(&rotated, "rotated").unwrap();
    let put = operator.run_with(&["secret", "put", "text"], std::fs::File::open(rotated).unwrap());
    assert_eq!(put.status.code(), Some(0));
    let (text, _) = operator.import(&BOTH);
    assert_eq!(text, "0 imported, 3 unchanged, 0 failed\n");
    assert_eq!(operator.value("text"), "rotated");
}

#[tokio::test]
async fn each_failure_is_named_and_the_rest_goes_on() {
    let operator = Operator::new("pikku").await;
    operator.record("pikku:secret:stripe:key", TEXT, 1).await;
    operator.record("pikku:secret:swapped", [TEXT[0], OBJECT[1]], 1).await;
    operator.record("pikku:secret:garbage", ["not base64!", "x"], 1).await;
    let (text, code) = operator.import(&["--passphrase", "1=env:ONE", "--replace", ":=/"]);
    assert_eq!(code, Some(1));
    for line in [
        "garbage: `ciphertext` is not the base64url",
        "null: no passphrase for key version 2; add --passphrase 2=PLACE",
        "swapped: `ciphertext` was not sealed with this key",
        "3 imported, 0 unchanged, 3 failed",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    assert_eq!(operator.value("stripe/key"), "plain-value");
}

#[tokio::test]
async fn two_names_are_not_made_one() {
    let operator = Operator::new("pikku").await;
    operator.record("pikku:secret:te:xt", OBJECT, 1).await;
    let (text, _) = operator.import(&[&BOTH[..], &["--replace", ":="]].concat());
    assert!(text.contains("text: it would be `text`, as `te:xt` is"), "{text}");
}

#[tokio::test]
async fn d23_a_prefix_is_not_a_pattern() {
    let operator = Operator::new("app[1]*").await;
    operator.record("app1:secret:other", TEXT, 1).await;
    let (text, _) = operator.import(&[&BOTH[..], &["--prefix", "app[1]*"]].concat());
    assert_eq!(text, "3 imported, 0 unchanged, 0 failed\n");
}

#[tokio::test]
async fn a_passphrase_on_the_command_line_is_refused_and_not_repeated() {
    let operator = Operator::new("pikku").await;
    let (text, code) = operator.import(&["--passphrase", "hunter2"]);
    assert_eq!(code, Some(2));
    assert!(text.contains("write it as env:VARIABLE or file:FILE"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_wrong_passphrase_imports_nothing() {
    let operator = Operator::new("pikku").await;
    let (text, code) = operator.import(&["--passphrase", "env:TWO"]);
    assert_eq!(code, Some(1));
    assert!(text.contains("text: `wrapped_dek` was not sealed with this key"), "{text}");
    assert!(text.ends_with("1 imported, 0 unchanged, 2 failed\n"), "{text}");
}
