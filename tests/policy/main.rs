//! The recording policy: fine points as tables, random histories, and a second model to compare with.

mod notation;
mod random_histories;
mod second_model;

mod the_answer_is_written_as_the_specification_shows;
mod two_readings_of_the_specification_agree;
