//! Who takes part, by names of two characters: `a1` is an agent, `c1` a customer, `t1` a third party. Everybody has a tone of their own.

use ferric::app::load::siprec::{LegPlan, Sound};

/// Multiples of 100 Hz: within 10 ms none of them sounds like another.
const TONES: [(&str, u32); 6] = [("a1", 500), ("a2", 800), ("c1", 1200), ("c2", 1500), ("t1", 2000), ("t2", 2400)];
/// Of each tone, below full scale.
pub const LEVEL_DBFS: f64 = -12.0;

pub fn names() -> impl Iterator<Item = &'static str> {
    TONES.iter().map(|(name, _)| *name)
}

pub fn hz(name: &str) -> f64 {
    f64::from(tone(name))
}

fn tone(name: &str) -> u32 {
    TONES.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("nobody is called {name}")).1
}

/// As the metadata of SIPREC names them.
pub fn address(name: &str, project: &str) -> String {
    format!("sip:{name}@{project}.example")
}

pub fn leg(name: &str, label: usize, project: &str) -> LegPlan {
    LegPlan::pcmu(&label.to_string(), name, &address(name, project), Sound::tone(tone(name), LEVEL_DBFS))
}

/// As the API names roles.
pub fn role(name: &str) -> &'static str {
    match name.as_bytes()[0] {
        b'a' => "agent",
        b'c' => "customer",
        _ => "third_party",
    }
}

/// What somebody's camera sees.
pub fn colour(name: &str) -> [u8; 3] {
    match name {
        "a1" => [220, 0, 0],
        "a2" => [220, 0, 220],
        "c1" => [0, 180, 0],
        "c2" => [0, 180, 180],
        "t1" => [0, 0, 230],
        _ => [200, 200, 0],
    }
}

/// How loud a party is in the left and in the right channel.
pub fn sides(name: &str, is_room: bool) -> [f64; 2] {
    let peak = 10f64.powf(LEVEL_DBFS / 20.0);
    match name.as_bytes()[0] {
        b'a' if !is_room => [peak, 0.0],
        b'c' if !is_room => [0.0, peak],
        _ => [peak * std::f64::consts::FRAC_1_SQRT_2; 2],
    }
}
