//! What an offer wants to send, and whether Ferric can take it whole.

use rtc::sdp::description::media::MediaDescription;
use rtc::sdp::description::session::SessionDescription;

use crate::model::id::ParticipantId;
use crate::model::media::{Codec, MediaKind, PayloadFormat, TrackSpec};

const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// One m-line that will be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OfferedMedia {
    pub(super) mid: String,
    pub(super) kind: MediaKind,
}

fn values<'a>(media: &'a MediaDescription, key: &'a str) -> impl Iterator<Item = &'a str> {
    media.attributes.iter().filter(move |a| a.key == key).filter_map(|a| a.value.as_deref())
}

/// The m-lines of an offer in order. A second picture is a shared screen, and so is one marked `a=content:slides` (RFC 4796) or named `screen` in its msid.
///
/// # Errors
/// Says which m-line cannot be taken and why: nothing of an offer is refused silently.
pub(super) fn read_offer(offer: &SessionDescription) -> Result<Vec<OfferedMedia>, String> {
    let mut taken = Vec::new();
    let mut pictures = 0;
    for (at, media) in offer.media_descriptions.iter().enumerate() {
        let refuse = |why: &str| Err(format!("m-line {}: {why}", at + 1));
        let Some(mid) = values(media, "mid").next().filter(|m| !m.is_empty()) else { return refuse("it has no a=mid") };
        if media.has_attribute("recvonly") || media.has_attribute("inactive") {
            return refuse("it sends nothing");
        }
        if media.has_attribute("simulcast") || media.has_attribute("rid") {
            return refuse("simulcast is not taken");
        }
        if !media.has_attribute("rtcp-mux") {
            return refuse("RTP and RTCP must share a port (a=rtcp-mux)");
        }
        let codecs: Vec<_> = formats_of(media);
        let kind = match media.media_name.media.as_str() {
            "audio" if codecs.iter().any(|f| f.codec == Codec::Opus) => MediaKind::Audio,
            "audio" => return refuse("no Opus among its codecs"),
            "video" if codecs.iter().any(|f| matches!(f.codec, Codec::Vp8 | Codec::H264)) => {
                pictures += 1;
                let slides = values(media, "content").any(|c| c.split(',').any(|c| c == "slides"));
                let named = values(media, "msid").any(|m| m.to_ascii_lowercase().contains("screen"));
                if slides || named || pictures > 1 { MediaKind::Screen } else { MediaKind::Video }
            }
            "video" => return refuse("neither VP8 nor H.264 among its codecs"),
            other => return refuse(&format!("`{other}` is not taken, only audio and video")),
        };
        if taken.iter().any(|t: &OfferedMedia| t.mid == mid) {
            return refuse("its a=mid is another's");
        }
        taken.push(OfferedMedia { mid: mid.to_owned(), kind });
    }
    if taken.is_empty() {
        return Err("it has no m-line".to_owned());
    }
    let bundle =
        offer.attributes.iter().filter(|a| a.key == "group").filter_map(|a| a.value.as_deref()).find_map(|v| v.strip_prefix("BUNDLE"));
    let bundled: Vec<&str> = bundle.unwrap_or_default().split_whitespace().collect();
    if taken.len() > 1 && taken.iter().any(|t| !bundled.contains(&t.mid.as_str())) {
        return Err("all m-lines must be in one BUNDLE group (RFC 9725 §4.4.1)".to_owned());
    }
    Ok(taken)
}

/// The payload types of an m-line that Ferric knows.
fn formats_of(media: &MediaDescription) -> Vec<PayloadFormat> {
    let of = |key: &'static str, pt: u8| {
        values(media, key).find_map(move |v| v.split_once(' ').filter(|(p, _)| p.parse() == Ok(pt)).map(|(_, rest)| rest.trim()))
    };
    let payload_types = media.media_name.formats.iter().filter_map(|f| f.parse::<u8>().ok());
    payload_types
        .filter_map(|pt| {
            let mut parts = of("rtpmap", pt)?.split('/');
            let codec = match parts.next()?.to_ascii_lowercase().as_str() {
                "opus" => Codec::Opus,
                "vp8" => Codec::Vp8,
                "h264" => Codec::H264,
                _ => return None,
            };
            let clock_hz = parts.next()?.parse().ok()?;
            let channels = parts.next().and_then(|c| c.parse().ok()).unwrap_or(1);
            Some(PayloadFormat { pt, codec, clock_hz, channels, fmtp: of("fmtp", pt).unwrap_or_default().to_owned() })
        })
        .collect()
}

