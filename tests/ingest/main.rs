//! Ingest: what peers send, over real sockets, and what of it is on the tape.
#![allow(clippy::unwrap_used)] // What a test builds upon has to be there.

mod browser;
mod film;
mod frames;
mod relay;
mod rtp_sender;
mod session;
mod whip_node;

mod a_film_published_by_whip_is_whole_on_the_tape;
mod a_shared_screen_is_a_track_of_its_own;
mod receiver_reports_go_to_where_sender_reports_come_from;
mod rtp_sent_while_open_is_on_the_tape_byte_for_byte;
mod two_hundred_legs_lose_nothing;
mod what_a_browser_publishes_is_whole_on_the_tape;
mod whip_answers_as_rfc_9725_says;
