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
