//! The house itself: its rooms and their order.

mod a_room_uses_only_the_rooms_before_it;
