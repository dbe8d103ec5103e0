//! Every case on every backend, by name: `redis::cache::a_value_expires`.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

mod conformance {
    pub(crate) mod cache;
    pub(crate) mod session;
}

/// Texts that a store might take for something else.
const ODD_TEXTS: &[&str] = &[
    "",
    " ",
    ":",
    "{",
    "}",
    "{}",
    "{a}",
    "*",
    "?",
    "[a]",
    "\\",
    "%",
    "%00",
    "\0",
    "a",
    "a\0",
    "a\0b",
    "e:a",
    "g:a",
    "a:b",
    "A",
    "'",
    "\"",
    "\r\n",
    "ä",
    "a\u{308}",
    "\u{10ffff}",
    "日本",
    "1",
    "01",
    "NULL",
];

/// Makes each case a test of each backend, on a store of its own, or with tenants of its
/// own on the one cluster. A case that is
/// not listed is a function that is never used, which the compiler complains of.
macro_rules! conformance {
    ($($service:ident { $($case:ident)* })*) => {
        mod redis {
            conformance! { on redis $($service { $($case)* })* }
        }

        mod cluster {
            conformance! { on cluster $($service { $($case)* })* }
        }

        mod sqlite {
            conformance! { on sqlite $($service { $($case)* })* }
        }
    };
    (on $backend:ident $($service:ident { $($case:ident)* })*) => {$(
        mod $service {
            use satama_tests::Harness;

            use crate::conformance::$service as cases;

            $(
                #[tokio::test]
                async fn $case() {
                    cases::$case(&Harness::$backend().await).await;
                }
            )*
        }
    )*};
}

conformance! {
    cache {
        nothing_is_under_a_key_at_first
        a_value_is_read_as_it_was_set
        a_value_may_have_1_mib
        set_replaces_the_value
        a_value_expires
        ttl_tells_how_long_is_left
        set_restarts_the_ttl
        a_read_does_not_renew_the_ttl
        a_ttl_may_be_30_days
        delete_forgets_and_tells_whether_there_was_one
        set_if_absent_sets_where_there_is_no_live_value
        set_if_absent_leaves_a_live_value_alone
        of_many_that_set_if_absent_one_does
        a_batch_is_read_in_its_order
        a_batch_may_mix_groups_and_none
        a_batch_is_set_in_its_order
        a_batch_may_have_64_items
        keys_may_be_any_text
        tenants_and_buckets_never_see_each_other
        what_one_host_writes_another_reads_at_once
        reads_are_counted_by_bucket
        invalidating_a_bucket_forgets_all_of_it
        invalidating_a_group_forgets_all_of_it
        invalidating_a_group_leaves_the_rest
        invalidating_nothing_is_no_error
        an_invalidated_entry_never_returns
        an_entry_without_a_group_never_returns_either
        an_invalidated_counter_starts_anew
        an_entry_is_in_the_group_it_was_last_set_in
        a_generation_lives_as_long_as_its_longest_entry
        a_completed_claim_outlives_the_generation_it_began_with
        a_counter_keeps_its_generation_alive
        group_names_may_be_any_text
        what_one_host_invalidates_no_host_returns
        nothing_set_before_an_invalidation_is_read_after_it
        add_starts_at_zero_and_returns_the_sum
        a_value_that_was_set_counts_on
        sums_are_exact_to_64_bits
        add_past_either_end_fails_and_writes_nothing
        only_numbers_as_add_writes_them_are_counters
        a_new_counter_expires_and_an_old_one_keeps_its_ttl
        a_failed_add_keeps_the_ttl
        a_new_counter_joins_its_group_and_an_old_one_stays
        concurrent_adds_all_count
        fill_finds_a_live_value
        a_claim_sets_the_missing_entry
        a_completed_entry_expires
        one_holds_the_claim_and_others_are_told
        of_many_that_miss_one_computes_and_all_get_its_value
        a_waiter_gets_the_value_when_it_is_there
        a_claim_is_lost_when_its_key_is_written
        a_claim_is_lost_when_its_key_is_deleted
        a_claim_stays_lost_when_the_write_is_gone
        a_claim_is_lost_when_its_bucket_or_group_is_invalidated
        a_claim_survives_what_does_not_touch_it
        a_claim_from_before_an_invalidation_holds_nobody_up
        an_expired_claim_is_handed_over
        an_expired_claim_is_lost_even_if_nobody_took_it
        a_waiter_gets_the_claim_when_it_expires
        a_claim_that_is_given_up_is_handed_over_at_once
        a_claim_that_is_dropped_is_handed_over
        giving_up_a_lost_claim_harms_nobody
        a_claim_is_completed_once
        claims_of_other_keys_and_buckets_are_others
        a_refused_value_leaves_the_claim
        sizes_over_a_limit_are_refused
        batches_over_64_items_are_refused
        durations_over_a_limit_are_refused
        a_grant_may_lower_the_limits
        what_is_not_granted_does_not_open
    }
    session {
        a_session_expires
        what_expired_leaves_no_fields
        a_fixed_expiry_counts_from_creation_whatever_happens
        a_fixed_expiry_ends_a_session_in_use
        a_sliding_expiry_is_renewed_by_writes
        a_sliding_expiry_is_renewed_by_reads
        a_read_does_not_create_or_change_a_session
        a_write_that_was_refused_renews_nothing
        a_session_that_ended_begins_its_time_anew
        a_session_may_last_400_days
        reference_an_unknown_session_is_none
        reference_a_session_is_read_as_it_was_set
        reference_a_session_is_overwritten
        reference_a_session_is_cleared
        reference_clearing_an_unknown_session_does_nothing
        update_sets_some_fields_and_keeps_the_others
        remove_removes_the_fields_that_exist
        remove_creates_no_session
        a_session_may_have_no_fields
        of_two_fields_with_one_name_the_last_is_kept
        values_are_kept_as_they_were_written
        field_names_may_be_any_text
        ids_may_be_any_text
        tenants_and_stores_never_see_each_other
        what_one_host_writes_another_reads_at_once
        writers_to_different_fields_all_survive
        a_session_is_never_seen_half_written
        sizes_over_a_limit_are_refused
        a_session_may_have_256_fields_and_no_more
        a_session_may_have_1_mib_and_no_more
        sizes_are_in_bytes
        what_is_not_json_is_refused
        a_grant_may_lower_the_limits
        an_expiry_over_400_days_does_not_open
        every_write_gives_a_greater_version
        versions_grow_past_a_sessions_end
        compare_and_set_writes_the_version_it_is_given
        a_stale_version_writes_nothing_and_learns_the_present_one
        a_missing_session_has_version_zero
        any_write_makes_a_version_stale
        a_read_makes_no_version_stale
        of_many_with_one_version_one_swaps
        what_is_counted_by_swapping_is_exact
        concurrent_writes_have_different_versions
    }
}
