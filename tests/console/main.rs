//! The pages, used by people in headless Chromium. With `PICTURES` set to a folder, screenshots of every page go there, in both themes, of a desktop and a phone.

#![allow(clippy::unwrap_used)]

mod a_platform_is_told_what_happens;
#[allow(dead_code)]
#[path = "../rows/aged.rs"]
mod aged;
mod agents_hosts_and_guests_are_in_control;
mod an_administrator_lets_people_in;
mod an_administrator_sees_what_goes_when;
mod an_administrator_sets_what_is_recorded;
#[allow(dead_code)]
#[path = "../archive/catalogues.rs"]
mod catalogues;
mod files_are_sent_in_and_looked_at;
mod links_are_sent_and_called_back;
mod people_change_their_own_password;
mod people_use_the_pages;
mod recordings_are_sorted_by_hand_and_by_rule;
#[allow(dead_code)]
#[path = "../node/running_node.rs"]
mod running_node;
mod script;
mod selected_people_ask_for_their_link;
#[allow(dead_code)]
#[path = "../rows/smtp.rs"]
mod smtp;
#[allow(dead_code)]
#[path = "../api/started.rs"]
mod started;
mod the_archive_is_searched_and_picked_from;
#[allow(dead_code)]
#[path = "../rows/tus.rs"]
mod tus;
mod what_is_picked_is_sorted_and_sent;
