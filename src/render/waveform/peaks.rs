//! Least and greatest sample of each column, in a fixed number of columns however long it gets.

/// As many columns as this and two become one: the picture has as many pixels side by side.
pub(super) const COLUMNS: usize = 1600;
/// At the finest a column is a 50th of a second.
const FINEST_PER_SECOND: u32 = 50;

/// The peaks of one output.
#[derive(Clone, Debug)]
pub struct Peaks {
    sample_hz: u32,
    channels: usize,
    per_column: usize,
    in_column: usize,
    /// `min, max` for each channel, column after column, 8 bits.
    columns: Vec<i8>,
    open: Vec<(f32, f32)>,
}

impl Peaks {
    /// For a rate and number of channels.
    #[must_use]
    pub fn new(sample_hz: u32, channels: u8) -> Self {
        let channels = usize::from(channels);
        Self {
            sample_hz,
            channels,
            per_column: (sample_hz / FINEST_PER_SECOND) as usize,
            in_column: 0,
            columns: Vec::new(),
            open: vec![(0.0, 0.0); channels],
        }
    }

    /// Takes interleaved samples of 16-bit size.
    pub fn push(&mut self, samples: &[f32]) {
        for frame in samples.chunks_exact(self.channels) {
            for (open, &sample) in self.open.iter_mut().zip(frame) {
                *open = (open.0.min(sample), open.1.max(sample));
            }
            self.in_column += 1;
            if self.in_column == self.per_column {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        for open in &mut self.open {
            self.columns.push((open.0 / 256.0).round().clamp(-128.0, 127.0) as i8);
            self.columns.push((open.1 / 256.0).round().clamp(-128.0, 127.0) as i8);
            *open = (0.0, 0.0);
        }
        self.in_column = 0;
        if self.columns.len() >= COLUMNS * self.channels * 2 {
            self.halve();
        }
    }

    /// Nothing comes for a while: no more room is kept than what is there needs.
    pub fn rest(&mut self) {
        self.columns.shrink_to_fit();
    }

    fn halve(&mut self) {
        let width = self.channels * 2;
        let mut halved = Vec::with_capacity(self.columns.len() / 2 + width);
        for pair in self.columns.chunks(width * 2) {
            let (a, b) = pair.split_at(width.min(pair.len()));
            for (value, x) in a.iter().copied().enumerate() {
                let y = b.get(value).copied().unwrap_or(x);
                halved.push(if value % 2 == 0 { x.min(y) } else { x.max(y) });
            }
        }
        self.columns = halved;
        self.per_column *= 2;
    }

    /// Ends the last column.
    pub fn finish(&mut self) {
        if self.in_column > 0 {
            self.close();
        }
    }

    /// Columns there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.len() / (self.channels * 2)
    }

    /// Nothing came yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Least and greatest of a column of a channel, −128 to 127.
    #[must_use]
    pub fn column(&self, column: usize, channel: usize) -> (i8, i8) {
        let at = (column * self.channels + channel) * 2;
        (self.columns.get(at).copied().unwrap_or(0), self.columns.get(at + 1).copied().unwrap_or(0))
    }

    /// The JSON of the `audiowaveform` data format, version 2: what web players read.
    #[must_use]
    pub fn json(&self) -> String {
        let value = serde_json::json!({
            "version": 2, "channels": self.channels, "sample_rate": self.sample_hz, "samples_per_pixel": self.per_column,
            "bits": 8, "length": self.len(), "data": self.columns,
        });
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sound_keeps_its_loud_places() {
        let mut peaks = Peaks::new(8000, 2);
        let second = vec![0f32; 16_000];
        for s in 0..600 {
            let mut now = second.clone();
            if s == 300 {
                now[2 * 100 + 1] = 20_000.0;
            }
            peaks.push(&now);
        }
        peaks.finish();
        assert!(peaks.len() <= COLUMNS && peaks.len() > COLUMNS / 2, "{}", peaks.len());
        let loud: Vec<_> = (0..peaks.len()).filter(|&c| peaks.column(c, 1).1 > 70).collect();
        assert_eq!(loud.len(), 1);
        let at = loud[0] as f64 * peaks.per_column as f64 / 8000.0;
        assert!((at - 300.0).abs() < 0.5, "{at}");
        assert!((0..peaks.len()).all(|c| peaks.column(c, 0) == (0, 0)));
    }
}
