//! IPv4 address ranges.
//!
//! Promises: a `Cidr` is a network (no host bits), so that two spellings of one range are equal.
//!
//! Leaves to others which ranges AWS or EKS accept.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use ipnet::Ipv4Net;

use super::{ValueError, shown, text};

/// An IPv4 network such as `10.0.0.0/16`; text with host bits set is refused, naming the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(Ipv4Net);

text!(
    Cidr,
    "an IPv4 network",
    r"^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$",
    "10.0.0.0/16"
);

impl Cidr {
    /// The network `address` is in when the first `prefix` bits are the network's.
    ///
    /// # Errors
    /// When `prefix` is over 32.
    pub fn around(address: Ipv4Addr, prefix: u8) -> Result<Self, ValueError> {
        Ipv4Net::new(address, prefix)
            .map(|net| Self(net.trunc()))
            .map_err(|_| ValueError::new(format!("an IPv4 prefix is 0 to 32 bits, not {prefix}"), "give at most 32"))
    }

    /// The first address, which names the network.
    pub fn address(&self) -> Ipv4Addr {
        self.0.network()
    }

    /// How many leading bits are fixed, 0 to 32.
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// How many addresses the range has, those AWS reserves included.
    pub fn size(&self) -> u64 {
        1 << (32 - self.prefix())
    }

    /// Whether every address of `other` is in this range.
    pub fn contains(&self, other: &Self) -> bool {
        self.0.contains(&other.0)
    }

    /// Whether any address is in both ranges.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// The `index`-th (from 0) network of `new_prefix` bits inside this one; none if there is no such part.
    pub fn subnet(&self, new_prefix: u8, index: u32) -> Option<Self> {
        if new_prefix < self.prefix() || new_prefix > 32 {
            return None;
        }
        let parts = 1_u64 << (new_prefix - self.prefix());
        if u64::from(index) >= parts {
            return None;
        }
        let offset = u64::from(index) << (32 - new_prefix);
        let first = u64::from(u32::from(self.address())) + offset;
        let first = u32::try_from(first).expect("a part of a network lies inside it");
        Self::around(Ipv4Addr::from(first), new_prefix).ok()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl FromStr for Cidr {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Ok(address) = text.parse::<Ipv4Addr>() {
            return Err(ValueError::new(
                format!("`{}` is an address, and a network is wanted", shown(text)),
                format!("write {address}/32 for this one address, or the network's prefix length after a slash"),
            ));
        }
        if text.parse::<ipnet::Ipv6Net>().is_ok() || text.parse::<std::net::Ipv6Addr>().is_ok() {
            return Err(ValueError::new(
                format!("`{}` is IPv6, and this architecture is IPv4 only", shown(text)),
                "write an IPv4 network such as 10.0.0.0/16",
            ));
        }
        let Ok(net) = text.parse::<Ipv4Net>() else {
            return Err(ValueError::new(
                format!("`{}` is not an IPv4 network", shown(text)),
                "write address/prefix, such as 10.0.0.0/16",
            ));
        };
        let network = net.trunc();
        if network != net {
            return Err(ValueError::new(
                format!("`{text}` has host bits set: the network of {} bits is {network}", net.prefix_len()),
                format!("write {network}"),
            ));
        }
        Ok(Self(network))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn host_bits_are_refused_and_the_network_named() {
        let error = "10.0.3.7/16".parse::<Cidr>().unwrap_err();
        assert!(error.problem().contains("host bits"), "{error}");
        assert_eq!(error.remedy(), "write 10.0.0.0/16");
        assert_eq!(cidr("0.0.0.0/0").to_string(), "0.0.0.0/0");
    }

    #[test]
    fn what_is_no_network_says_what_it_is() {
        assert!("10.0.0.1".parse::<Cidr>().unwrap_err().remedy().contains("10.0.0.1/32"));
        assert!("2001:db8::/32".parse::<Cidr>().unwrap_err().problem().contains("IPv6"));
        for text in ["10.0.0.0/33", "10.0.0/16", "10.0.0.0/", "ten", "10.0.0.256/24"] {
            assert!(text.parse::<Cidr>().unwrap_err().problem().contains("not an IPv4"), "{text}");
        }
    }

    #[test]
    fn parts_of_a_network_follow_each_other() {
        let vpc = cidr("10.0.0.0/16");
        assert_eq!(vpc.subnet(19, 0), Some(cidr("10.0.0.0/19")));
        assert_eq!(vpc.subnet(19, 7), Some(cidr("10.0.224.0/19")));
        assert_eq!(vpc.subnet(19, 8), None);
        assert_eq!(vpc.subnet(15, 0), None);
        assert_eq!(vpc.subnet(33, 0), None);
        assert_eq!(cidr("0.0.0.0/0").subnet(32, u32::MAX), Some(cidr("255.255.255.255/32")));
        assert_eq!(cidr("0.0.0.0/0").subnet(0, 0), Some(cidr("0.0.0.0/0")));
    }

    #[test]
    fn overlap_is_containment_either_way() {
        let (vpc, part, other) = (cidr("10.0.0.0/16"), cidr("10.0.4.0/22"), cidr("10.1.0.0/16"));
        assert!(vpc.contains(&part) && !part.contains(&vpc));
        assert!(vpc.overlaps(&part) && part.overlaps(&vpc));
        assert!(!vpc.overlaps(&other));
        assert_eq!(cidr("0.0.0.0/0").size(), 1 << 32);
    }
}
