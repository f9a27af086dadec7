//! Reading header fields by name. Compact forms are already spelled out by the stack.

use rsipstack::sip::{Headers, headers::make_header};

/// All values of a field, in order.
pub(super) fn values<'a>(headers: &'a Headers, name: &'a str) -> impl Iterator<Item = &'a str> {
    headers.iter().filter(move |h| h.name().eq_ignore_ascii_case(name)).map(|h| h.value().trim())
}

/// The first value of a field.
pub(super) fn first<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a str> {
    values(headers, name).next()
}

/// The tokens of a comma-separated field, in lower case, without parameters.
pub(super) fn tokens(headers: &Headers, name: &str) -> Vec<String> {
    values(headers, name)
        .flat_map(|value| value.split(','))
        .map(|token| token.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
        .filter(|token| !token.is_empty())
        .collect()
}

/// The number of a CSeq field.
pub(super) fn sequence_number(headers: &Headers) -> Option<u32> {
    first(headers, "CSeq")?.split_ascii_whitespace().next()?.parse().ok()
}

/// Puts a value in place of all values of a field.
pub(super) fn replace(headers: &mut Headers, name: &str, value: String) {
    if let Some(at) = headers.0.iter().position(|h| h.name().eq_ignore_ascii_case(name)) {
        headers.0[at] = make_header(name, value);
        let mut seen = 0;
        headers.retain(|h| {
            seen += usize::from(h.name().eq_ignore_ascii_case(name));
            !h.name().eq_ignore_ascii_case(name) || seen == 1
        });
    } else {
        headers.push(make_header(name, value));
    }
}
