//! A short hole in speech, filled with what was last heard: a hole clicks, and a repeated pitch period that fades is not noticed.

/// Holes that are longer stay silent: what is repeated for longer than this is heard as a tone (ITU-T G.711 Appendix I fades within 60 ms too).
pub const LONGEST_MS: u32 = 60;
/// As long as this it is as loud as it was.
const LOUD_MS: u32 = 10;

/// `missing` samples to follow `last`.
#[must_use]
pub fn conceal(last: &[i16], hz: u32, missing: usize) -> Vec<i16> {
    let Some(period) = period(last, hz) else { return Vec::new() };
    let (loud, longest) = ((hz * LOUD_MS / 1000) as usize, (hz * LONGEST_MS / 1000) as usize);
    let gain = |n: usize| 1.0 - n.saturating_sub(loud) as f32 / (longest - loud).max(1) as f32;
    let from = last.len() - period;
    (0..missing).map(|n| (f32::from(last[from + n % period]) * gain(n).max(0.0)) as i16).collect()
}

/// The distance at which the end of `last` is most like itself: 2.5 to 15 ms, pitches of 66 to 400 Hz. `None` where there is too little to look at.
fn period(last: &[i16], hz: u32) -> Option<usize> {
    let window = (hz / 200) as usize;
    let (shortest, longest) = ((hz / 400) as usize, ((hz / 66) as usize).min(last.len().checked_sub(window)?));
    let end = &last[last.len() - window..];
    let likeness = |lag: usize| {
        let before = &last[last.len() - window - lag..last.len() - lag];
        let (mut product, mut energy) = (0i64, 1i64);
        for (a, b) in end.iter().zip(before) {
            product += i64::from(*a) * i64::from(*b);
            energy += i64::from(*b) * i64::from(*b);
        }
        product as f64 / (energy as f64).sqrt()
    };
    let best = (shortest..=longest).map(|lag| (lag, likeness(lag))).max_by(|a, b| a.1.total_cmp(&b.1));
    best.map(|(lag, _)| lag).filter(|lag| *lag > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tone_goes_on_in_phase_and_fades() {
        let tone = |n: usize| 8000.0 * (std::f64::consts::TAU * 200.0 * n as f64 / 8000.0).sin();
        let last: Vec<i16> = (0..160).map(|n| tone(n) as i16).collect();
        let filled = conceal(&last, 8000, 480);
        assert!((0..80).all(|n| (f64::from(filled[n]) - tone(160 + n)).abs() < 60.0), "{:?}", &filled[..80]);
        let loudest = |part: &[i16]| part.iter().map(|s| s.abs()).max().unwrap();
        assert!(loudest(&filled[200..280]) < 6800 && loudest(&filled[440..]) < 900);
    }

    proptest! {
        #[test]
        fn any_hole_is_filled_or_left(last in proptest::collection::vec(any::<i16>(), 0..400), hz in prop::sample::select(vec![8000u32, 16_000, 48_000]), missing in 0usize..3000) {
            let filled = conceal(&last, hz, missing);
            prop_assert!(filled.is_empty() || filled.len() == missing);
        }
    }
}
