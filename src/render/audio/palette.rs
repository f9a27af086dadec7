//! Samples in half their room, bit for bit: what telephones send takes at most 256 values.

/// Values of samples, told apart by 16 bits in words of 64.
const WORDS: usize = 1 << 10;

/// Samples of at most 256 different values.
#[derive(Debug)]
pub(super) struct Palette {
    values: Vec<i16>,
    samples: Vec<u8>,
}

impl Palette {
    /// `None` where there are more values than a byte can tell apart.
    pub fn of(samples: &[i16]) -> Option<Self> {
        let place = |sample: i16| (usize::from(sample as u16) / 64, sample as u16 % 64);
        let mut there = [0u64; WORDS];
        for &sample in samples {
            let (word, bit) = place(sample);
            there[word] |= 1 << bit;
        }
        let mut before = [0u32; WORDS];
        let mut values = Vec::new();
        for (word, &bits) in there.iter().enumerate() {
            before[word] = values.len() as u32;
            if values.len() + bits.count_ones() as usize > 256 {
                return None;
            }
            values.extend((0..64).filter(|bit| bits >> bit & 1 == 1).map(|bit| (word * 64 + bit) as u16 as i16));
        }
        values.shrink_to_fit();
        let number = |sample: i16| {
            let (word, bit) = place(sample);
            (before[word] + (there[word] & ((1 << bit) - 1)).count_ones()) as u8
        };
        Some(Self { values, samples: samples.iter().map(|&sample| number(sample)).collect() })
    }

    /// Samples there are.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// The samples as they were.
    pub fn samples(&self) -> impl Iterator<Item = i16> {
        self.samples.iter().map(|number| self.values[usize::from(*number)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::g711::{alaw_to_linear, ulaw_to_linear};
    use proptest::prelude::*;

    #[test]
    fn whatever_g711_gives_fits() {
        for law in [ulaw_to_linear, alaw_to_linear] {
            let samples: Vec<i16> = (0..=u8::MAX).map(law).collect();
            let palette = Palette::of(&samples).unwrap();
            assert_eq!(palette.samples().collect::<Vec<_>>(), samples);
        }
    }

    #[test]
    fn more_values_than_a_byte_tells_apart_are_refused() {
        assert!(Palette::of(&(0..256).collect::<Vec<i16>>()).is_some());
        assert!(Palette::of(&(-1..256).collect::<Vec<i16>>()).is_none());
    }

    proptest! {
        #[test]
        fn samples_come_back_as_they_were(values in proptest::collection::vec(any::<i16>(), 1..256), picks in proptest::collection::vec(any::<prop::sample::Index>(), 0..500)) {
            let samples: Vec<i16> = picks.iter().map(|pick| *pick.get(&values)).collect();
            let palette = Palette::of(&samples).unwrap();
            prop_assert_eq!(palette.len(), samples.len());
            prop_assert_eq!(palette.samples().collect::<Vec<_>>(), samples);
        }
    }
}
