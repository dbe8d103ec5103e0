//! When a schedule is due.

use chrono::{DateTime, Datelike as _, Utc};
use croner::parser::{CronParser, Seconds, Year};

/// Five fields, or six of which the first is seconds; in UTC.
#[derive(Debug, Clone)]
pub struct Cron {
    /// As it was written.
    text: String,
    /// Six fields.
    fields: String,
}

/// How many years a schedule's next time is looked for: longer than from one 29th of February
/// that is a Monday to the next. What never comes would be looked for until the year 5000.
const YEARS: i32 = 50;

/// Text that says no time.
#[derive(Debug, thiserror::Error)]
pub enum BadCron {
    /// It is not a cron expression.
    #[error("`{text}` is not a cron expression: {why}")]
    Syntax {
        /// It.
        text: String,
        /// Why not.
        why: String,
    },
    /// It says none in the next fifty years.
    #[error("it never comes")]
    Never,
}

impl Cron {
    /// Reads an expression, as `man 5 crontab` has it.
    pub fn parse(text: &str) -> Result<Self, BadCron> {
        let fail = |why: String| {
            let text = text.chars().take(80).flat_map(char::escape_default).collect();
            BadCron::Syntax { text, why }
        };
        if text.len() > 255 {
            return Err(fail("it is longer than 255 bytes".into()));
        }
        // The library takes a year as well, and names for whole expressions.
        let fields: Vec<_> = text.split_whitespace().collect();
        let fields = match fields.len() {
            5 => format!("0 {}", fields.join(" ")),
            6 => fields.join(" "),
            _ => return Err(fail("it has not five or six fields".into())),
        };
        let parser = CronParser::builder().seconds(Seconds::Required).build();
        parser.parse(&fields).map_err(|err| fail(err.to_string()))?;
        Ok(Self { text: text.to_owned(), fields })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after this one, in milliseconds since 1970.
    pub fn after_ms(&self, now_ms: u64) -> Result<u64, BadCron> {
        // Whole seconds, or the library carries what is left into what it finds.
        let now = i64::try_from(now_ms / 1_000).ok();
        let now = now.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
        let now = now.ok_or(BadCron::Never)?;
        let (first, last) = (now.year(), now.year().saturating_add(YEARS));
        let parser = CronParser::builder().seconds(Seconds::Required).year(Year::Required).build();
        let cron = parser.parse(&format!("{} {first}-{last}", self.fields));
        let next = cron.map_err(|_| BadCron::Never)?.find_next_occurrence(&now, false);
        let next = next.map_err(|_| BadCron::Never)?.timestamp_millis();
        u64::try_from(next).map_err(|_| BadCron::Never)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-01T00:00:00Z.
    const NEW_YEAR: u64 = 1_767_225_600_000;
    const MINUTE: u64 = 60_000;
    const DAY: u64 = 24 * 60 * MINUTE;

    #[test]
    fn the_next_time_is_after_now() {
        let cases = [
            ("* * * * *", NEW_YEAR, NEW_YEAR + MINUTE),
            ("* * * * *", NEW_YEAR - 1, NEW_YEAR),
            ("0 0 * * *", NEW_YEAR, NEW_YEAR + DAY),
            ("*/10 * * * * *", NEW_YEAR, NEW_YEAR + 10_000),
            ("30 9 1 2 *", NEW_YEAR, NEW_YEAR + 31 * DAY + 570 * MINUTE),
            // 2028 is the next leap year.
            ("0 0 29 2 *", NEW_YEAR, NEW_YEAR + (365 + 365 + 59) * DAY),
        ];
        for (text, now, next) in cases {
            let found = Cron::parse(text).unwrap().after_ms(now).unwrap();
            assert_eq!(found, next, "{text}: {} ms off", found.abs_diff(next));
        }
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "* * * *", "60 * * * *", "every day", "* * * * * * *", &"*".repeat(300)] {
            assert!(Cron::parse(text).is_err(), "{text}");
        }
        let never = Cron::parse("0 0 31 2 *").and_then(|cron| cron.after_ms(NEW_YEAR));
        assert!(never.is_err());
    }
}
