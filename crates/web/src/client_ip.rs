//! The address of the client, believed only as far as our own proxies vouch for it.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::dev::Payload;
use actix_web::{Error, FromRequest, HttpRequest, web};
use ipnet::IpNet;

/// The networks of our own reverse proxies. `X-Forwarded-For` from anyone else is a claim, not a fact.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(pub Vec<IpNet>);

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The right-most address that is not one of our proxies. `forwarded_for`: the header's lines, in their order.
    #[must_use]
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> IpAddr {
        // A socket that listens on IPv6 reports IPv4 peers as mapped addresses.
        let mut client = peer.to_canonical();
        for hop in forwarded_for.rev().flat_map(|line| line.rsplit(',')) {
            if !self.trusts(client) {
                break;
            }
            let Some(address) = address(hop.trim()) else {
                break;
            };
            client = address;
        }
        client
    }
}

/// With or without a port, which some proxies add.
fn address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().map(|socket| socket.ip()).ok();
    hop.parse()
        .ok()
        .or_else(with_port)
        .map(|address: IpAddr| address.to_canonical())
}

/// Where the request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    #[must_use]
    pub fn of(req: &HttpRequest) -> Self {
        let peer = req
            .peer_addr()
            .map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |peer| peer.ip());
        // A proxy may append a line of its own instead of extending the client's.
        let forwarded: Vec<&str> = req
            .headers()
            .get_all("x-forwarded-for")
            .map(|value| value.to_str().unwrap_or_default())
            .collect();
        Self(
            req.app_data::<web::Data<TrustedProxies>>()
                .map_or(peer.to_canonical(), |proxies| {
                    proxies.client(peer, forwarded.into_iter())
                }),
        )
    }

    /// What counts as one client: an IPv4 address, or an IPv6 /64.
    #[must_use]
    pub fn bucket(self) -> [u8; 8] {
        let v6 = match self.0 {
            IpAddr::V4(v4) => {
                return [
                    0,
                    0,
                    0,
                    0,
                    v4.octets()[0],
                    v4.octets()[1],
                    v4.octets()[2],
                    v4.octets()[3],
                ];
            }
            IpAddr::V6(v6) => v6,
        };
        v6.octets().first_chunk().copied().unwrap_or_default()
    }

    /// What may be kept of it: IPv4 /24, IPv6 /48.
    #[must_use]
    pub fn prefix(self) -> String {
        let prefix = if self.0.is_ipv4() { 24 } else { 48 };
        IpNet::new(self.0, prefix)
            .map_or_else(|_| String::new(), |network| network.trunc().to_string())
    }
}

impl FromRequest for ClientIp {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientIp, TrustedProxies};

    #[test]
    fn forwarded_addresses_count_only_from_our_proxies() {
        let proxies = TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]);
        let client = |peer: &str, lines: &[&'static str]| {
            let lines = lines.iter().copied();
            proxies.client(peer.parse().unwrap(), lines).to_string()
        };
        for (peer, lines, expected) in [
            ("203.0.113.9", vec!["1.2.3.4"], "203.0.113.9"),
            ("10.0.0.1", vec!["1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", vec!["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", vec!["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", vec!["1.2.3.4, 10.0.0.2"], "1.2.3.4"),
            ("10.0.0.1", vec!["1.2.3.4:5000"], "1.2.3.4"),
            ("10.0.0.1", vec!["[2001:db8::1]:5000"], "2001:db8::1"),
            ("::ffff:10.0.0.1", vec!["::ffff:1.2.3.4"], "1.2.3.4"),
            ("10.0.0.1", vec!["spoof"], "10.0.0.1"),
            ("10.0.0.1", vec![], "10.0.0.1"),
        ] {
            assert_eq!(client(peer, &lines), expected, "{peer} {lines:?}");
        }
    }

    #[test]
    fn one_client_is_one_bucket() {
        let bucket = |ip: &str| ClientIp(ip.parse().unwrap()).bucket();
        assert_eq!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:2:ffff::9"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:3::1"));
        assert_eq!(
            ClientIp("36.81.12.200".parse().unwrap()).prefix(),
            "36.81.12.0/24"
        );
        assert_eq!(
            ClientIp("2001:db8:1:2::1".parse().unwrap()).prefix(),
            "2001:db8:1::/48"
        );
    }
}
