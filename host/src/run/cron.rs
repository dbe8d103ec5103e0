//! When a schedule is due.

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds};

/// Five fields, or six of which the first is seconds; in UTC.
#[derive(Debug, Clone)]
pub struct Cron(croner::Cron);

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
    /// It says none that is still to come.
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
        if !matches!(text.split_whitespace().count(), 5 | 6) {
            return Err(fail("it has not five or six fields".into()));
        }
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        parser.parse(text).map(Self).map_err(|err| fail(err.to_string()))
    }

    /// The first time after this one, in milliseconds since 1970.
    pub fn after_ms(&self, now_ms: u64) -> Result<u64, BadCron> {
        // Whole seconds, or the library carries what is left into what it finds.
        let now = i64::try_from(now_ms / 1_000).ok();
        let now = now.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
        let next = self.0.find_next_occurrence(&now.ok_or(BadCron::Never)?, false);
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
