//! The RTP header (RFC 3550 §5.1) and its one-byte header extensions (RFC 8285 §4.2), read without copying.

/// A packet whose header has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Marker bit.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// RTP time stamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Profile and body of the header extension, if there is one.
    extension: Option<(u16, &'a [u8])>,
    /// Payload without padding.
    pub payload: &'a [u8],
}

/// Why bytes are no RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtpError {
    /// Fewer bytes than the header says.
    #[error("RTP packet ends inside its header")]
    Short,
    /// Version is not 2.
    #[error("RTP version is {0}, not 2")]
    Version(u8),
    /// More padding than payload, or none counted.
    #[error("RTP padding is longer than the payload")]
    Padding,
}

const FIXED: usize = 12;
const ONE_BYTE_PROFILE: u16 = 0xBEDE;

impl<'a> RtpPacket<'a> {
    /// Reads a packet.
    ///
    /// # Errors
    /// Where the bytes are no RTP packet.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RtpError> {
        let (fixed, _) = bytes.split_at_checked(FIXED).ok_or(RtpError::Short)?;
        let version = fixed[0] >> 6;
        if version != 2 {
            return Err(RtpError::Version(version));
        }
        let mut at = FIXED + usize::from(fixed[0] & 0x0f) * 4;
        let mut extension = None;
        if fixed[0] & 0x10 != 0 {
            let head = bytes.get(at..at + 4).ok_or(RtpError::Short)?;
            let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let body = bytes.get(at + 4..at + 4 + words * 4).ok_or(RtpError::Short)?;
            extension = Some((u16::from_be_bytes([head[0], head[1]]), body));
            at += 4 + words * 4;
        }
        let mut payload = bytes.get(at..).ok_or(RtpError::Short)?;
        if fixed[0] & 0x20 != 0 {
            let padding = usize::from(*payload.last().ok_or(RtpError::Padding)?);
            let kept = payload.len().checked_sub(padding).filter(|_| padding > 0).ok_or(RtpError::Padding)?;
            payload = &payload[..kept];
        }
        Ok(Self {
            marker: fixed[1] & 0x80 != 0,
            payload_type: fixed[1] & 0x7f,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
            extension,
            payload,
        })
    }

    /// The body of a one-byte header extension.
    #[must_use]
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        let (profile, mut body) = self.extension?;
        if profile != ONE_BYTE_PROFILE {
            return None;
        }
        while let Some((&head, rest)) = body.split_first() {
            if head == 0 {
                body = rest;
                continue;
            }
            let (found, len) = (head >> 4, usize::from(head & 0x0f) + 1);
            if found == 15 {
                return None;
            }
            let value = rest.get(..len)?;
            if found == id {
                return Some(value);
            }
            body = &rest[len..];
        }
        None
    }

    /// The audio level of RFC 6464 in −dBov (0 loudest, 127 silence).
    #[must_use]
    pub fn audio_level(&self, id: u8) -> Option<u8> {
        self.extension(id)?.first().map(|b| b & 0x7f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_and_extensions_are_not_payload() {
        let mut bytes = vec![0xb0, 0x80 | 96, 0, 7, 0, 0, 0, 9, 0, 0, 0, 5, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0];
        bytes.extend([1, 2, 3, 0, 2]);
        let packet = RtpPacket::parse(&bytes).unwrap();
        assert_eq!((packet.payload, packet.sequence, packet.timestamp, packet.ssrc), (&[1u8, 2, 3][..], 7, 9, 5));
        assert!(packet.marker);
        assert_eq!(packet.audio_level(1), Some(5));
        assert_eq!(packet.audio_level(2), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80), id in 0u8..16) {
            if let Ok(packet) = RtpPacket::parse(&bytes) {
                prop_assert!(packet.payload.len() + FIXED <= bytes.len());
                let _ = packet.extension(id);
            }
        }
    }
}
