//! Where deliveries may go. A webhook that reaches into the node's own network could make the node ask things there in somebody else's name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::archive::error::{ArchiveError, Result};

/// Whether an address belongs to somebody out there: not to this machine, not to a private network, not to the link, not to many.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(
            || {
                let first = v6.segments()[0];
                // Global unicast is 2000::/3 (RFC 4291 §2.4) without the documentation's 2001:db8::/32.
                (0x2000..=0x3fff).contains(&first) && !(first == 0x2001 && v6.segments()[1] == 0x0db8)
            },
            is_public_v4,
        ),
    }
}

/// Mapped (RFC 4291 §2.5.5.2), translated (RFC 6052 §2.1) and 6to4 (RFC 3056 §2) addresses lead to the IPv4 address inside.
fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match s {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(of(high, low)),
        _ => v6.to_ipv4_mapped(),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmark = a == 198 && (b == 18 || b == 19);
    let assignments = a == 192 && b == 0 && c == 0;
    !(a == 0
        || a >= 240
        || shared
        || benchmark
        || assignments
        || v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation())
}

/// Checks where a webhook is to go.
///
/// # Errors
/// Naming the field.
pub fn check_url(text: &str, allow_private: bool) -> Result<()> {
    let bad = |why: &str| ArchiveError::invalid("url", why);
    let url = reqwest::Url::parse(text).map_err(|_| bad("is no address such as https://platform.example/hook"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad("begins with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("holds a user name or password; deliveries are signed instead"));
    }
    if url.fragment().is_some() {
        return Err(bad("has a fragment (#…), which no request carries"));
    }
    if !allow_private && !may_be_public(&url) {
        return Err(bad(
            "leads to this machine or a private network; where that is meant, set `webhooks.allow_private = true` in the node's configuration",
        ));
    }
    Ok(())
}

/// Whether a URL's host may be somebody out there: a public address, or a name (which is looked up anew for every connection).
#[must_use]
pub fn may_be_public(url: &reqwest::Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(address) => is_public(address),
        Err(_) => host != "localhost" && !host.ends_with(".localhost"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_is_told_from_what_is_outside() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2606:4700::1", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn what_is_no_place_for_deliveries_is_refused_by_its_field() {
        let refused = |text: &str, allow: bool| check_url(text, allow).map_err(|error| error.to_string());
        for bad in ["", "platform", "ftp://a.example/", "https://u:p@a.example/", "https://a.example/#x", "file:///etc/passwd"] {
            assert!(refused(bad, true).unwrap_err().starts_with("url: "), "{bad}");
        }
        for inside in
            ["http://127.0.0.1:9/", "http://localhost/", "http://[::1]/", "http://0x7f.1/", "http://2130706433/", "http://10.0.0.1/"]
        {
            assert!(refused(inside, false).unwrap_err().contains("webhooks.allow_private"), "{inside}");
            assert!(refused(inside, true).is_ok(), "{inside}");
        }
        assert!(refused("https://platform.example/hook?tenant=1", false).is_ok());
    }
}
