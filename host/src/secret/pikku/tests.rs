//! The vectors of the reference, and what is not a record.

use proptest::prelude::*;

use super::*;

/// Made by Pikku with `test-key-encryption-key-32chars!`.
const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";
const WRAPPED: &str = "xNwWw5VXYye9SaIUex8dXMD6Fp8T87vM4eA74ZpSoRUbpeJPJCCyBOUyXkLAI9R4CQ_viVfwKqQMhapH8FKl7fX8bsS-KwEbOQ";
const PLAIN: &str = "DmM2Puh_ZFO5ogEC0Te2hkosO9YdTWkuKft3phXKwEUCELP5TjktmRs";
const WRAPPED_2: &str = "1T1pwuWi57JQOL_R5awklfdiiq8sQXIFlMz1Fj1NQ95dgTcSRogdQJ4T1lk7Vwf4moP8YYCTHnvf7lqRycSS8QXFnTdkYIG2YA";
const PLAIN_2: &str =
    "P_kse7wbhiH3f-ALkzmN5n_4d9SzCMN8m24BqZUVxEKhj8c7DkyrIL5n0Yi4k1SSf4sdPUUwd5Ppi7vP2HGcyIc";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first KEK, without the work of deriving it.
fn kek() -> Kek {
    let hex = "d2b51b94425730026b809364253bfdcfd51c9c7c7424473f897768a41e81431b";
    Kek(Zeroizing::new(std::array::from_fn(|at| {
        u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
    })))
}

fn error(ciphertext: &str, wrapped_dek: &str) -> Error {
    let record = Record::parse(ciphertext, wrapped_dek, "1");
    record.and_then(|record| record.open(&kek())).unwrap_err()
}

/// Vectors made with Pikku and checked with `node:crypto`; see the reference's section 3.
#[test]
fn what_pikku_derives_is_derived() {
    for (passphrase, salt, expected) in [
        ("test-key-encryption-key-32chars!", SALT, hex(&*kek().0)),
        (
            "pässwörd",
            "_-_-_-_-_-_-_-_-_-_-_w",
            "29ec07eaf14a5be37da4e5c30d0010e819d40b23b3f17fdfcb88402d7ce609bc".to_owned(),
        ),
    ] {
        let kek = Kek::derive(passphrase, &salt.parse().unwrap());
        assert_eq!(hex(&*kek.0), expected);
        if passphrase == "pässwörd" {
            let wrapped = "AUla3KxPb2herWk5sf59cnTNw0CQCB5EjZUtgqin3ktE35kQ-A31ImNL1jLNcGPDvL1O11TiG8zv9mPRvX_gM4CbOSdlfZV4Vw";
            let ciphertext = "Yh5svhwl_OBgRei4pB4a5Qm4dFF9ZRNj2PBlK76kGjQ";
            let record = Record::parse(ciphertext, wrapped, "3").unwrap();
            assert_eq!(record.open(&kek).unwrap().as_str(), "null");
        }
    }
}

#[test]
fn what_pikku_sealed_opens() {
    let dek = open(&kek().0, WRAPPED, Part::WrappedDek).unwrap();
    assert_eq!(*dek, b"\"K4lCAnwCM5q7Vs9O0me6sh161OILqqyg32V-k5efcoo\"");
    let key = hex(&*decode_key(&dek).unwrap());
    assert_eq!(key, "2b8942027c02339abb56cf4ed267bab21d7ad4e20baaaca0df657e93979f728a");
    for (ciphertext, wrapped, expected) in [
        (PLAIN, WRAPPED, "\"plain-value\""),
        (PLAIN_2, WRAPPED_2, "{\"token\":\"sk-123\",\"n\":1,\"u\":\"é🎉\"}"),
    ] {
        let standard = |text: &str| text.replace('-', "+").replace('_', "/");
        let padded = |text: &str| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
        for (ciphertext, wrapped) in [
            (ciphertext.to_owned(), wrapped.to_owned()),
            (standard(ciphertext), standard(wrapped)),
            (padded(ciphertext), padded(&standard(wrapped))),
        ] {
            let record = Record::parse(&ciphertext, &wrapped, "1").unwrap();
            assert_eq!(record.open(&kek()).unwrap().as_str(), expected);
        }
    }
}

#[test]
fn what_is_sealed_has_pikkus_lengths() {
    let record = Record::seal(&kek(), 7, "\"plain-value\"").unwrap();
    assert_eq!((record.wrapped_dek.len(), record.ciphertext.len()), (98, PLAIN.len()));
    assert_eq!(record.open(&kek()).unwrap().as_str(), "\"plain-value\"");
    let again = Record::seal(&kek(), 7, "\"plain-value\"").unwrap();
    assert!(again.wrapped_dek != record.wrapped_dek && again.ciphertext != record.ciphertext);
    for json in ["", "undefined", "{", "1 2", "'a'"] {
        assert_eq!(Record::seal(&kek(), 1, json), Err(Error::Content(Part::Ciphertext)));
    }
    // Deeper than a recursive parser goes, and half a character, as JSON.stringify writes it.
    for json in [format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), "\"\\ud83c\"".to_owned()]
    {
        assert_eq!(*Record::seal(&kek(), 1, &json).unwrap().open(&kek()).unwrap(), json);
    }
}

