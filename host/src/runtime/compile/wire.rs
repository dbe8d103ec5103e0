//! What the two processes tell each other. Numbers are little-endian, eight bytes each.
//!
//! The host sends a [`Request`] and the component, and leaves the pipe open. It is
//! answered with [`ANSWER`], the digest of the engine's settings, and an [`Outcome`].

use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};

/// What each side begins with; the last byte is the version of this layout.
const REQUEST: &[u8; 8] = b"satamaC\x01";
const ANSWER: &[u8; 8] = b"satamaM\x01";

/// Longest text of an error, in bytes: what somebody reads.
const TEXT_BYTES_MAX: usize = 8 << 10;

/// What is asked of the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) memory_bytes: u64,
    /// Time of the processor's, of all threads together, in seconds.
    pub(super) cpu_s: u64,
    pub(super) code_bytes: u64,
    /// Length of the component that follows.
    pub(super) wasm_bytes: u64,
}

/// What became of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Code(Vec<u8>),
    /// It does not compile. Says why.
    Refused(String),
    /// It is more code than it may be.
    TooMuchCode,
    /// There was no memory for it.
    NoMemory,
}

impl Request {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        to.write_all(REQUEST)?;
        for number in [self.memory_bytes, self.cpu_s, self.code_bytes, self.wasm_bytes] {
            to.write_all(&number.to_le_bytes())?;
        }
        Ok(())
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        if &array::<8>(from)? != REQUEST {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a request"));
        }
        Ok(Self {
            memory_bytes: number(from)?,
            cpu_s: number(from)?,
            code_bytes: number(from)?,
            wasm_bytes: number(from)?,
        })
    }
}

/// Says who answers, before the work begins.
pub(super) fn write_head(to: &mut impl Write, engine: &[u8; 32]) -> io::Result<()> {
    to.write_all(ANSWER)?;
    to.write_all(engine)?;
    to.flush()
}

/// The engine's digest of who answers, or none of what is no answer.
pub(super) fn read_head(from: &mut impl Read) -> io::Result<Option<[u8; 32]>> {
    if &array::<8>(from)? != ANSWER {
        return Ok(None);
    }
    array(from).map(Some)
}

impl Outcome {
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let (kind, body): (u8, &[u8]) = match self {
            Self::Code(code) => (0, code),
            Self::Refused(why) => (1, &why.as_bytes()[..why.floor_char_boundary(TEXT_BYTES_MAX)]),
            Self::TooMuchCode => (2, &[]),
            Self::NoMemory => (3, &[]),
        };
        to.write_all(&[kind])?;
        to.write_all(&(body.len() as u64).to_le_bytes())?;
        to.write_all(&checksum(kind, body))?;
        to.write_all(body)?;
        to.flush()
    }

    /// Reads code of at most `code_bytes`; what is not whole is an error.
    pub(super) fn read(from: &mut impl Read, code_bytes: u64) -> io::Result<Self> {
        let [kind] = array(from)?;
        let bytes = number(from)?;
        let expected: [u8; 32] = array(from)?;
        if kind == 0 && bytes > code_bytes {
            return Ok(Self::TooMuchCode);
        }
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, "not an answer");
        if kind != 0 && bytes > TEXT_BYTES_MAX as u64 {
            return Err(invalid());
        }
        // It grows with what arrives, not with what was announced.
        let mut body = Vec::new();
        from.take(bytes).read_to_end(&mut body)?;
        if body.len() as u64 != bytes {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if checksum(kind, &body) != expected {
            return Err(invalid());
        }
        match kind {
            0 => Ok(Self::Code(body)),
            1 => Ok(Self::Refused(String::from_utf8_lossy(&body).into_owned())),
            2 => Ok(Self::TooMuchCode),
            3 => Ok(Self::NoMemory),
            _ => Err(invalid()),
        }
    }
}

/// Of all that an outcome says.
fn checksum(kind: u8, body: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update([kind]).chain_update(body).finalize().into()
}

fn array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn number(from: &mut impl Read) -> io::Result<u64> {
    array(from).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(outcome: &Outcome) -> Vec<u8> {
        let mut bytes = Vec::new();
        outcome.write(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let request = Request { memory_bytes: 1, cpu_s: 2, code_bytes: 3, wasm_bytes: u64::MAX };
        let mut bytes = Vec::new();
        request.write(&mut bytes).unwrap();
        assert_eq!(Request::read(&mut bytes.as_slice()).unwrap(), request);
        for outcome in [
            Outcome::Code(vec![7; 1000]),
            Outcome::Refused("why".into()),
            Outcome::TooMuchCode,
            Outcome::NoMemory,
        ] {
            let bytes = written(&outcome);
            assert_eq!(Outcome::read(&mut bytes.as_slice(), 1000).unwrap(), outcome);
        }
    }

    #[test]
    fn half_an_answer_and_a_changed_one_are_refused() {
        let whole = written(&Outcome::Code(vec![7; 1000]));
        for length in 0..whole.len() {
            Outcome::read(&mut &whole[..length], 1000).unwrap_err();
        }
        for at in [0, 9, 40, 41, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            Outcome::read(&mut changed.as_slice(), 1000).unwrap_err();
        }
        let refused = written(&Outcome::Refused("é".repeat(TEXT_BYTES_MAX)));
        assert_eq!(refused.len(), 41 + TEXT_BYTES_MAX);
    }

    #[test]
    fn more_code_than_may_be_is_not_read() {
        let whole = written(&Outcome::Code(vec![7; 1000]));
        let head = &whole[..41];
        assert_eq!(Outcome::read(&mut &head[..], 999).unwrap(), Outcome::TooMuchCode);
    }
}
