//! Secrets as keys.

use expect::{equal, ok, that};
use satama_guest::secret::{self, Error, Secret};
use satama_guest::secret_use::{hmac_sha256, seal, unseal, verify_hmac_sha256};

use super::{get, put};

const DATA_BYTES_MAX: usize = 1 << 20;

/// What sealing adds, and the most that is unsealed.
const BOX_BYTES: usize = 81;
const SEALED_BYTES_MAX: usize = DATA_BYTES_MAX + BOX_BYTES;

pub fn check() -> Result<(), String> {
    vectors()?;
    put("granted/key", &[7; 32])?;
    let key = get("granted/key")?;
    macs(&key)?;
    seals(&key)?;
    other_keys(&key)?;
    limits(&key)
}

/// RFC 4231, test cases 1, 2, 3, 6 and 7: <https://www.rfc-editor.org/rfc/rfc4231#section-4>.
fn vectors() -> Result<(), String> {
    let large = "This is a test using a larger than block-size key and a larger than block-size \
                 data. The key needs to be hashed before being used by the HMAC algorithm.";
    let cases: [(&[u8], &[u8], &str); 5] = [
        (
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            &[0xaa; 131],
            large.as_bytes(),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, data, expected) in cases {
        put("granted/vector", key)?;
        let key = get("granted/vector")?;
        let mac = ok("hmac", hmac_sha256(&key, data))?;
        let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
        equal("RFC 4231", hex.as_str(), expected)?;
        equal("it verifies", verify_hmac_sha256(&key, data, &mac), Ok(true))?;
    }
    Ok(())
}

fn macs(key: &Secret) -> Result<(), String> {
    let mac = ok("hmac", hmac_sha256(key, b"data"))?;
    equal("32 bytes", mac.len(), 32)?;
    for at in [0, 15, 31] {
        let mut wrong = mac.clone();
        wrong[at] ^= 1;
        equal("a wrong byte", verify_hmac_sha256(key, b"data", &wrong), Ok(false))?;
    }
    for wrong in [&[][..], &mac[..31], &[&mac[..], &[0]].concat(), &[0; 100_000]] {
        equal("a wrong length", verify_hmac_sha256(key, b"data", wrong), Ok(false))?;
    }
    equal("other data", verify_hmac_sha256(key, b"data.", &mac), Ok(false))?;
    let nothing = ok("hmac of nothing", hmac_sha256(key, b""))?;
    equal("of nothing", verify_hmac_sha256(key, b"", &nothing), Ok(true))
}

fn seals(key: &Secret) -> Result<(), String> {
    for (data, associated) in
        [(&b""[..], &b""[..]), (b"token", b""), (b"", b"ann"), (b"token", b"ann")]
    {
        let sealed = ok("seal", seal(key, data, associated))?;
        equal("its length", sealed.len(), data.len() + BOX_BYTES)?;
        that("another each time", ok("seal", seal(key, data, associated))? != sealed)?;
        equal("it opens", unseal(key, &sealed, associated), Ok(data.to_vec()))?;
    }
    let sealed = ok("seal", seal(key, b"token", b"ann"))?;
    that("it is not in the open", !sealed.windows(5).any(|bytes| bytes == b"token"))?;
    for associated in [&b""[..], b"an", b"annn", b"Ann", b"ann\0"] {
        equal(
            "associated with another",
            unseal(key, &sealed, associated),
            Err(Error::NotAuthentic),
        )?;
    }
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1 << (at % 8);
        equal("changed", unseal(key, &changed, b"ann"), Err(Error::NotAuthentic))?;
        equal("cut", unseal(key, &sealed[..at], b"ann"), Err(Error::NotAuthentic))?;
    }
    let longer = [&sealed[..], &[0]].concat();
    equal("longer", unseal(key, &longer, b"ann"), Err(Error::NotAuthentic))?;
    equal("it opens still", unseal(key, &sealed, b"ann"), Ok(b"token".to_vec()))
}

fn other_keys(key: &Secret) -> Result<(), String> {
    let sealed = ok("seal", seal(key, b"token", b""))?;
    let mac = ok("hmac", hmac_sha256(key, b"data"))?;
    put("granted/key", &[8; 32])?;
    for other in [get("granted/key")?, get("read-only")?] {
        equal("another key", unseal(&other, &sealed, b""), Err(Error::NotAuthentic))?;
        equal("another key", verify_hmac_sha256(&other, b"data", &mac), Ok(false))?;
    }
    let old = ok("the old version", secret::get("granted/key", Some(key.version())))?;
    equal("it opens", unseal(&old, &sealed, b""), Ok(b"token".to_vec()))
}

fn limits(key: &Secret) -> Result<(), String> {
    let data = vec![1; SEALED_BYTES_MAX + 1];
    let (most, over) = (&data[..DATA_BYTES_MAX], &data[..=DATA_BYTES_MAX]);
    let error = Error::TooLarge(DATA_BYTES_MAX as u64);
    let mac = ok("hmac of the most", hmac_sha256(key, most))?;
    equal("it verifies", verify_hmac_sha256(key, most, &mac), Ok(true))?;
    let sealed = ok("seal the most", seal(key, most, most))?;
    that("it opens", unseal(key, &sealed, most).as_deref() == Ok(most))?;
    equal("hmac", hmac_sha256(key, over), Err(error))?;
    equal("verify", verify_hmac_sha256(key, over, &mac), Err(error))?;
    equal("seal", seal(key, over, b""), Err(error))?;
    equal("associated", seal(key, b"", over), Err(error))?;
    equal("unseal, associated", unseal(key, &sealed, over), Err(error))?;
    let error = Error::TooLarge(SEALED_BYTES_MAX as u64);
    equal("unseal", unseal(key, &data, b""), Err(error))?;
    equal("unseal the most", unseal(key, &data[1..], b""), Err(Error::NotAuthentic))
}
