//! The header of a signed webhook: `t=TIME,v1=HEX`, as text and back.

use std::fmt;
use std::str::FromStr;

/// Most signatures that are looked at: more than one while a sender changes its key.
const MACS_MAX: usize = 4;

/// When something was signed, and how; by several keys perhaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    /// In seconds since 1970.
    pub(crate) time: u64,
    /// HMAC-SHA-256, each of what [`signed`] gives.
    pub(crate) macs: Vec<Vec<u8>>,
}

/// What is signed: the body, and when, so that neither goes with another.
pub(crate) fn signed(time: u64, body: &str) -> Vec<u8> {
    format!("{time}.{body}").into_bytes()
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "t={}", self.time)?;
        for mac in &self.macs {
            f.write_str(",v1=")?;
            mac.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        }
        Ok(())
    }
}

impl FromStr for Signature {
    type Err = String;

    /// Parts that are not known are left out, as senders may add some.
    fn from_str(header: &str) -> Result<Self, String> {
        let (mut time, mut macs) = (None, Vec::new());
        for part in header.split(',') {
            match part.split_once('=') {
                Some(("t", text)) => time = text.parse().ok(),
                Some(("v1", text)) if macs.len() < MACS_MAX => macs.extend(bytes(text)),
                _ => {}
            }
        }
        let time = time.ok_or("it has no time, as in t=1767225600")?;
        if macs.is_empty() {
            return Err("it has no signature, as in v1=5bdcc146…".into());
        }
        Ok(Self { time, macs })
    }
}

/// The bytes of hexadecimal digits, if it is nothing else.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.chars().map(|digit| digit.to_digit(16));
    let digits: Vec<u8> = digits.map(|digit| digit?.try_into().ok()).collect::<Option<_>>()?;
    let whole = digits.len() == 64;
    whole.then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let signature = Signature { time: 7, macs: vec![vec![0x0f; 32], vec![0xf0; 32]] };
        let text = signature.to_string();
        assert_eq!(text, format!("t=7,v1={},v1={}", "0f".repeat(32), "f0".repeat(32)));
        assert_eq!(text.parse(), Ok(signature.clone()));
        assert_eq!(format!("v0=6ffbb5,{text},x").to_uppercase().parse::<Signature>().ok(), None);
        assert_eq!(format!("v0=6ffbb5,{text},x").parse(), Ok(signature));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let hex = "0f".repeat(32);
        for text in ["", "t=", "v1=", "t=1", "t=-1,v1=00", "t=1,v1=0", "t=1,v1=é", "t=1;v1=00"] {
            assert!(text.parse::<Signature>().is_err(), "{text}");
        }
        assert!(format!("v1={hex}").parse::<Signature>().is_err());
        assert!(format!("t=1,v1={hex}0").parse::<Signature>().is_err());
        assert!(format!("t=1,v1={}", hex.replace('f', "g")).parse::<Signature>().is_err());
        let many = format!("t=1{}", format!(",v1={hex}").repeat(1_000));
        assert_eq!(many.parse::<Signature>().unwrap().macs.len(), MACS_MAX);
    }

    #[test]
    fn time_and_body_are_signed_as_one() {
        assert_eq!(signed(1, "{}"), b"1.{}");
        assert_ne!(signed(1, "2.a"), signed(12, "a"));
    }
}
