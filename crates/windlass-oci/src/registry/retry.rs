//! When to ask again: back-off with jitter, and `Retry-After` (RFC 9110, section 10.2.3).
//!
//! Invariants: a 4xx is final, but for 408, 425 and 429; nobody is asked sooner than they wished,
//! and a wish longer than [`LONGEST`] ends the matter. The decision is pure; the pause is here too.

use super::RegistryError;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// Longest pause between two attempts.
const LONGEST: Duration = Duration::from_mins(2);

/// How often, and how long in between.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) attempts: u32,
    pub(super) backoff: Duration,
}

impl Patience {
    /// The pause after attempt number `attempt` (from 1) failed; `None` when that was the last.
    /// `dice` is between 0 and 1.
    fn pause(&self, attempt: u32, failure: &RegistryError, dice: f64) -> Option<Duration> {
        if attempt >= self.attempts || !failure.is_transient() {
            return None;
        }
        let doubled = self.backoff.saturating_mul(1 << (attempt - 1).min(16)).min(LONGEST);
        // Half is certain, so that many who failed at once do not come back at once.
        let own = doubled.mul_f64(0.5 + 0.5 * dice.clamp(0.0, 1.0));
        match failure {
            RegistryError::Status { retry_after_ms: Some(ms), .. } => {
                let wished = Duration::from_millis(*ms);
                (wished <= LONGEST).then(|| wished + own)
            }
            _ => Some(own),
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or the attempts are used up.
    pub(super) fn retry<T>(
        &self,
        attempt: &mut dyn FnMut() -> Result<T, RegistryError>,
    ) -> Result<T, RegistryError> {
        let mut number = 1;
        loop {
            let failure = match attempt() {
                Ok(done) => return Ok(done),
                Err(failure) => failure,
            };
            let Some(pause) = self.pause(number, &failure, dice()) else {
                return Err(ended(number, failure));
            };
            std::thread::sleep(pause);
            number += 1;
        }
    }
}

/// The failure of the last of `attempts`.
fn ended(attempts: u32, failure: RegistryError) -> RegistryError {
    if attempts > 1 && failure.is_transient() {
        RegistryError::GaveUp { attempts, source: Box::new(failure) }
    } else {
        failure
    }
}

/// Between 0 and 1, another one each time: the seed of a hash table, which the system draws.
fn dice() -> f64 {
    (RandomState::new().hash_one(0_u8) >> 11) as f64 / (1_u64 << 53) as f64
}

/// How long a server wants to be left alone, in milliseconds: seconds, or a date, which is read
/// against the answer's own `Date`, so that no clock but the server's matters.
pub(super) fn retry_after_ms(value: &str, date: Option<&str>) -> Option<u64> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(seconds.saturating_mul(1_000));
    }
    let (until, now) = (http_date(value)?, http_date(date?)?);
    Some(until.saturating_sub(now).saturating_mul(1_000))
}

/// Seconds since the epoch of an IMF-fixdate: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let words: Vec<&str> = text.trim().split(' ').collect();
    let [_, day, month, year, time, "GMT"] = words[..] else { return None };
    let month = MONTHS.find(month).filter(|at| at % 3 == 0 && month.len() == 3)? as u64 / 3 + 1;
    let (day, year): (u64, u64) = (day.parse().ok()?, year.parse().ok()?);
    let mut parts = time.split(':').map(str::parse::<u64>);
    let mut part = || parts.next()?.ok();
    let (hour, minute, second) = (part()?, part()?, part()?);
    if !(1970..10_000).contains(&year) || !(1..=31).contains(&day) || hour > 23 || minute > 59 {
        return None;
    }
    // Days since the epoch, with years that begin in March.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after_ms: Option<u64>) -> RegistryError {
        RegistryError::Status { url: String::new(), status, said: None, retry_after_ms }
    }

    #[test]
    fn what_is_tried_again_and_when() {
        let patience = Patience { attempts: 4, backoff: Duration::from_millis(100) };
        for (failure, attempt, dice, wanted_ms) in [
            (status(500, None), 1, 0.0, Some(50)),
            (status(503, None), 1, 1.0, Some(100)),
            (status(502, None), 3, 1.0, Some(400)),
            (status(504, None), 4, 1.0, None),
            (status(408, None), 2, 0.0, Some(100)),
            (status(429, Some(2_000)), 1, 0.0, Some(2_050)),
            (status(503, Some(120_000)), 1, 0.0, Some(120_050)),
            (status(429, Some(121_000)), 1, 0.0, None),
            (status(501, None), 1, 0.0, None),
            (status(400, None), 1, 0.0, None),
            (status(401, Some(1)), 1, 0.0, None),
            (status(403, None), 1, 0.0, None),
            (status(404, None), 1, 0.0, None),
            (
                RegistryError::CutOff { url: String::new(), received: 3, source: None },
                1,
                0.0,
                Some(50),
            ),
        ] {
            let pause = patience.pause(attempt, &failure, dice);
            assert_eq!(pause, wanted_ms.map(Duration::from_millis), "{failure} after {attempt}");
        }
    }

    #[test]
    fn the_pause_never_grows_beyond_all_measure() {
        let patience = Patience { attempts: u32::MAX, backoff: Duration::from_secs(1) };
        assert_eq!(patience.pause(4_000_000, &status(500, None), 1.0), Some(LONGEST));
    }

    #[test]
    fn wishes_are_seconds_or_dates() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(http_date(date), Some(784_111_777));
        assert_eq!(http_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        for (value, now, wanted) in [
            ("7", None, Some(7_000)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(date), Some(10_000)),
            ("Sun, 06 Nov 1994 08:49:07 GMT", Some(date), Some(0)),
            (date, None, None),
            ("soon", Some(date), None),
            ("Sun, 06 Xxx 1994 08:49:37 GMT", Some(date), None),
        ] {
            assert_eq!(retry_after_ms(value, now), wanted, "{value}");
        }
    }

    #[test]
    fn attempts_end_with_success_a_final_answer_or_their_number() {
        let patience = Patience { attempts: 3, backoff: Duration::from_micros(1) };
        let run = |answers: &[u16]| {
            let mut left = answers.iter();
            let mut tried = 0;
            let ended = patience.retry(&mut || {
                tried += 1;
                match left.next() {
                    Some(200) => Ok(()),
                    other => Err(status(*other.expect("asked no more often"), None)),
                }
            });
            (tried, ended)
        };
        assert!(matches!(run(&[500, 500, 200]), (3, Ok(()))));
        assert!(matches!(run(&[500, 403]), (2, Err(RegistryError::Status { status: 403, .. }))));
        assert!(matches!(run(&[500; 3]), (3, Err(RegistryError::GaveUp { attempts: 3, .. }))));
    }
}
