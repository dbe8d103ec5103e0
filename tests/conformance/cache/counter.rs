//! `add`: exact, atomic, and only on what it wrote.

use super::*;

/// The largest counter.
const MAX: i64 = (1 << 53) - 1;

async fn assert_no_counter(b: &Bucket, key: &str, delta: i64) {
    let before = b.get(key).await.unwrap();
    let sum = b.add(entry(key, ""), delta).await;
    assert!(matches!(sum, Err(Error::NotACounter)), "{before:?} and {delta}: {sum:?}");
    assert_eq!(b.get(key).await.unwrap(), before, "nothing was written");
}

pub(crate) async fn add_starts_at_zero_and_returns_the_sum(h: &Harness) {
    let b = h.bucket("b");
    assert_eq!(b.add(entry("n", "ignored"), 2).await.unwrap(), 2);
    assert_eq!(b.add(entry("n", ""), -5).await.unwrap(), -3);
    assert_eq!(b.add(entry("n", ""), 0).await.unwrap(), -3);
    assert_eq!(read(&b, "n").await.as_deref(), Some("-3"));
    assert_eq!(b.add(entry("zero", ""), 0).await.unwrap(), 0);
    assert_eq!(read(&b, "zero").await.as_deref(), Some("0"));
}

pub(crate) async fn a_value_that_was_set_counts_on(h: &Harness) {
    let b = h.bucket("b");
    for (value, sum) in [("0", 1), ("-1", 0), ("41", 42), ("-9007199254740991", 1 - MAX)] {
        b.set(in_group("g", "n", value)).await.unwrap();
        assert_eq!(b.add(entry("n", ""), 1).await.unwrap(), sum);
    }
}

pub(crate) async fn sums_are_exact_to_53_bits(h: &Harness) {
    let b = h.bucket("b");
    let cases = [
        (MAX - 1, 1, MAX),
        (MAX - 2, 1, MAX - 1),
        (MAX, -MAX, 0),
        (-MAX, MAX, 0),
        (1 - MAX, -1, -MAX),
    ];
    for (n, (start, delta, sum)) in cases.into_iter().enumerate() {
        let key = n.to_string();
        assert_eq!(b.add(entry(&key, ""), start).await.unwrap(), start);
        assert_eq!(b.add(entry(&key, ""), delta).await.unwrap(), sum);
        assert_eq!(read(&b, &key).await, Some(sum.to_string()));
    }
}

pub(crate) async fn add_past_either_end_fails_and_writes_nothing(h: &Harness) {
    let b = h.bucket("b");
    b.add(in_group("g", "max", ""), MAX).await.unwrap();
    b.add(entry("min", ""), -MAX).await.unwrap();
    b.set(entry("beyond", "9007199254740992")).await.unwrap();
    b.set(entry("far", "9223372036854775807")).await.unwrap();
    let cases = [
        ("max", 1),
        ("max", i64::MAX),
        ("max", i64::MIN),
        ("max", -2 * MAX),
        ("max", -MAX - 1),
        ("min", -1),
        ("min", i64::MIN),
        ("beyond", 0),
        ("beyond", -2),
        ("far", i64::MIN),
        ("missing", MAX + 1),
        ("missing", i64::MIN),
    ];
    for (key, delta) in cases {
        assert_no_counter(&b, key, delta).await;
    }
}

pub(crate) async fn only_numbers_as_add_writes_them_are_counters(h: &Harness) {
    let b = h.bucket("b");
    let long = "1".repeat(1000);
    let texts = [
        "",
        "+5",
        "007",
        "00",
        "-0",
        "-",
        "+",
        " 5",
        "5 ",
        "5\0",
        "5\n",
        "1e3",
        "1.0",
        "0x10",
        "text",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
        "٣",
        &long,
    ];
    for text in texts {
        b.set(entry("k", text)).await.unwrap();
        assert_no_counter(&b, "k", 1).await;
    }
    b.set(Entry { value: b"\xff", ..entry("k", "") }).await.unwrap();
    assert_no_counter(&b, "k", 1).await;
}

pub(crate) async fn a_new_counter_expires_and_an_old_one_keeps_its_ttl(h: &Harness) {
    let b = h.bucket("b");
    let (_, start) = h.timed(b.add(entry("long", ""), 1)).await;
    h.advance(BRIEF).await;
    b.add(brief(entry("long", "")), 1).await.unwrap();
    let (left, now) = h.timed(b.ttl("long")).await;
    assert!(now.proves(left.unwrap().unwrap(), LONG, start));

    b.add(brief(entry("brief", "")), 1).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(read(&b, "brief").await, None);
    assert_eq!(b.add(entry("brief", ""), 1).await.unwrap(), 1);
}

pub(crate) async fn a_failed_add_keeps_the_ttl(h: &Harness) {
    let b = h.bucket("b");
    let (_, start) = h.timed(b.set(entry("k", "text"))).await;
    h.advance(BRIEF).await;
    assert_no_counter(&b, "k", 1).await;
    let (left, now) = h.timed(b.ttl("k")).await;
    assert!(now.proves(left.unwrap().unwrap(), LONG, start));
}

pub(crate) async fn a_new_counter_joins_its_group_and_an_old_one_stays(h: &Harness) {
    let b = h.bucket("b");
    b.add(in_group("g", "n", ""), 1).await.unwrap();
    b.add(in_group("h", "n", ""), 1).await.unwrap();
    b.add(entry("n", ""), 1).await.unwrap();
    b.invalidate(Some("h")).await.unwrap();
    assert_eq!(read(&b, "n").await.as_deref(), Some("3"));
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(read(&b, "n").await, None);
}

pub(crate) async fn concurrent_adds_all_count(h: &Harness) {
    let sums = race(h, |_, b| async move {
        let mut sums = Vec::new();
        for _ in 0..10 {
            sums.push(b.add(in_group("g", "n", ""), 1).await.unwrap());
        }
        sums
    });
    let mut sums: Vec<i64> = sums.await.into_iter().flatten().collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=320).collect::<Vec<_>>());
}
