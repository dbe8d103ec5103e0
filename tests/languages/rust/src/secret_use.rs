//! Secrets as keys.

use satama_guest::secret;
use satama_guest::secret_use::{hmac_sha256, seal, unseal, verify_hmac_sha256};

use crate::show::{Lines, worked};

pub fn all(t: &mut Lines) {
    let put = secret::put("granted/key", &[7; 32]);
    t.say("put", worked(put));
    let key = secret::get("granted/key", None).expect("it was put");
    t.say("hmac", hmac_sha256(&key, "ä€😀".as_bytes()));
    t.say("hmac of nothing", hmac_sha256(&key, b""));
    let mac = hmac_sha256(&key, b"data").unwrap_or_default();
    t.say("verify", verify_hmac_sha256(&key, b"data", &mac));
    t.say("verify another", verify_hmac_sha256(&key, b"dat\0", &mac));
    t.say("verify a short one", verify_hmac_sha256(&key, b"data", &mac[..31]));
    let sealed = seal(&key, b"data", b"for ann").unwrap_or_default();
    t.say("seal", sealed.len());
    t.say("unseal", unseal(&key, &sealed, b"for ann"));
    t.say("unseal for another", unseal(&key, &sealed, b"for bob"));
    t.say("unseal nothing", unseal(&key, b"", b""));
    t.say("another each time", seal(&key, b"data", b"for ann").is_ok_and(|again| again != sealed));
    let largest = vec![1; 1 << 20];
    let larger = vec![1; (1 << 20) + 1];
    t.say("largest data", hmac_sha256(&key, &largest));
    t.say("larger data", hmac_sha256(&key, &larger));
    let sealed = seal(&key, &largest, &largest);
    t.say("seal the largest", sealed.as_ref().map(Vec::len).map_err(Clone::clone));
    t.say("unseal it", unseal(&key, &sealed.unwrap_or_default(), &largest));
    t.say("seal larger data", seal(&key, &larger, b""));
    t.say("seal for larger data", seal(&key, b"", &larger));
    t.say("verify larger data", verify_hmac_sha256(&key, &larger, &mac));
    t.say("delete", secret::delete("granted/key"));
}
