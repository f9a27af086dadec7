//! The call that most tests send: 440 Hz is the customer, 1250 Hz the agent.

use ferric::app::load::siprec::{CallPlan, LegPlan, Sound};

pub fn two_tones() -> CallPlan {
    CallPlan {
        legs: vec![
            LegPlan::pcmu("1", "Customer", "sip:customer@test.example", Sound::tone(440, -12.0)),
            LegPlan::pcmu("2", "Agent", "sip:agent@test.example", Sound::tone(1250, -12.0)),
        ],
        ..CallPlan::default()
    }
}
