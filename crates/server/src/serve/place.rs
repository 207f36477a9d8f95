//! From where connections come, and how many are open from there.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections from one public place at a time. A browser opens 6 to a server; this is a busy office behind one address,
/// and sixteen such places before a stranger alone could take all 4,096 connections.
pub(super) const MAX_OF_ONE_PLACE: usize = 256;

/// The public place of an address: an IPv4 address, or the /64 network of an IPv6 one. `None` for addresses of this machine
/// and of private networks: there a proxy or a container stands, and behind it everybody.
pub(crate) fn public_place(address: IpAddr) -> Option<String> {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let is_near = v4.is_loopback() || v4.is_private() || v4.is_link_local();
            (!is_near).then(|| v4.to_string())
        }
        IpAddr::V6(v6) => {
            let is_near = v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local();
            // A household has a whole /64 (RFC 6177); counted as one place.
            let [a, b, c, d, ..] = v6.segments();
            (!is_near).then(|| format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
        }
    }
}

/// Counts the open connections of each public place. It has as many entries as connections at most.
#[derive(Debug, Clone, Default)]
pub(super) struct Places(Arc<Mutex<HashMap<String, usize>>>);

/// One counted connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Counted {
    places: Places,
    place: Option<String>,
}

impl Places {
    /// Counts a connection; `None` where its place has as many as it may have.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Counted> {
        let place = public_place(address);
        if let Some(place) = &place {
            let mut open = self.lock();
            let count = open.entry(place.clone()).or_default();
            if *count >= MAX_OF_ONE_PLACE {
                return None;
            }
            *count += 1;
        }
        Some(Counted { places: self.clone(), place })
    }

    fn leave(&self, place: &str) {
        let mut open = self.lock();
        if let Some(count) = open.get_mut(place) {
            *count -= 1;
            if *count == 0 {
                open.remove(place);
            }
        }
    }

    /// A count stays right when whoever held it panicked: nothing panics between two steps of it.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            self.places.leave(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(places: &Places, address: &str) -> Option<Counted> {
        places.enter(address.parse().unwrap())
    }

    #[test]
    fn one_place_has_so_many_connections_and_no_more_until_one_ends() {
        let places = Places::default();
        let mut open: Vec<Counted> =
            (0..MAX_OF_ONE_PLACE).map(|_| enter(&places, "203.0.113.5").unwrap()).collect();
        assert!(enter(&places, "203.0.113.5").is_none());
        assert!(enter(&places, "::ffff:203.0.113.5").is_none(), "the same, through an IPv6 socket");
        assert!(enter(&places, "203.0.113.6").is_some(), "another place has its own");
        open.pop();
        assert!(enter(&places, "203.0.113.5").is_some());
    }

    #[test]
    fn the_addresses_of_one_household_are_one_place() {
        let places = Places::default();
        let addresses = (0..MAX_OF_ONE_PLACE).map(|number| format!("2001:db8:1:2::{number:x}"));
        let open: Vec<Counted> = addresses.map(|address| enter(&places, &address).unwrap()).collect();
        assert!(enter(&places, "2001:db8:1:2:ffff::1").is_none());
        assert!(enter(&places, "2001:db8:1:3::1").is_some());
        drop(open);
        assert!(places.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn a_proxy_near_by_is_not_counted() {
        let places = Places::default();
        for near in ["127.0.0.1", "::1", "10.0.0.7", "172.18.0.2", "192.168.1.9", "fd00::7"] {
            let open: Vec<Option<Counted>> = (0..=MAX_OF_ONE_PLACE).map(|_| enter(&places, near)).collect();
            assert!(open.iter().all(Option::is_some), "{near}");
        }
    }
}
