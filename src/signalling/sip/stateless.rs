//! Answers to datagrams that the stack cannot read: a sender that hears nothing sends on for half a minute. Pure.

/// Lines of a request that an answer has to repeat (RFC 3261 §8.2.6.2).
const REPEATED: [(&str, &str); 9] = [
    ("via", "Via"),
    ("v", "Via"),
    ("from", "From"),
    ("f", "From"),
    ("to", "To"),
    ("t", "To"),
    ("call-id", "Call-ID"),
    ("i", "Call-ID"),
    ("cseq", "CSeq"),
];

/// The answer to an unreadable request: 501 to an unknown method, 400 else. Nothing where it is no request, or lacks what an answer needs.
pub(super) fn refuse_unreadable(datagram: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(datagram);
    let mut lines = text.lines();
    let first = lines.next()?;
    let (method, rest) = first.split_once(' ')?;
    let is_request = rest.trim_end().ends_with("SIP/2.0") && !method.is_empty() && method.bytes().all(|b| b.is_ascii_alphabetic());
    if !is_request || method.eq_ignore_ascii_case("ACK") {
        return None;
    }
    let known: Result<rsipstack::sip::Method, _> = method.parse();
    let status = if known.is_ok() { "400 Bad Request" } else { "501 Not Implemented" };
    let why = if known.is_ok() { "the request is not well-formed SIP" } else { "the method is not known here" };
    let mut out = format!("SIP/2.0 {status}\r\n");
    let mut seen = [false; 5];
    for line in lines.take_while(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        let Some((_, full)) = REPEATED.iter().find(|(known, _)| *known == name) else { continue };
        let index = ["Via", "From", "To", "Call-ID", "CSeq"].iter().position(|n| n == full)?;
        if seen[index] && *full != "Via" {
            continue;
        }
        seen[index] = true;
        out.push_str(full);
        out.push_str(": ");
        out.push_str(value.trim());
        out.push_str("\r\n");
    }
    if seen != [true; 5] {
        return None;
    }
    out.push_str("Allow: ");
    out.push_str(super::reply::ALLOW);
    out.push_str("\r\nWarning: 399 ferric \"");
    out.push_str(why);
    out.push_str("\"\r\nContent-Length: 0\r\n\r\n");
    Some(out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::refuse_unreadable;
    use proptest::prelude::*;

    const HEAD: &str = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\ni: 7\r\nCSeq: 1 X\r\n\r\n";

    #[test]
    fn a_request_gets_an_answer_and_nothing_else_does() {
        let answer = |first: &str| refuse_unreadable(format!("{first}\r\n{HEAD}").as_bytes()).map(|a| String::from_utf8(a).unwrap());
        assert!(answer("FROB sip:x SIP/2.0").unwrap().starts_with("SIP/2.0 501 "));
        assert!(answer("INVITE x: SIP/2.0").unwrap().starts_with("SIP/2.0 400 "));
        assert!(answer("INVITE x: SIP/2.0").unwrap().contains("\r\nFrom: <sip:a@b>;tag=1\r\n"));
        assert_eq!(answer("SIP/2.0 200 OK"), None, "never an answer to an answer");
        assert_eq!(answer("ACK sip:x SIP/2.0"), None);
        assert_eq!(refuse_unreadable(b"INVITE sip:x SIP/2.0\r\nVia: x\r\n\r\n"), None, "nothing to answer with");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = refuse_unreadable(&bytes);
        }
    }
}
