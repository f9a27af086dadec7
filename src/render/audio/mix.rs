//! Where a party stands between the two channels.

use crate::model::role::Role;
use crate::model::settings::Kind;
use crate::render::settings::AudioLayout;

/// How loud a party is in each channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Into the left (or only) channel.
    pub left: f32,
    /// Into the right channel.
    pub right: f32,
}

impl Place {
    /// Agent left, customer right, third parties and everybody of a room in the middle; `Mono` has no sides.
    #[must_use]
    pub fn of(role: Role, kind: Kind, layout: AudioLayout) -> Self {
        let middle = Self { left: std::f32::consts::FRAC_1_SQRT_2, right: std::f32::consts::FRAC_1_SQRT_2 };
        match (layout, kind, role) {
            (AudioLayout::Mono, ..) => Self { left: 1.0, right: 0.0 },
            (_, Kind::Room, _) | (_, _, Role::ThirdParty) => middle,
            (_, _, Role::Agent) => Self { left: 1.0, right: 0.0 },
            (_, _, Role::Customer) => Self { left: 0.0, right: 1.0 },
        }
    }
}

/// Adds a party's samples to interleaved `bus` of one or two channels.
pub fn mix_into(bus: &mut [f32], channels: usize, place: Place, voice: &[f32]) {
    if channels == 1 {
        bus.iter_mut().zip(voice).for_each(|(b, v)| *b += v * place.left);
    } else {
        let (pairs, _) = bus.as_chunks_mut::<2>();
        for (pair, v) in pairs.iter_mut().zip(voice) {
            pair[0] += v * place.left;
            pair[1] += v * place.right;
        }
    }
}
