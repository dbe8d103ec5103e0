//! Webhooks that are signed with a key that this component may use, and never has.
//!
//! The signature is made as Stripe's are (<https://docs.stripe.com/webhooks#verify-manually>).
//! Where the webhook goes is a secret as well, for such a URL often has a token in it: that
//! one is revealed, because whoever sends has to know it.

mod signature;

use satama_guest::secret::{self, Error};
use satama_guest::secret_reveal::reveal;
use satama_guest::secret_use::{hmac_sha256, verify_hmac_sha256};

use crate::signature::{Signature, signed};

wit_bindgen::generate!();

/// Names of secrets, as `grant.toml` has them.
const KEY: &str = "webhook/key";
const ENDPOINT: &str = "webhook/endpoint";

/// How far a signature's time may be from ours, in seconds: what was sent is not good for
/// ever to whoever saw it.
const TOLERANCE: u64 = 5 * 60;

struct Webhook;

impl Guest for Webhook {
    fn send(body: String, time: u64) -> Result<Request, String> {
        let endpoint = secret::get(ENDPOINT, None).map_err(of(ENDPOINT))?;
        let url = reveal(&endpoint).map_err(of(ENDPOINT))?;
        let url = String::from_utf8(url).map_err(|_| format!("{ENDPOINT} is no URL"))?;
        let key = secret::get(KEY, None).map_err(of(KEY))?;
        let mac = hmac_sha256(&key, &signed(time, &body)).map_err(of(KEY))?;
        let signature = Signature { time, macs: vec![mac] }.to_string();
        Ok(Request { url, signature, body })
    }

    fn verify(body: String, signature: String, time: u64) -> Result<(), String> {
        let signature: Signature = signature.parse()?;
        if signature.time.abs_diff(time) > TOLERANCE {
            return Err("it is too old, or of a time to come".into());
        }
        let signed = signed(signature.time, &body);
        // The newest version first: only for a while after a change is it another one.
        let versions = secret::describe(KEY).map_err(of(KEY))?.versions;
        for version in versions.into_iter().rev() {
            let key = match secret::get(KEY, Some(version)) {
                // It was the oldest, and another one was put just now.
                Err(Error::NotFound) => continue,
                key => key.map_err(of(KEY))?,
            };
            for mac in &signature.macs {
                if verify_hmac_sha256(&key, &signed, mac).map_err(of(KEY))? {
                    return Ok(());
                }
            }
        }
        Err("it is not of this body, or not by our key".into())
    }

    fn steal() -> Result<String, String> {
        let key = secret::get(KEY, None).map_err(of(KEY))?;
        let key = reveal(&key).map_err(of(KEY))?;
        Ok(String::from_utf8_lossy(&key).into_owned())
    }
}

/// What went wrong with a secret.
fn of(name: &'static str) -> impl Fn(Error) -> String {
    move |err| match err {
        Error::AccessDenied => format!("{name}: it may be used, and not revealed"),
        Error::NotFound => format!("{name}: there is no such secret; put it first"),
        err => format!("{name}: {err}"),
    }
}

export!(Webhook);
