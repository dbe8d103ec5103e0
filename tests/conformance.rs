//! Every case on every backend, by name: `redis::cache::a_value_expires`.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

mod conformance {
    pub(crate) mod cache;
    pub(crate) mod channel;
    pub(crate) mod hub;
    pub(crate) mod secret;
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
    channel {
        reference_a_channel_is_known_as_it_was_added
        reference_a_missing_channel_is_not_found
        reference_a_removed_channel_is_not_found
        reference_removing_nothing_does_nothing
        a_channel_may_be_added_with_a_user
        a_channel_is_not_overwritten
        of_many_that_add_one_does
        removing_tells_how_many_there_were
        a_thousand_channels_are_removed_at_once
        of_many_that_remove_one_counts
        a_channel_that_is_added_again_is_new
        opening_data_and_state_are_kept_as_they_were_written
        closing_removes_a_channel_that_is_there
        reference_a_user_is_set_and_cleared
        a_channel_moves_from_user_to_user
        an_empty_user_is_a_user
        an_empty_id_is_an_id
        a_user_is_no_part_of_the_state
        of_many_that_set_the_user_the_last_has_it_alone
        reference_state_is_set_overwritten_and_cleared
        a_state_that_was_never_set_has_version_zero
        a_null_is_a_value
        every_write_of_a_state_gives_a_greater_version
        versions_are_not_used_again_by_a_later_channel
        a_stale_version_writes_nothing_and_learns_the_present_one
        any_write_makes_a_version_stale
        only_writes_of_the_state_make_a_version_stale
        of_many_with_one_version_one_swaps
        what_is_counted_by_swapping_is_exact
        concurrent_writes_have_different_versions
        d13_nothing_of_a_removed_channel_stays
        d13_nothing_of_an_expired_channel_stays
        d13_an_end_leaves_the_others_alone
        d14_nothing_makes_a_channel_but_add
        d14_nothing_brings_back_a_removed_channel
        d14_nothing_brings_back_a_closed_channel
        d14_nothing_brings_back_an_expired_channel
        d14_a_write_that_races_a_removal_brings_nothing_back
        a_channel_expires
        a_touch_lets_a_channel_live_on
        a_touch_renews_all_that_is_the_channels
        a_touch_never_shortens_a_life
        a_touch_tells_which_have_ended
        no_other_call_lets_a_channel_live_on
        an_expired_channel_may_be_added_again
        a_life_may_be_a_day_or_nothing
        of_many_channels_each_has_its_own_end
        a_list_of_nothing_is_empty
        pages_have_each_channel_once
        pages_of_nothing_come_to_an_end
        a_cursor_may_be_used_twice_and_on_another_host
        pages_have_what_stays_while_others_come_and_go
        hostile_cursors_do_no_harm
        the_cursor_of_another_list_does_no_harm
        ids_and_users_may_be_any_text
        tenants_and_names_never_see_each_other
        what_one_host_writes_another_reads_at_once
        ids_and_users_over_255_bytes_are_refused
        ids_and_users_of_255_bytes_are_not
        data_and_messages_may_have_64_kib_and_no_more
        lists_and_pages_of_over_1000_are_refused
        a_life_over_a_day_does_not_open
        only_what_an_application_may_send_closes
        what_is_not_json_is_refused
        a_grant_may_lower_the_limits
        what_is_not_granted_does_not_open
    }
    hub {
        reference_a_subscribed_channel_is_listed
        reference_subscribing_twice_is_no_error
        reference_unsubscribing_ends_a_subscription
        reference_unsubscribing_twice_tells
        reference_an_unknown_topic_has_no_members
        a_channel_that_is_not_there_has_no_topics
        topics_are_in_the_order_of_their_bytes
        a_channel_may_have_128_topics_and_no_more
        of_many_that_subscribe_at_once_128_do
        of_many_that_subscribe_one_changes
        d13_subscriptions_end_with_their_channel
        members_are_listed_with_their_users
        member_pages_have_each_member_once
        member_pages_have_who_stays_while_others_come_and_go
        hostile_member_cursors_do_no_harm
        a_listener_of_the_host_is_no_member
        a_message_reaches_all_who_listen
        a_message_reaches_other_hosts
        a_message_tells_its_topic_and_has_no_position
        messages_arrive_as_they_are
        the_excepted_channel_hears_nothing
        a_publishers_messages_come_in_its_order
        nothing_comes_of_a_topic_that_was_unsubscribed
        nothing_comes_of_topics_of_others
        topics_of_any_text_are_heard
        a_listener_ends_when_it_is_dropped
        who_listens_again_hears_what_is_new
        what_is_sent_reaches_the_socket_from_any_host
        sending_tells_whether_a_host_holds_the_socket
        a_close_reaches_the_socket_after_what_was_sent
        removing_closes_the_sockets_with_1000
        nothing_comes_after_the_channel_was_removed
        detaching_removes_the_channel_at_once
        dropping_a_socket_removes_the_channel_soon
        a_socket_that_comes_back_hears_nothing_of_its_earlier_end
        the_end_of_an_old_socket_leaves_a_new_channel_alone
        a_removed_channel_may_come_back_while_its_old_socket_closes
        one_channel_has_one_socket
        as_many_messages_as_may_wait_are_all_heard
        a_slow_receiver_is_closed_and_the_others_hear_everything
        what_is_sent_counts_as_what_is_published
        bytes_are_bounded_as_messages_are
        a_receiver_that_reads_is_never_slow
        a_slow_listener_is_told_what_it_missed
        a_full_queue_holds_nobody_up
        a_topic_is_not_kept_unless_one_says_so
        what_is_kept_is_read_in_order
        a_position_is_a_short_text
        a_page_of_history_leads_to_the_next
        a_limit_of_zero_tells_the_position_alone
        as_many_are_kept_as_was_said_last
        a_thousand_messages_may_be_kept
        a_kept_topic_is_kept_by_all_who_publish
        messages_are_forgotten_when_their_time_has_passed
        a_later_message_keeps_the_earlier_ones
        topics_and_hubs_have_their_own_history
        hostile_positions_do_no_harm
        of_many_that_publish_each_has_its_own_position
        who_comes_back_hears_what_it_missed_and_goes_on
        who_comes_back_while_others_publish_has_no_gap
        who_comes_and_goes_hears_everything_once
        a_long_history_is_heard_by_who_reads_it
        who_comes_back_too_late_is_told
        who_comes_back_to_a_forgotten_history_is_told
        who_comes_back_with_a_position_of_another_topic_is_told
        who_has_the_last_message_hears_only_new_ones
        what_was_not_for_a_channel_is_not_caught_up_with
        a_subscription_that_is_repeated_goes_on
        who_catches_up_is_not_cut_short
        who_unsubscribes_while_catching_up_hears_nothing_newer
        hosts_that_change_one_channels_topics_end_in_agreement
        hosts_that_catch_up_one_channel_end_in_agreement
        a_removal_amid_changes_leaves_no_receiver
        a_sockets_channel_lives_as_long_as_its_host
        a_host_that_crashes_leaves_nothing
        who_comes_back_from_a_crashed_host_has_no_gap
        a_host_that_is_dropped_removes_its_channels
        a_heartbeat_disturbs_nobody
        topics_and_ids_over_255_bytes_are_refused
        messages_may_have_64_kib_and_no_more
        what_is_kept_has_limits
        keeping_nothing_keeps_next_to_nothing
        a_grant_may_lower_the_limits
        what_is_not_granted_does_not_open
    }
    secret {
        a_secret_is_read_as_it_was_put
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
