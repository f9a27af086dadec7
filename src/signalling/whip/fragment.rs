//! Trickle ICE fragments (RFC 8840): candidates that a peer found after its offer.

use crate::model::switchboard::RemoteCandidate;

/// What stands in a fragment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// The ICE session that the candidates belong to.
    pub ufrag: Option<String>,
    /// Its candidates, each with the m-line it is for; an empty one says that no more come.
    pub candidates: Vec<RemoteCandidate>,
}

/// Reads a fragment. Lines that are not understood are passed over (RFC 8866 §5).
#[must_use]
pub fn read(text: &str) -> Fragment {
    let mut fragment = Fragment::default();
    let mut mid = None;
    for line in text.lines().map(str::trim_end) {
        if line.starts_with("m=") {
            mid = None;
        } else if let Some(value) = line.strip_prefix("a=mid:") {
            mid = Some(value.to_owned());
        } else if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
            fragment.ufrag.get_or_insert_with(|| value.to_owned());
        } else if let Some(value) = line.strip_prefix("a=").filter(|v| v.starts_with("candidate:")) {
            fragment.candidates.push(RemoteCandidate { candidate: value.to_owned(), mid: mid.clone() });
        } else if line == "a=end-of-candidates" {
            fragment.candidates.push(RemoteCandidate { candidate: String::new(), mid: mid.clone() });
        }
    }
    fragment
}

/// The first `ice-ufrag` of a session description.
pub(super) fn ufrag(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|l| l.trim_end().strip_prefix("a=ice-ufrag:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn candidates_keep_their_mid() {
        let text = "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                    a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\nm=video 9 RTP/AVP 0\r\na=candidate:2 1 udp 1 ::1 5 typ host\r\n";
        let fragment = read(text);
        assert_eq!(fragment.ufrag.as_deref(), Some("EsAw"));
        let short: Vec<_> = fragment.candidates.iter().map(|c| (c.mid.as_deref(), c.candidate.len())).collect();
        assert_eq!(short, [(Some("0"), 62), (Some("0"), 0), (None, 34)]);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = (read(&text), ufrag(&text));
        }
    }
}
