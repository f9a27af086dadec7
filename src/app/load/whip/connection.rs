//! The sending end of a peer connection: codecs, tracks, repair on request.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use rtc::interceptor::{NackResponderBuilder, Registry, SenderReportBuilder, Slot};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_H264, MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::transport::RTCIceCandidateInit;
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RTCRtpRtxParameters, RtpCodecKind,
};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};

use crate::model::media::Codec;

/// A stream's place in the connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) transceiver: usize,
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) clock_hz: u32,
}

fn parameters(codec: Codec) -> (RTCRtpCodecParameters, RtpCodecKind) {
    let feedback = |typ: &str, parameter: &str| RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() };
    let pictures = vec![feedback("nack", ""), feedback("nack", "pli")];
    let (mime, clock_rate, channels, fmtp, rtcp_feedback, payload_type, kind) = match codec {
        Codec::H264 => {
            let fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
            (MIME_TYPE_H264, 90_000, 0, fmtp, pictures, 102, RtpCodecKind::Video)
        }
        Codec::Vp8 => (MIME_TYPE_VP8, 90_000, 0, "", pictures, 96, RtpCodecKind::Video),
        _ => (MIME_TYPE_OPUS, 48_000, 2, "minptime=10;useinbandfec=1", Vec::new(), 111, RtpCodecKind::Audio),
    };
    let rtp_codec = RTCRtpCodec { mime_type: mime.to_owned(), clock_rate, channels, sdp_fmtp_line: fmtp.to_owned(), rtcp_feedback };
    (RTCRtpCodecParameters { rtp_codec, payload_type }, kind)
}

/// A connection that sends one stream of each codec, and its offer.
pub(super) fn offering(codecs: &[Codec], address: SocketAddr, now: Instant) -> anyhow::Result<(RTCPeerConnection, Vec<Place>, String)> {
    let mut media = MediaEngine::default();
    for codec in codecs {
        let (parameters, kind) = parameters(*codec);
        let payload_type = parameters.payload_type;
        media.register_codec(parameters, kind)?;
        if kind == RtpCodecKind::Video {
            let rtp_codec = RTCRtpCodec {
                mime_type: MIME_TYPE_RTX.to_owned(),
                clock_rate: 90_000,
                sdp_fmtp_line: format!("apt={payload_type}"),
                ..Default::default()
            };
            media.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type: payload_type + 1 }, kind)?;
        }
    }
    let registry = Registry::new()
        .with(Slot::NackResponder, NackResponderBuilder::new().build())
        .with(Slot::SenderReport, SenderReportBuilder::new().build());
    let settings = SettingEngineBuilder::new().with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled).build();
    let mut connection = RTCPeerConnectionBuilder::new()
        .with_setting_engine(settings)
        .with_media_engine(media)
        .with_interceptor_registry(registry)
        .build(now)?;
    let mut places = Vec::new();
    for (n, codec) in codecs.iter().enumerate() {
        let (parameters, kind) = parameters(*codec);
        let ssrc = rand::random();
        let rtx = (kind == RtpCodecKind::Video).then(|| RTCRtpRtxParameters { ssrc: rand::random() });
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), rtx, ..Default::default() },
            codec: parameters.rtp_codec.clone(),
            active: true,
            ..Default::default()
        };
        let track = MediaStreamTrack::new("film".to_owned(), format!("film-{n}"), format!("film-{n}"), kind, vec![encoding.clone()]);
        let init = RTCRtpTransceiverInit {
            direction: RTCRtpTransceiverDirection::Sendonly,
            streams: vec!["film".to_owned()],
            send_encodings: vec![encoding],
        };
        let transceiver = connection.add_transceiver_from_track(track, Some(init))?;
        places.push(Place { transceiver, ssrc, payload_type: parameters.payload_type, clock_hz: parameters.rtp_codec.clock_rate });
    }
    let candidate = format!("candidate:1 1 udp 2130706431 {} {} typ host", address.ip(), address.port());
    let offer = connection.create_offer(None)?;
    connection.set_local_description(now, offer)?;
    connection.add_local_candidate(RTCIceCandidateInit { candidate, ..Default::default() })?;
    connection.add_local_candidate(RTCIceCandidateInit::default())?;
    let offer = connection.local_description().context("an offer")?.sdp;
    Ok((connection, places, offer))
}
