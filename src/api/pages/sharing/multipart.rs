//! The one file and the form token of a form with a file in it (RFC 7578), read from the whole body.

/// A part's name and bytes.
struct Part<'b> {
    name: String,
    bytes: &'b [u8],
}

/// What the form brought: the value of `csrf`, and the bytes of `file`.
pub fn token_and_file<'b>(content_type: &str, body: &'b [u8], file: &str) -> Option<(String, &'b [u8])> {
    let boundary = boundary(content_type)?;
    let parts = parts(&boundary, body)?;
    let of = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.bytes);
    Some((String::from_utf8(of("csrf")?.to_vec()).ok()?, of(file)?))
}

fn boundary(content_type: &str) -> Option<String> {
    let mut pieces = content_type.split(';').map(str::trim);
    if !pieces.next()?.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let given = pieces.find_map(|piece| piece.strip_prefix("boundary="))?.trim_matches('"');
    (1..=70).contains(&given.len()).then(|| given.to_owned())
}

/// Where `wanted` begins in `body`, from `from` on.
fn find(body: &[u8], wanted: &[u8], from: usize) -> Option<usize> {
    body.get(from..)?.windows(wanted.len()).position(|window| window == wanted).map(|at| at + from)
}

fn parts<'b>(boundary: &str, body: &'b [u8]) -> Option<Vec<Part<'b>>> {
    let first = format!("--{boundary}");
    let next = format!("\r\n--{boundary}");
    if !body.starts_with(first.as_bytes()) {
        return None;
    }
    let (mut at, mut found) = (first.len(), Vec::new());
    while !body.get(at..)?.starts_with(b"--") {
        let head = find(body, b"\r\n", at)? + 2;
        let begins = find(body, b"\r\n\r\n", head)?;
        let ends = find(body, next.as_bytes(), begins + 2)?;
        let name = name_in(std::str::from_utf8(&body[head..begins]).ok()?)?;
        found.push(Part { name, bytes: body.get(begins + 4..ends).unwrap_or_default() });
        at = ends + next.len();
        if found.len() > 16 {
            return None;
        }
    }
    Some(found)
}

fn name_in(head: &str) -> Option<String> {
    let line = head.split("\r\n").find(|line| line.to_ascii_lowercase().starts_with("content-disposition:"))?;
    let (_, rest) = line.split_once(" name=\"")?;
    Some(rest.split('"').next()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPE: &str = "multipart/form-data; boundary=----x";

    #[test]
    fn a_browsers_form_gives_token_and_file() {
        let body = b"------x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\nabc\r\n------x\r\nContent-Disposition: form-data; \
            name=\"logo\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n\r\n--\xff\r\n------x--\r\n";
        assert_eq!(token_and_file(TYPE, body, "logo"), Some(("abc".to_owned(), &b"\x89PNG\r\n\r\n--\xff"[..])));
        assert_eq!(token_and_file(TYPE, body, "other"), None);
        assert_eq!(token_and_file("text/plain", body, "logo"), None);
        let empty = b"------x\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n\r\n------x--";
        assert!(token_and_file(TYPE, empty, "csrf").is_some_and(|(token, file)| token.is_empty() && file.is_empty()));
    }

    proptest! {
        #[test]
        fn nothing_that_is_sent_ends_it(body in prop::collection::vec(any::<u8>(), 0..200), whole in any::<bool>()) {
            let mut sent = if whole { b"------x\r\n".to_vec() } else { Vec::new() };
            sent.extend(body);
            let _ = token_and_file(TYPE, &sent, "logo");
        }
    }
}
