//! Pictures that are H.264 as every player knows it: written as they are.

use std::path::Path;

use super::Trouble;
use super::assemble::Assembly;
use super::avc;
use super::source::{PictureStream, Survey, each_packet, open};
use crate::render::RenderError;
use crate::render::mp4::VideoSample;

/// Copies the pictures, group by group.
///
/// # Errors
/// Where a packet is not what the file says.
pub(super) fn copy(input: &Path, survey: &Survey, stream: &PictureStream, into: &mut Assembly) -> Result<(), Trouble> {
    let mut shift = None;
    let mut group: Vec<VideoSample> = Vec::new();
    each_packet(&mut open(input)?, Some(stream.index), |packet| {
        let (Some(pts), Some(dts), Some(data)) = (packet.pts(), packet.dts(), packet.data()) else { return Ok(()) };
        if !avc::adds_up(data) {
            return Err(RenderError::check("a copied picture", "its units do not add up").into());
        }
        let pts_90k = stream.base.to(pts, 90_000) - survey.origin_90k;
        let dts_90k = stream.base.to(dts, 90_000) - survey.origin_90k;
        // Decoding time begins where the first picture is shown: players need no other clock, and later pictures may be shown before they are "decoded".
        let shift = *shift.get_or_insert(pts_90k - dts_90k);
        let sample = VideoSample {
            dts_90k: u64::try_from(dts_90k + shift).unwrap_or(0),
            pts_90k: u64::try_from(pts_90k).unwrap_or(0),
            keyframe: packet.is_key(),
            data: data.to_vec(),
        };
        if sample.keyframe && !group.is_empty() {
            into.group(std::mem::take(&mut group), sample.dts_90k)?;
        }
        group.push(sample);
        Ok(())
    })?;
    into.last_group(group)?;
    Ok(())
}