/// What each taken m-line carries by our answer: the payload types that the answer kept, with the sender's own parameters.
///
/// # Errors
/// Where the answer kept none of an m-line.
pub(super) fn agreed(
    participant: &ParticipantId,
    taken: &[OfferedMedia],
    offer: &SessionDescription,
    answer: &SessionDescription,
) -> Result<Vec<TrackSpec>, String> {
    let by_mid = |of: &'_ SessionDescription, mid: &str| of.media_descriptions.iter().position(|m| values(m, "mid").any(|v| v == mid));
    taken
        .iter()
        .map(|media| {
            let refused = || format!("nothing of the m-line with mid {} could be agreed on", media.mid);
            let (theirs, ours) = by_mid(offer, &media.mid).zip(by_mid(answer, &media.mid)).ok_or_else(refused)?;
            let (theirs, ours) = (&offer.media_descriptions[theirs], &answer.media_descriptions[ours]);
            let kept: Vec<u8> = formats_of(ours).iter().map(|f| f.pt).collect();
            let formats: Vec<_> = formats_of(theirs).into_iter().filter(|f| kept.contains(&f.pt)).collect();
            if ours.media_name.port.value == 0 || formats.is_empty() {
                return Err(refused());
            }
            let level = values(ours, "extmap").find_map(|v| {
                let (id, uri) = v.split_once(' ')?;
                (uri.trim() == AUDIO_LEVEL_URI).then(|| id.split('/').next()?.parse().ok()).flatten()
            });
            Ok(TrackSpec {
                participant: participant.clone(),
                kind: media.kind,
                formats,
                label: Some(media.mid.clone()),
                audio_level_ext: level.filter(|_| media.kind == MediaKind::Audio),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(group: &str, media: &[&str]) -> SessionDescription {
        let mut sdp = format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {group}\r\n");
        for m in media {
            sdp.push_str(m);
        }
        SessionDescription::unmarshal(&mut std::io::Cursor::new(sdp.as_bytes())).unwrap()
    }

    const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10\r\na=rtpmap:0 PCMU/8000\r\n";

    fn video(mid: &str, more: &str) -> String {
        format!(
            "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n{more}"
        )
    }

    #[test]
    fn a_second_picture_is_a_screen_and_slides_are_one() {
        let offer = session("0 1 2", &[AUDIO, &video("1", ""), &video("2", "")]);
        let kinds: Vec<_> = read_offer(&offer).unwrap().into_iter().map(|m| m.kind).collect();
        assert_eq!(kinds, [MediaKind::Audio, MediaKind::Video, MediaKind::Screen]);
        let offer = session("0", &[&video("0", "a=content:slides\r\n")]);
        assert_eq!(read_offer(&offer).unwrap()[0].kind, MediaKind::Screen);
    }

    #[test]
    fn what_cannot_be_taken_whole_is_refused_by_name() {
        let data = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:9\r\na=rtcp-mux\r\n";
        let whys = [
            (session("0 9", &[AUDIO, data]), "m-line 2: `application` is not taken"),
            (session("1", &[&video("1", "a=simulcast:send a;b\r\n")]), "m-line 1: simulcast"),
            (session("0", &[AUDIO, &video("1", "")]), "one BUNDLE group"),
            (session("0", &[&AUDIO.replace("sendonly", "recvonly")]), "sends nothing"),
            (session("0", &[&AUDIO.replace("opus", "G722")]), "no Opus"),
            (session("0", &[]), "no m-line"),
        ];
        for (offer, why) in whys {
            let err = read_offer(&offer).unwrap_err();
            assert!(err.contains(why), "{err}");
        }
    }

    #[test]
    fn a_track_carries_what_the_answer_kept_with_the_senders_parameters() {
        let offer = session("0", &[AUDIO]);
        let answer = session("0", &[&AUDIO.replace("a=fmtp:111 minptime=10", "a=extmap:3 urn:ietf:params:rtp-hdrext:ssrc-audio-level")]);
        let specs = agreed(&"p".parse().unwrap(), &read_offer(&offer).unwrap(), &offer, &answer).unwrap();
        let opus = PayloadFormat { pt: 111, codec: Codec::Opus, clock_hz: 48_000, channels: 2, fmtp: "minptime=10".to_owned() };
        assert_eq!((specs[0].formats.clone(), specs[0].audio_level_ext, specs[0].label.as_deref()), (vec![opus], Some(3), Some("0")));
    }
}
