//! A message before the stack has read it: where its body begins and how long it is (RFC 3261 §18.3). Pure.

use rsipstack::sip::{Request, Response, SipMessage};

/// What the fields say of the length of the body (RFC 3261 §20.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLength {
    Missing,
    Stated(usize),
    /// No number, or two that contradict each other.
    Unreadable,
}

/// Values of a field before the stack has read it: names in any case and short, spaces before the colon, folded lines (RFC 3261 §7.3.1).
pub(super) fn values(head: &[u8], full: &str, compact: &str) -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = Vec::new();
    let mut wanted = false;
    for line in head.split(|b| *b == b'\n').skip(1) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            // The stack reads no field after an empty line either.
            None => break,
            Some(b' ' | b'\t') => {
                if wanted && let Some(value) = values.last_mut() {
                    value.push(b' ');
                    value.extend_from_slice(line);
                }
            }
            Some(_) => {
                let mut parts = line.splitn(2, |b| *b == b':');
                let name = parts.next().unwrap_or_default().trim_ascii();
                let value = parts.next().filter(|_| [full, compact].iter().any(|n| name.eq_ignore_ascii_case(n.as_bytes())));
                wanted = value.is_some();
                values.extend(value.map(<[u8]>::to_vec));
            }
        }
    }
    values
}

/// The length of the body by all fields that state one.
pub(super) fn body_length(head: &[u8]) -> BodyLength {
    let mut length = BodyLength::Missing;
    for value in values(head, "content-length", "l") {
        let digits = std::str::from_utf8(value.trim_ascii()).ok().filter(|v| v.bytes().all(|b| b.is_ascii_digit()));
        length = match (length, digits.and_then(|v| v.parse().ok())) {
            (BodyLength::Missing, Some(stated)) => BodyLength::Stated(stated),
            (BodyLength::Stated(before), Some(stated)) if before == stated => length,
            _ => return BodyLength::Unreadable,
        };
    }
    length
}

/// Where the body begins, and with it whether all fields have come.
pub(super) fn body_start(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4)
}

/// Reads what one datagram or one frame of a stream holds (RFC 3261 §18.3): without Content-Length the body is all that came, what is beyond
/// the stated length is cut off, and where less came than is stated the message is none.
pub(super) fn read_message(bytes: &[u8]) -> Option<SipMessage> {
    let (head, came) = bytes.split_at(body_start(bytes)?);
    let body = match body_length(head) {
        BodyLength::Missing => came,
        BodyLength::Stated(length) => came.get(..length)?,
        BodyLength::Unreadable => return None,
    };
    let mut message = SipMessage::try_from(bytes).ok()?;
    // The stack takes a missing length for 0.
    let (SipMessage::Request(Request { body: taken, .. }) | SipMessage::Response(Response { body: taken, .. })) = &mut message;
    if taken.len() != body.len() {
        *taken = body.to_vec();
    }
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\n";

    fn length_of(fields: &str) -> BodyLength {
        body_length(format!("{HEAD}{fields}\r\n").as_bytes())
    }

    #[test]
    fn the_length_is_read_as_every_sender_may_write_it() {
        for fields in [
            "Content-Length: 12\r\n",
            "CONTENT-LENGTH:12\r\n",
            "l: 12\r\n",
            "L \t:  12  \r\n",
            "content-length:\r\n\t12\r\n",
            "l: 0012\r\nContent-Length: 12\r\n",
        ] {
            assert_eq!(length_of(fields), BodyLength::Stated(12), "{fields:?}");
        }
        for fields in
            ["l: -5\r\n", "l: +5\r\n", "l: x\r\n", "l:\r\n", "l: 5\r\n 6\r\n", "l: 5\r\nl: 6\r\n", "l: 99999999999999999999999\r\n"]
        {
            assert_eq!(length_of(fields), BodyLength::Unreadable, "{fields:?}");
        }
        for fields in ["", "Subject: x\r\n l: 5\r\n", "X-Content-Length: 5\r\n", "l\r\n"] {
            assert_eq!(length_of(fields), BodyLength::Missing, "{fields:?}");
        }
    }

    #[test]
    fn a_datagram_s_body_is_what_came_up_to_the_stated_length() {
        let body = |fields: &str, body: &str| match read_message(format!("{HEAD}{fields}\r\n{body}").as_bytes())? {
            SipMessage::Request(request) => Some(String::from_utf8(request.body).unwrap()),
            SipMessage::Response(_) => None,
        };
        assert_eq!(body("", "all of it").as_deref(), Some("all of it"));
        assert_eq!(body("l: 3\r\n", "all of it").as_deref(), Some("all"));
        assert_eq!(body("l: 9\r\n", "all of it").as_deref(), Some("all of it"));
        assert_eq!(body("l: 10\r\n", "all of it"), None);
        assert_eq!(body("l: -1\r\n", "all of it"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_message(&bytes);
            let _ = read_message(&[HEAD.as_bytes(), b"l:", &bytes, b"\r\n\r\n"].concat());
        }
    }
}
