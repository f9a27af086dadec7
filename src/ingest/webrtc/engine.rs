//! The `rtc` peer connection as a recorder wants it: receive only, its own NACKs, sender reports handed out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rtc::interceptor::{Interceptor, Packet, ReceiverReportBuilder, Registry, Slot, StreamInfo, TaggedPacket};
use rtc::peer_connection::configuration::interceptor_registry::configure_twcc_receiver_only;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::{RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind};
use rtc::sansio::Protocol;
use rtc::shared::error::{Error, Result};

use crate::tape::SenderReport;

/// Sender reports that came in, with when.
pub(super) type Reports = Arc<Mutex<Vec<(Instant, SenderReport)>>>;

/// A peer connection that takes Opus, VP8 and H.264, with a chain that leaves repair to us: the crate's own NACK generator does not see what RTX has
/// mended and asks for it again and again.
pub(super) fn recorder(now: Instant) -> Result<(RTCPeerConnection, Reports)> {
    let mut media = MediaEngine::default();
    register_codecs(&mut media)?;
    for (uri, kind) in [
        (rtc::sdp::extmap::SDES_MID_URI, RtpCodecKind::Audio),
        (rtc::sdp::extmap::SDES_MID_URI, RtpCodecKind::Video),
        ("urn:ietf:params:rtp-hdrext:ssrc-audio-level", RtpCodecKind::Audio),
    ] {
        media.register_header_extension(RTCRtpHeaderExtensionCapability { uri: uri.to_owned() }, kind, None)?;
    }
    let reports = Reports::default();
    let tap = ReportTap { reports: Arc::clone(&reports), read: VecDeque::new(), write: VecDeque::new() };
    let registry = configure_twcc_receiver_only(Registry::new(), &mut media)?
        .with(Slot::ReceiverReport, ReceiverReportBuilder::new().build())
        .with(Slot::SenderReport, tap);
    let settings = SettingEngineBuilder::new()
        .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled)
        .with_ice_timeouts(Some(Duration::from_secs(6)), Some(Duration::from_secs(20)), Some(Duration::from_secs(2)))
        .build();
    let connection = RTCPeerConnectionBuilder::new()
        .with_setting_engine(settings)
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .build(now)?;
    Ok((connection, reports))
}

fn register_codecs(media: &mut MediaEngine) -> Result<()> {
    let codec = |mime: &str, clock_rate, channels, fmtp: &str, rtcp_feedback: &[RTCPFeedback], payload_type| RTCRtpCodecParameters {
        rtp_codec: RTCRtpCodec {
            mime_type: mime.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: fmtp.to_owned(),
            rtcp_feedback: rtcp_feedback.to_vec(),
        },
        payload_type,
    };
    let feedback: Vec<_> = [("nack", ""), ("nack", "pli"), ("ccm", "fir")]
        .map(|(typ, parameter)| RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() })
        .into();
    media.register_codec(codec(MIME_TYPE_OPUS, 48_000, 2, "minptime=10;useinbandfec=1", &[], 111), RtpCodecKind::Audio)?;
    let mut pictures = vec![(MIME_TYPE_VP8, String::new())];
    // Baseline, constrained baseline, main, high; whole access units or one unit a packet (RFC 6184 §6.2, §6.3).
    for profile in ["42e01f", "42001f", "4d001f", "64001f", "640c1f"] {
        for mode in [1, 0] {
            pictures.push((MIME_TYPE_H264, format!("level-asymmetry-allowed=1;packetization-mode={mode};profile-level-id={profile}")));
        }
    }
    for (n, (mime, fmtp)) in pictures.into_iter().enumerate() {
        let payload_type = 96 + 2 * n as u8;
        media.register_codec(codec(mime, 90_000, 0, &fmtp, &feedback, payload_type), RtpCodecKind::Video)?;
        let repair = codec(MIME_TYPE_RTX, 90_000, 0, &format!("apt={payload_type}"), &[], payload_type + 1);
        media.register_codec(repair, RtpCodecKind::Video)?;
    }
    Ok(())
}

/// Hands out sender reports on their way in: the chain would end them.
struct ReportTap {
    reports: Reports,
    read: VecDeque<TaggedPacket>,
    write: VecDeque<TaggedPacket>,
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for ReportTap {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, msg: TaggedPacket) -> Result<()> {
        if let Packet::Rtcp(packets) = &msg.message.packet {
            for report in packets.iter().filter_map(|p| p.as_any().downcast_ref::<rtc::rtcp::sender_report::SenderReport>()) {
                let kept = SenderReport {
                    ssrc: report.ssrc,
                    ntp: report.ntp_time,
                    rtp: report.rtp_time,
                    packets: report.packet_count,
                    octets: report.octet_count,
                };
                self.reports.lock().push((msg.now, kept));
            }
        }
        self.read.push_back(msg);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, msg: TaggedPacket) -> Result<()> {
        self.write.push_back(msg);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.write.pop_front()
    }

    fn handle_event(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn poll_event(&mut self) -> Option<()> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<()> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }

    fn close(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Interceptor for ReportTap {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
