//! SIP and SIPREC: real sockets, senders of every dialect, calls that change, and bytes that mean nothing.

#![allow(clippy::unwrap_used, clippy::format_push_string, reason = "a test fails by what it cannot unwrap")]

mod a_body_is_as_long_as_its_length_field_says;
mod a_call_changes_while_it_lasts;
mod a_cancelled_change_leaves_the_call_as_it_was;
mod a_dialog_is_kept_as_the_rfc_says;
mod a_party_hears_that_it_is_recorded;
mod a_party_is_told_that_it_is_recorded;
mod a_peer_is_refreshed_by_what_it_knows;
mod a_plain_call_is_a_leg;
mod a_recorded_call_has_each_party_on_its_side;
mod a_recording_session_opens_a_leg_for_each_party;
mod a_refresh_follows_what_its_answer_says;
mod a_session_that_is_over_ends_its_calls;
mod a_telephone_that_dials_in_is_recorded;
mod an_answer_that_comes_again_is_acknowledged_again;
mod an_invite_without_an_offer_is_given_one;
mod an_offer_that_cannot_be_taken_is_refused_with_a_reason;
#[allow(dead_code)]
#[path = "../archive/catalogues.rs"]
mod catalogues;
#[path = "../node/heard.rs"]
#[allow(dead_code, reason = "shared with tests/node, which uses all of it")]
mod heard;
mod house;
mod no_bytes_make_a_reader_panic;
mod one_bad_message_on_a_stream_costs_nobody_else_the_call;
mod one_line_of_several_voices_is_one_whoever_had_it;
mod peer;
mod recorded;
#[path = "../node/running_node.rs"]
#[allow(dead_code, reason = "shared with the tests of the whole node")]
mod running_node;
mod senders_of_every_dialect_are_understood;
mod sipp_plays_its_scenarios;
mod who_has_left_leaves_nobody_behind;
mod who_is_gone_before_the_answer_leaves_no_call;
mod who_is_in_several_associations_is_one_party;
mod who_sends_from_another_port_is_answered_where_it_listens;
mod whose_rules_cannot_be_looked_up_is_not_recorded;
