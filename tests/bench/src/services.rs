//! What is in the services before they are measured.

use std::time::Duration;

use anyhow::Result;
use satama::cache::Entry;
use satama::session::Expiry;
use satama::{Services, StoreUrl};

use crate::guests::grant;

pub(crate) const VALUE: [u8; 100] = [b'v'; 100];

/// What a time-to-live is in every measurement: longer than any.
pub(crate) const TTL: Duration = Duration::from_secs(60 * 60);

/// A store that is slow for a moment fails no measurement.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The fields of the session that is read.
pub(crate) const FIELDS: [(&str, &str); 5] = [
    ("user", "\"u-190245\""),
    ("language", "\"fi\""),
    ("cart", "[1201,88,40112]"),
    ("seen-ms", "1767225600000"),
    ("theme", "{\"dark\":true,\"size\":12}"),
];

/// Services on `store`, with an entry `key` in the bucket `plain`, one in a group
/// of the bucket `grouped`, and the session `visitor` in `web`.
pub(crate) async fn open(store: StoreUrl) -> Result<Services> {
    let services = Services::builder(store).deadline(DEADLINE).build().await?;
    let grant = grant()?;
    for (bucket, group) in [("plain", None), ("grouped", Some("group"))] {
        let bucket = services.cache().bucket(grant.cache(bucket)?, grant.limits());
        bucket.set(Entry { key: "key", value: &VALUE, ttl: TTL, group }).await?;
    }
    let expiry = Expiry::Sliding(TTL);
    let sessions = services.session().sessions(grant.session("web")?, expiry, grant.limits())?;
    let fields = FIELDS.map(|(name, value)| (name.to_owned(), value.to_owned()));
    sessions.replace("visitor", fields.to_vec()).await?;
    Ok(services)
}
