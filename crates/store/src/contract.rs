//! The behaviours every database must have, one function each. What is not here does not exist.
//!
//! A database's tests call [`contract_tests!`](crate::contract_tests) with a function that opens an empty
//! store; each behaviour becomes a test of its own. A new behaviour is a function in its area's file and its
//! name in the macro's list, which a test compares.
#![expect(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "a behaviour says in its name what it demands, and panics where it is not met"
)]

pub mod answers;
pub mod audit;
pub mod budget;
mod channel;
pub mod conversations;
pub mod customers;
pub mod erasure;
pub mod inbox;
pub mod intents;
pub mod isolation;
pub mod jobs;
pub mod keys;
pub mod ledger;
pub mod listing;
pub mod media;
pub mod numbers;
pub mod operators;
pub mod outbox;
pub mod privacy;
pub mod prompts;
pub mod provider_keys;
pub mod publications;
mod sample;
pub mod sessions;
pub mod takeover;
pub mod tenants;

/// What a behaviour returns: an error where the store failed at something it should have done.
pub type Outcome = Result<(), crate::StorageError>;

/// Makes a test of every behaviour, in one module per area.
///
/// The argument is a function `async fn() -> (Arc<dyn Store>, Guard)` that opens a new, empty store; the guard
/// (a temporary directory, say) lives until the test ends.
#[macro_export]
macro_rules! contract_tests {
    ($open:path) => {
        $crate::contract_tests! { $open;
            answers:
                answers_are_listed_by_id
                an_answer_is_replaced_by_its_id
                a_deleted_answer_is_gone
                changed_answers_change_the_tenants_version
                answers_of_a_new_tenant_create_it;
            audit:
                an_entry_reads_back_as_it_was
                pages_hold_every_entry_once
                entries_are_narrowed
                old_entries_are_swept;
            budget:
                a_claim_is_held_against_the_cap_until_it_is_settled
                a_released_claim_frees_its_money
                a_refused_claim_still_counts_the_request
                a_claim_that_nobody_settled_lapses
                claims_made_at_once_never_pass_the_cap
                every_month_has_its_own_money
                a_clock_that_goes_back_over_midnight_makes_no_room
                money_spent_without_a_cap_counts_once_there_is_one
                every_scope_has_its_own_cap_and_all_must_have_room
                a_cap_that_starts_anew_later_is_named_first
                a_turn_over_midnight_has_room_in_both_days
                the_cheaper_model_is_claimed_where_the_whole_has_no_room
                sixty_four_paid_calls_at_once_against_money_for_ten_cost_no_more
                a_mark_is_told_once_for_its_period_and_cap
                a_changed_cap_is_told_anew
                a_refusal_by_what_is_settled_tells_the_last_mark
                what_is_spent_and_claimed_is_told_by_scope;
            conversations:
                an_unknown_conversation_is_empty
                a_recorded_turn_reads_back_as_it_was
                history_is_the_newest_part_in_order
                messages_are_numbered_from_the_first
                a_turn_in_another_users_conversation_writes_nothing
                a_turn_without_an_answer_keeps_the_question
                a_turn_that_keeps_nothing_is_still_booked
                turns_recorded_at_once_keep_every_message_once
                a_turn_that_hands_over_gives_the_conversation_to_a_person
                a_conversation_goes_to_a_person_and_back
                a_person_answers_in_an_existing_conversation_only
                a_summary_never_covers_less_than_before
                a_deleted_conversation_leaves_nothing_but_its_usage;
            customers:
                a_customer_is_known_by_either_address
                a_telephone_in_another_form_is_the_same_person
                a_customer_of_two_numbers_has_two_conversations
                two_who_turn_out_to_be_one_are_merged
                what_was_booked_for_both_is_one_customers
                a_merged_customer_keeps_a_conversation_of_another_number
                a_changed_identity_is_the_same_customer
                a_telephone_somebody_had_before_is_another_person
                what_a_customer_wants_is_known_before_sending
                a_failure_that_tells_of_stopped_marketing_is_noted
                customers_of_two_tenants_are_apart;
            inbox:
                a_message_that_is_delivered_again_is_kept_once
                the_same_key_of_two_numbers_is_two_events
                a_burst_is_due_once_after_its_quiet
                a_choice_makes_the_whole_burst_due_at_once
                what_waits_is_claimed_in_the_order_it_was_written
                a_conversation_is_claimed_by_one_at_a_time
                a_lease_that_ran_out_is_free_and_its_holder_is_fenced
                a_draft_is_void_when_something_newer_has_arrived
                what_arrives_during_a_turn_is_due_after_it
                more_than_a_claim_holds_is_claimed_next
                a_dismissed_message_waits_no_more
                a_postponed_conversation_keeps_everything
                a_deferred_conversation_has_not_failed
                the_longest_due_of_other_tenants_is_claimed
                an_edit_is_in_what_waits_and_a_revocation_takes_it_out
                a_conversation_whose_messages_are_all_taken_back_is_not_due
                what_wants_no_answer_is_kept_and_makes_nothing_due
                what_our_own_number_writes_is_dropped
                an_event_of_nobodys_number_is_kept
                a_thousand_events_are_one_reception
                the_longest_due_is_claimed_first
                the_window_opens_with_the_newest_message
                sweeping_keeps_what_waits
                a_deleted_conversation_is_not_worked_on;
            intents:
                a_set_of_intents_reads_back_as_it_was
                only_the_next_version_of_a_set_is_stored
                a_set_that_was_replaced_keeps_its_intents_and_loses_its_model
                the_oldest_versions_of_a_set_are_forgotten
                changed_intents_change_the_tenants_version
                every_tenant_has_its_own_intents;
            isolation:
                the_same_names_in_two_tenants_are_different_things
                nothing_of_a_tenant_is_changed_through_another;
            jobs:
                a_batch_is_worked_on_in_order_until_it_is_done
                batches_take_turns
                a_batch_that_is_sent_again_is_made_once
                an_item_that_was_given_back_is_taken_again
                a_result_counts_once_and_not_after_the_end
                a_batch_of_another_tenant_is_not_there
                old_batches_are_swept_and_open_ones_stay
                a_large_old_batch_is_swept_a_few_items_at_a_time
                a_batch_of_somebody_who_is_passed_over_waits
                a_batch_of_a_suspended_tenant_waits_and_goes_on
                an_item_that_only_waited_has_not_been_tried
                a_tenant_has_so_many_open_batches_and_no_more
                a_revoked_key_ends_its_batches;
            keys:
                a_key_reads_back_as_it_was
                a_key_creates_its_tenant
                a_hash_or_an_id_is_taken_once
                a_revoked_key_says_when
                a_rotated_key_knows_the_secret_before
                a_key_of_another_tenant_does_not_exist
                a_server_has_keys_until_the_last_is_revoked
                keys_that_ended_first_are_forgotten
                keys_are_listed_oldest_first
                a_used_key_says_when_it_was_last_used
                a_key_says_whether_its_tenant_is_suspended;
            ledger:
                sixty_four_requests_at_once_against_ten_admit_ten
                every_user_and_every_day_has_its_own_limit
                a_limit_of_nothing_admits_nothing
                a_released_request_no_longer_counts
                a_user_nobody_counted_is_unknown
                a_users_totals_count_answers_but_no_summaries
                an_unknown_price_is_not_zero
                usage_is_summed_by_any_combination_of_keys
                usage_is_limited_to_its_days_and_its_user
                the_roll_up_agrees_with_the_ledger_to_the_last_unit
                failed_and_repeated_answers_have_their_own_sums
                conversations_are_summed_from_their_bookings
                bookings_are_listed_newest_first_in_pages
                absurd_numbers_saturate_and_break_nothing;
            listing:
                conversations_are_listed_newest_change_first
                pages_hold_every_conversation_once
                a_listing_is_narrowed_to_a_user_or_an_attendant
                a_malformed_cursor_lists_from_the_start;
            media:
                a_file_is_wanted_once_and_by_one
                a_large_file_reads_back_as_it_was
                a_file_that_cannot_be_had_is_wanted_again_or_given_up
                a_large_file_is_swept_a_part_at_a_time
                old_files_are_swept_so_many_at_a_time;
            numbers:
                a_number_reads_back_as_it_was
                a_number_belongs_to_one_tenant
                every_change_of_a_number_changes_the_version
                a_stopped_number_sends_nothing_and_keeps_its_queue
                a_deleted_number_sends_nothing_until_it_is_added_again
                a_numbers_secrets_are_sealed_anew_unless_changed_meanwhile;
            operators:
                an_operator_reads_back_as_they_were
                an_address_is_taken_once_on_the_server
                an_operator_of_another_tenant_does_not_exist
                a_tenant_keeps_its_last_owner
                who_is_disabled_or_gets_a_password_has_no_session
                a_server_has_operators_until_the_last_is_disabled
                who_was_changed_meanwhile_is_left_as_they_are;
            outbox:
                replies_are_sent_in_their_order_one_at_a_time
                conversations_do_not_wait_for_each_other
                tenants_take_turns
                what_a_suspended_tenant_has_to_send_waits_until_it_goes_on
                a_report_may_come_before_the_answer
                a_report_never_moves_a_message_back
                a_report_of_failure_is_like_an_answer
                a_failure_is_retried_in_its_place
                a_message_that_cannot_be_sent_lets_the_next_one_go
                the_pair_limit_merges_the_texts_that_wait
                a_number_that_is_too_fast_is_held_whole
                a_refused_token_stops_the_number_and_keeps_the_queue
                what_nobody_knows_the_end_of_is_repeated_once
                a_late_answer_or_report_ends_what_nobody_knew
                a_number_may_hold_what_nobody_knows_the_end_of
                an_operator_sends_what_failed_or_was_withheld_again
                a_reply_is_outdated_once_the_customer_has_written_again
                a_reply_knows_who_has_the_conversation_now
                a_delivered_service_message_counts_once
                sweeping_keeps_what_is_not_at_its_end
                the_outbox_is_listed_newest_first_in_pages;
            erasure:
                what_is_written_while_somebody_is_erased_is_answered
                an_erasure_that_has_ended_leaves_what_is_new
                a_report_on_an_erased_message_is_not_kept
                a_conversation_that_somebody_else_began_anew_is_theirs
                bookings_that_are_being_forgotten_are_forgotten_as_they_were_begun
                callers_who_say_telephones_mean_the_same_person
                items_of_batches_are_handed_over_and_erased
                a_conversation_that_was_deleted_before_has_no_name_either
                whoever_has_no_conversation_left_is_swept;
            privacy:
                nothing_is_handed_over_of_somebody_unknown
                an_export_holds_everything_that_was_written
                a_channels_customer_is_handed_over_by_any_name
                an_erased_customer_is_nobody_and_the_sums_stay
                whoever_was_erased_begins_anew
                work_in_flight_writes_nothing_of_the_erased
                an_interrupted_erasure_is_found_and_ended
                who_wanted_no_messages_still_wants_none
                old_conversations_are_swept_a_little_at_a_time
                a_swept_conversation_takes_its_channel_with_it
                old_bookings_no_longer_say_whose_they_were
                a_tenants_old_files_are_swept_in_pieces
                traces_of_an_erasure_are_swept;
            prompts:
                a_prompt_reads_back_by_id_and_by_name
                a_new_version_keeps_the_old_ones
                a_version_that_is_not_the_next_is_stale
                a_name_is_taken_once
                one_of_two_writers_of_the_same_version_wins
                a_deleted_prompt_frees_its_name
                a_tenant_has_so_many_prompts_and_a_prompt_so_many_versions;
            provider_keys:
                a_provider_key_reads_back_as_it_was
                a_new_provider_key_replaces_the_one_before
                a_deleted_provider_key_is_gone
                every_change_of_a_provider_key_changes_the_tenants_version
                a_provider_key_is_sealed_anew_unless_changed_meanwhile
                a_replaced_sealing_key_can_go_once_everything_is_sealed_anew;
            sessions:
                a_session_reads_back_with_its_operator
                a_used_session_says_when_it_was_last_used
                an_ended_session_is_gone
                a_new_session_makes_room
                who_is_disabled_or_has_another_password_begins_no_session
                tries_wait_after_five_failures
                nobody_waits_for_a_clock_that_was_ahead
                a_success_forgives_the_account_and_not_the_place
                tries_at_the_same_time_do_not_slip_through;
            publications:
                a_published_version_is_in_production
                going_back_follows_what_was_in_production
                a_test_set_is_replaced_whole
                the_last_test_run_of_each_version_is_kept
                a_deleted_prompt_takes_everything_of_it_along
                another_tenant_publishes_and_tests_nothing
                lists_of_a_prompt_end_and_every_version_stays;
            takeover:
                an_echo_takes_the_conversation_over
                an_echo_to_somebody_new_makes_the_conversation
                an_echo_of_our_own_message_is_ignored
                a_turn_that_hands_over_waits_for_a_person
                a_conversation_that_comes_back_knows_since_when
                a_paused_conversation_says_until_when
                a_closed_conversation_is_opened_by_the_customer
                a_turn_without_a_channel_opens_a_closed_conversation
                a_persons_message_is_queued_and_makes_the_conversation_theirs
                a_settled_turn_keeps_what_the_channel_knows;
            tenants:
                a_new_database_works_and_has_the_default_tenant
                an_unknown_tenant_has_neither_profile_nor_version
                a_new_profile_creates_its_tenant
                a_changed_profile_changes_the_version
                tenants_are_listed_by_id
                a_new_tenant_has_what_it_was_made_with
                a_tenant_is_made_once
                a_tenant_made_on_the_way_says_when
                a_suspended_tenant_says_since_when_until_it_goes_on
                changed_settings_are_a_new_version
                a_change_of_another_version_than_the_newest_is_stale
                what_already_is_so_makes_no_version
                the_oldest_versions_of_each_part_are_forgotten
                every_tenant_has_its_own_versions
                pages_hold_every_tenant_once;
        }
    };
    ($open:path; $($area:ident: $($behaviour:ident)+;)+) => {
        $(mod $area {
            use super::*;
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $behaviour() {
                    let (store, _guard) = $open().await;
                    if let Err(error) = $crate::contract::$area::$behaviour(store).await {
                        panic!("{error}: {:?}", error.source);
                    }
                }
            )+
        })+
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_behaviours_is_complete() {
        let list = include_str!("contract.rs");
        let areas = [
            include_str!("contract/answers.rs"),
            include_str!("contract/audit.rs"),
            include_str!("contract/budget.rs"),
            include_str!("contract/conversations.rs"),
            include_str!("contract/customers.rs"),
            include_str!("contract/erasure.rs"),
            include_str!("contract/inbox.rs"),
            include_str!("contract/intents.rs"),
            include_str!("contract/isolation.rs"),
            include_str!("contract/jobs.rs"),
            include_str!("contract/keys.rs"),
            include_str!("contract/ledger.rs"),
            include_str!("contract/listing.rs"),
            include_str!("contract/media.rs"),
            include_str!("contract/numbers.rs"),
            include_str!("contract/operators.rs"),
            include_str!("contract/outbox.rs"),
            include_str!("contract/privacy.rs"),
            include_str!("contract/prompts.rs"),
            include_str!("contract/provider_keys.rs"),
            include_str!("contract/sessions.rs"),
            include_str!("contract/publications.rs"),
            include_str!("contract/takeover.rs"),
            include_str!("contract/tenants.rs"),
        ];
        for area in areas {
            for behaviour in area.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let name = behaviour.split('(').next().unwrap_or(behaviour);
                assert!(list.contains(name), "{name} is missing in contract_tests!");
            }
        }
    }
}
