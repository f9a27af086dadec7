//! G.711 (ITU-T G.711): eight bits to linear and back.

/// µ-law to 16-bit linear.
#[must_use]
pub const fn ulaw_to_linear(byte: u8) -> i16 {
    let u = !byte;
    let magnitude = ((((u & 0x0f) as i32) << 3) + 0x84) << ((u & 0x70) >> 4);
    (if u & 0x80 != 0 { 0x84 - magnitude } else { magnitude - 0x84 }) as i16
}

/// A-law to 16-bit linear.
#[must_use]
pub const fn alaw_to_linear(byte: u8) -> i16 {
    let a = byte ^ 0x55;
    let exponent = (a & 0x70) >> 4;
    let mantissa = ((a & 0x0f) as i32) << 4;
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    (if a & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

/// 16-bit linear to µ-law.
#[must_use]
pub fn linear_to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80u8 } else { 0 };
    let magnitude = i32::from(sample).abs().min(32_635) + 0x84;
    let exponent = (magnitude as u32).ilog2() as i32 - 7;
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    !(sign | ((exponent as u8) << 4) | mantissa as u8)
}

/// 16-bit linear to A-law.
#[must_use]
pub fn linear_to_alaw(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0, i32::from(!sample)) } else { (0x80u8, i32::from(sample)) };
    let exponent = (1..8).rev().find(|e| magnitude >= 0x80 << e).unwrap_or(0);
    let mantissa = if exponent == 0 { magnitude >> 4 } else { magnitude >> (exponent + 3) } & 0x0f;
    (sign | (exponent << 4) as u8 | mantissa as u8) ^ 0x55
}

const fn table(alaw: bool) -> [i16; 256] {
    let mut out = [0i16; 256];
    let mut i = 0;
    while i < 256 {
        out[i] = if alaw { alaw_to_linear(i as u8) } else { ulaw_to_linear(i as u8) };
        i += 1;
    }
    out
}

/// Linear values of all µ-law bytes.
pub static ULAW: [i16; 256] = table(false);
/// Linear values of all A-law bytes.
pub static ALAW: [i16; 256] = table(true);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_of_the_recommendation() {
        assert_eq!((ulaw_to_linear(0xff), ulaw_to_linear(0x7f), ulaw_to_linear(0x00), ulaw_to_linear(0x80)), (0, 0, -32_124, 32_124));
        assert_eq!((alaw_to_linear(0xd5), alaw_to_linear(0x55), alaw_to_linear(0xaa), alaw_to_linear(0x2a)), (8, -8, 32_256, -32_256));
    }

    #[test]
    fn there_and_back_is_the_same_byte() {
        for byte in 0..=255u8 {
            assert_eq!(linear_to_alaw(alaw_to_linear(byte)), byte);
            let linear = ulaw_to_linear(byte);
            assert_eq!(ulaw_to_linear(linear_to_ulaw(linear)), linear, "{byte:#x}");
        }
    }
}
