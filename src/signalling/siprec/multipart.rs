//! MIME multipart bodies (RFC 2046 §5.1) as far as SIP uses them: any boundary, preamble and epilogue, part headers in any case, bare line feeds,
//! a missing last boundary.

/// `type/subtype; name=value …`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentType {
    /// `type/subtype` in lower case.
    pub essence: String,
    /// Parameters; names in lower case, values unquoted.
    pub params: Vec<(String, String)>,
}

impl ContentType {
    /// Reads a header's value. Never fails: what makes no sense is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut pieces = split_outside_quotes(text, ';').into_iter();
        let essence = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let params = pieces
            .filter_map(|piece| {
                let (name, value) = piece.split_once('=')?;
                Some((name.trim().to_ascii_lowercase(), unquote(value.trim())))
            })
            .collect();
        Self { essence, params }
    }

    /// A parameter's value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == separator && !quoted => {
                pieces.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"') else { return text.to_owned() };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its type; `text/plain` where it says none.
    pub content_type: ContentType,
    /// Whether its body is base64.
    pub base64: bool,
    /// Its body, without the line end that belongs to the boundary.
    pub body: &'a [u8],
}

/// Why a body has no parts.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MultipartError {
    /// Neither the header names a boundary nor does the body begin with one.
    #[error("multipart body without a boundary")]
    NoBoundary,
    /// The boundary does not occur.
    #[error("the boundary of the multipart body does not occur in it")]
    NoParts,
    /// More parts than any sender has reason to send.
    #[error("more than {MOST_PARTS} parts in a multipart body")]
    TooMany,
}

const MOST_PARTS: usize = 32;

struct Lines<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Lines<'a> {
    /// Where the line begins, its text without its end, and where the next one begins.
    type Item = (usize, &'a [u8], usize);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.body.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let length = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |p| p + 1);
        self.at = start + length;
        let line = &rest[..length];
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some((start, line, self.at))
    }
}

fn is_boundary(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (rest, last) = match rest.strip_prefix(b"--") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    rest.iter().all(|b| matches!(b, b' ' | b'\t')).then_some(last)
}

fn guessed_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let (_, line, _) = Lines { body, at: 0 }.find(|(_, line, _)| !line.is_empty())?;
    let boundary = line.strip_prefix(b"--")?.trim_ascii_end();
    (!boundary.is_empty() && boundary.len() <= 70).then(|| boundary.to_vec())
}

fn part(body: &[u8]) -> Part<'_> {
    let mut content_type = None;
    let mut base64 = false;
    let mut header = String::new();
    let mut content_at = 0;
    let mut lines = Lines { body, at: 0 };
    let mut take = |header: &str| {
        if let Some((name, value)) = header.split_once(':') {
            match name.trim().to_ascii_lowercase().as_str() {
                "content-type" | "c" => content_type = Some(ContentType::parse(value.trim())),
                "content-transfer-encoding" => base64 = value.trim().eq_ignore_ascii_case("base64"),
                _ => {}
            }
        }
    };
    for (_, line, next) in &mut lines {
        content_at = next;
        if line.is_empty() {
            break;
        }
        let text = String::from_utf8_lossy(line);
        if text.starts_with([' ', '\t']) {
            header.push(' ');
            header.push_str(text.trim());
        } else {
            take(&header);
            header = text.into_owned();
        }
    }
    take(&header);
    let content_type = content_type.unwrap_or_else(|| ContentType::parse("text/plain"));
    Part { content_type, base64, body: &body[content_at.min(body.len())..] }
}

/// Splits a multipart body into its parts.
pub fn split_multipart<'a>(boundary: Option<&str>, body: &'a [u8]) -> Result<Vec<Part<'a>>, MultipartError> {
    let boundary = match boundary.map(|b| b.trim_end().as_bytes().to_vec()).filter(|b| !b.is_empty()) {
        Some(boundary) => boundary,
        None => guessed_boundary(body).ok_or(MultipartError::NoBoundary)?,
    };
    let mut parts = Vec::new();
    let mut open: Option<usize> = None;
    let mut closed = false;
    for (start, line, next) in (Lines { body, at: 0 }) {
        let Some(last) = is_boundary(line, &boundary) else { continue };
        if let Some(from) = open.take() {
            // The line end before a boundary belongs to the boundary (RFC 2046 §5.1.1).
            let content = &body[from..start];
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            parts.push(part(content.strip_suffix(b"\r").unwrap_or(content)));
        }
        if parts.len() > MOST_PARTS {
            return Err(MultipartError::TooMany);
        }
        if last {
            closed = true;
            break;
        }
        open = Some(next);
    }
    if let (Some(from), false) = (open, closed) {
        parts.push(part(&body[from.min(body.len())..]));
    }
    if parts.is_empty() { Err(MultipartError::NoParts) } else { Ok(parts) }
}
