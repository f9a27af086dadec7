//! Whether a browser's request was written by a page of ours.

use axum::http::{HeaderMap, header};

/// True where `Origin` (or, without it, `Sec-Fetch-Site`) says that the request comes from this very origin. Both absent: false, since every browser
/// that keeps `SameSite` cookies sends one of them with an unsafe request.
#[must_use]
pub fn same_origin(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    if let Some(origin) = text(header::ORIGIN) {
        let Some((_, authority)) = origin.split_once("://") else { return false };
        let configured = public_url.and_then(|url| url.split_once("://")).map(|(_, rest)| rest.trim_end_matches('/'));
        return configured.is_some_and(|c| c.eq_ignore_ascii_case(authority))
            || text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority));
    }
    text(header::HeaderName::from_static("sec-fetch-site")).is_some_and(|site| site == "same-origin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().filter_map(|(k, v)| Some(((*k).parse::<header::HeaderName>().ok()?, v.parse().ok()?))).collect()
    }

    #[test]
    fn only_our_own_origin_passes() {
        let ours = [("host", "rec.example:8080")];
        assert!(same_origin(&headers(&[ours[0], ("origin", "http://rec.example:8080")]), None));
        assert!(!same_origin(&headers(&[ours[0], ("origin", "http://evil.example")]), None));
        assert!(!same_origin(&headers(&[ours[0], ("origin", "null")]), None));
        assert!(!same_origin(&headers(&ours), None));
        assert!(same_origin(&headers(&[ours[0], ("sec-fetch-site", "same-origin")]), None));
        assert!(!same_origin(&headers(&[ours[0], ("sec-fetch-site", "same-site")]), None));
        assert!(same_origin(&headers(&[("host", "10.0.0.7"), ("origin", "https://rec.example")]), Some("https://rec.example/")));
    }
}
