//! Which addresses of the machine peers are told.

use std::net::IpAddr;

/// The bound addresses as single ones: an unspecified one stands for every address of its family that a peer could reach.
pub(super) fn concrete(bind_ips: &[IpAddr]) -> Vec<IpAddr> {
    let mut all = Vec::new();
    for bound in bind_ips {
        if bound.is_unspecified() {
            let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten().filter_map(|i| i.address);
            let found = interfaces.filter_map(|a| {
                let v4 = a.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
                v4.or_else(|| a.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
            });
            all.extend(found.filter(|ip| ip.is_ipv4() == bound.is_ipv4() && !ip.is_loopback() && !link_local(ip)));
        } else {
            all.push(*bound);
        }
    }
    all.sort();
    all.dedup();
    all
}

fn link_local(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
