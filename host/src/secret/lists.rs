//! Names, page by page: what a grant lets be read of a list is some parts of it.

use super::vault::check_user;
use super::*;

impl Vault {
    /// The names of the secrets that may be read, after the place `after`.
    pub async fn names(
        &self,
        shelf: &Shelf,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        let spans = shelf.spans(check_after(after)?);
        self.page(List::Ids(shelf.scope()), spans, limit, "").await
    }

    /// The names of a user's credentials that may be read.
    pub async fn of_user(
        &self,
        shelf: &Shelf,
        user: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        check_user(Some(user))?;
        let prefix = Shelf::user_prefix(user);
        let mut spans = shelf.spans(check_after(after)?);
        for span in &mut spans {
            span.start.insert_str(0, &prefix);
            span.end.insert_str(0, &prefix);
        }
        let list = List::IdsOfShard(shelf.scope(), shelf.shard_of(user));
        self.page(list, spans, limit, &prefix).await
    }

    /// The users who have a credential.
    pub async fn users(
        &self,
        shelf: &Shelf,
        name: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        // Nothing of UTF-8 is after this.
        let end = "\u{10ffff}".repeat(64);
        let start = check_after(after)?.map_or_else(String::new, |after| format!("{after}\0"));
        match shelf.item(name, Some(""), Right::Read) {
            Ok(_) => {
                let spans = vec![Span { start, end }];
                self.page(List::Users(shelf.scope(), name), spans, limit, "").await
            }
            Err(_) => Ok(Page { names: Vec::new(), next: None }),
        }
    }

    /// A page of a list, whose members begin with `prefix`, which is left out.
    async fn page(
        &self,
        list: List<'_>,
        mut spans: Vec<Span>,
        limit: u32,
        prefix: &str,
    ) -> Result<Page, Error> {
        Refused::over("a page", limit as usize, PAGE_MAX.into())?;
        let more = spans.len() > SPANS_MAX;
        spans.truncate(SPANS_MAX);
        // Its first member is no member of the next page's list.
        let end = spans.last().map(|span| span.end.clone());
        if spans.is_empty() || limit == 0 {
            return Ok(Page { names: Vec::new(), next: None });
        }
        let found = self.store.list(list, &spans, limit).await?;
        let next = if found.len() >= limit as usize { found.last().cloned() } else { end };
        let next = next.filter(|_| more || found.len() >= limit as usize);
        let short = |text: String| text.strip_prefix(prefix).map(str::to_owned).unwrap_or(text);
        Ok(Page { names: found.into_iter().map(short).collect(), next: next.map(short) })
    }
}

fn check_after(after: Option<&str>) -> Result<Option<&str>, Refused> {
    if let Some(after) = after {
        // A place is a name, or a user, and one byte.
        Refused::over("a place in a list", after.len(), USER_BYTES_MAX + 1)?;
    }
    Ok(after)
}
