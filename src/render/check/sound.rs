//! Every packet of sound is read from the disk and decoded while the file grows, so that at the end only the last ones are left.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::codecs::AacDecoder;

use crate::render::RenderError;
use crate::render::audio::FRAME;
use crate::render::mp4::Fragment;

/// Decodes fragments as they are written.
#[derive(Debug)]
pub struct SoundCheck {
    sample_hz: u32,
    config: [u8; 2],
    packets: usize,
    samples: u64,
}

impl SoundCheck {
    /// For a stream of that `AudioSpecificConfig`.
    #[must_use]
    pub fn new(sample_hz: u32, config: [u8; 2]) -> Self {
        Self { sample_hz, config, packets: 0, samples: 0 }
    }

    /// Reads fragments from the disk and decodes their sound; `sizes` are those of all packets so far.
    ///
    /// # Errors
    /// Where a packet does not decode.
    pub fn fragments(&mut self, path: &Path, fragments: &[Fragment], sizes: &[u16]) -> Result<(), RenderError> {
        let broken = |why: String| RenderError::check(path.display().to_string(), why);
        let file = File::open(path).map_err(RenderError::io(path))?;
        let mut decoder: Option<AacDecoder> = None;
        for fragment in fragments.iter().filter(|f| f.packets > 0) {
            let mut bytes = vec![0u8; fragment.sound.1 as usize];
            file.read_exact_at(&mut bytes, fragment.sound.0).map_err(RenderError::io(path))?;
            let decoder = match &mut decoder {
                Some(decoder) => decoder,
                none => none.insert(self.decoder().map_err(broken)?),
            };
            let mut rest = bytes.as_slice();
            for number in fragment.first_packet..fragment.first_packet + fragment.packets {
                let size = sizes.get(number).copied().map_or(0, usize::from);
                let Some((data, after)) = rest.split_at_checked(size) else {
                    return Err(broken(format!("packet {number} is longer than its fragment")));
                };
                rest = after;
                let at = Timestamp::new((number * FRAME) as i64);
                let decoded = decoder.decode(&Packet::new(0, at, Duration::new(FRAME as u64), data));
                let frames = decoded.map_err(|e| broken(format!("packet {number} does not decode: {e}")))?.frames();
                self.samples += frames as u64;
                self.packets += 1;
            }
            if !rest.is_empty() {
                return Err(broken(format!("{} bytes too many in the fragment at {}", rest.len(), fragment.offset)));
            }
        }
        Ok(())
    }

    /// Samples a channel decoded so far, priming included.
    #[must_use]
    pub fn samples(&self) -> u64 {
        self.samples
    }

    fn decoder(&self) -> Result<AacDecoder, String> {
        let mut parameters = AudioCodecParameters::new();
        parameters.for_codec(CODEC_ID_AAC).with_sample_rate(self.sample_hz).with_extra_data(self.config.to_vec().into_boxed_slice());
        AacDecoder::try_new(&parameters, &AudioDecoderOptions::default()).map_err(|e| e.to_string())
    }
}