#[test]
fn what_is_malformed_is_told() {
    use Part::{Ciphertext, WrappedDek};
    let short = BASE64_URL_SAFE_NO_PAD.encode([0; 27]);
    for bad in ["", "A", "=", "é", "AA AA", "AA==AA", &PLAIN[..35], &short, "\0"] {
        assert_eq!(error(bad, WRAPPED), Error::Malformed(Ciphertext), "{bad}");
        assert_eq!(error(PLAIN, bad), Error::Malformed(WrappedDek), "{bad}");
    }
    assert_eq!(error(PLAIN, WRAPPED_2), Error::Mismatch(Ciphertext));
    assert_eq!(error(PLAIN, PLAIN), Error::Mismatch(WrappedDek));
    assert_eq!(error(&PLAIN[..PLAIN.len() - 4], WRAPPED), Error::Mismatch(Ciphertext));
    for version in ["", "00", "01", "+1", "-1", "1.0", " 1", "4294967296", "one"] {
        assert_eq!(Record::parse(PLAIN, WRAPPED, version), Err(Error::Version));
    }
    for salt in ["", "AAECAwQFBgcICQoLDA0O", "AAECAwQFBgcICQoLDA0ODw8", "é"] {
        assert_eq!(salt.parse::<Salt>(), Err(Error::Salt));
    }
    assert!("AAECAwQFBgcICQoLDA0ODw==".parse::<Salt>().is_ok());
}

#[test]
fn what_opens_and_is_wrong_is_told_without_it() {
    let dek = [9; KEY_BYTES];
    let text = BASE64_URL_SAFE_NO_PAD.encode(dek);
    let wrapped = seal(&kek().0, format!("\"{text}\"").as_bytes());
    // `undefined`, not JSON, not UTF-8.
    for plain in [b"".as_slice(), b"hunter2", b"\"\xff\""] {
        let err = error(&seal(&dek, plain), &wrapped);
        assert_eq!(err, Error::Content(Part::Ciphertext));
        assert_eq!(err.to_string(), "what is in `ciphertext` is not what stands there");
    }
    for plain in ["", "\"", "\"\"", &text, "\"AAEC\"", &format!("\"{text}AA\"")] {
        let err = error(PLAIN, &seal(&kek().0, plain.as_bytes()));
        assert_eq!(err, Error::Content(Part::WrappedDek), "{plain}");
    }
}

proptest! {
    #[test]
    fn json_comes_back_as_it_was(text: String, version: u32) {
        let json = serde_json::to_string(&text).unwrap();
        let record = Record::seal(&kek(), version, &json).unwrap();
        let (ciphertext, wrapped) = (&record.ciphertext, &record.wrapped_dek);
        let read = Record::parse(ciphertext, wrapped, &version.to_string()).unwrap();
        prop_assert_eq!(&read, &record);
        prop_assert_eq!(&*read.open(&kek()).unwrap(), &json);
    }

    /// Whatever a record has in it: an error, and no panic.
    #[test]
    fn no_record_panics(ciphertext in ".{0,200}", wrapped in ".{0,200}", version in ".{0,12}") {
        prop_assert!(Record::parse(&ciphertext, &wrapped, &version).is_err());
        let record = Record { ciphertext, wrapped_dek: wrapped, key_version: 0 };
        prop_assert!(record.open(&kek()).is_err());
        let _ = version.parse::<Salt>();
    }

    #[test]
    fn no_base64_panics(
        ciphertext in "[A-Za-z0-9+/_=-]{0,200}", wrapped in "[A-Za-z0-9+/_-]{38,200}",
    ) {
        let record = Record { ciphertext: ciphertext.clone(), wrapped_dek: wrapped, key_version: 1 };
        prop_assert!(record.open(&kek()).is_err());
        let record = Record { ciphertext, wrapped_dek: WRAPPED.to_owned(), key_version: 1 };
        prop_assert!(record.open(&kek()).is_err());
        let _ = record.ciphertext.parse::<Salt>();
    }

    #[test]
    fn what_a_key_wraps_does_not_panic(plain in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = decode_key(&plain);
        let wrapped = seal(&kek().0, &plain);
        prop_assert_eq!(error(PLAIN, &wrapped), Error::Content(Part::WrappedDek));
    }
}
