//! Names of erased people, as hashes (HMAC-SHA256, RFC 2104): enough to know somebody again, not to know who they were.
//!
//! The key is the database's own salt and, where the server gives one, a key that is not in the database. Several may
//! be given: the first one makes hashes, all of them find them.

use pytake_assistant::id::TenantId;
use ring::hmac;
use rusqlite::{Connection, Result};
use secrecy::{ExposeSecret, SecretBox};

/// Bytes of a key, and of a hash.
const BYTES: usize = 32;

/// A hash.
pub(crate) type Hash = [u8; BYTES];

/// Makes hashes.
pub(crate) struct Hashes {
    keys: Vec<hmac::Key>,
}

impl Hashes {
    /// Takes the salt of the database.
    pub(crate) fn open(connection: &Connection, keys: &[SecretBox<[u8; BYTES]>]) -> Result<Self> {
        const SALT: &str = "
            SELECT salt
            FROM hash_salt";
        let salt: Vec<u8> = connection.query_row(SALT, [], |row| row.get(0))?;
        let salted = |key: &[u8]| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key);
            hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, &salt).as_ref())
        };
        let mut keys: Vec<hmac::Key> =
            keys.iter().map(|key| salted(key.expose_secret().as_slice())).collect();
        // Also last where there are keys: what was hashed before there was one stays known.
        keys.push(hmac::Key::new(hmac::HMAC_SHA256, &salt));
        Ok(Self { keys })
    }

    /// A user of a tenant, under every key.
    pub(crate) fn user(&self, tenant: &TenantId, user: &str) -> Vec<Hash> {
        self.of(&["user", tenant.as_str(), user])
    }

    /// An address of a person, under every key.
    pub(crate) fn address(&self, tenant: &TenantId, kind: &str, value: &str) -> Vec<Hash> {
        self.of(&["address", tenant.as_str(), kind, value])
    }

    /// The key of an event, under every key.
    pub(crate) fn event(&self, number: &str, key: &str) -> Vec<Hash> {
        self.of(&["event", number, key])
    }

    fn of(&self, parts: &[&str]) -> Vec<Hash> {
        let mut hashes = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let mut context = hmac::Context::with_key(key);
            for part in parts {
                // The length keeps two parts from being read as two others.
                context.update(&(part.len() as u64).to_be_bytes());
                context.update(part.as_bytes());
            }
            let mut hash = [0; BYTES];
            hash.copy_from_slice(context.sign().as_ref());
            hashes.push(hash);
        }
        hashes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(salt: u8, keys: &[u8]) -> Hashes {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE hash_salt (salt BLOB)").unwrap();
        connection.execute("INSERT INTO hash_salt VALUES (?1)", [vec![salt; 32]]).unwrap();
        let keys: Vec<_> = keys.iter().map(|byte| SecretBox::new(Box::new([*byte; 32]))).collect();
        Hashes::open(&connection, &keys).unwrap()
    }

    #[test]
    fn a_hash_belongs_to_its_database_key_tenant_and_kind() {
        let (shop, other) = (TenantId::new("shop").unwrap(), TenantId::new("other").unwrap());
        let own = hashes(1, &[7]);
        let first = |hashes: &Hashes, tenant, value| hashes.address(tenant, "phone", value)[0];
        assert_eq!(first(&own, &shop, "55"), first(&hashes(1, &[7]), &shop, "55"));
        assert_ne!(first(&own, &shop, "55"), first(&hashes(2, &[7]), &shop, "55"));
        assert_ne!(first(&own, &shop, "55"), first(&hashes(1, &[8]), &shop, "55"));
        assert_ne!(first(&own, &shop, "55"), first(&own, &other, "55"));
        assert_ne!(own.address(&shop, "ab", "c"), own.address(&shop, "a", "bc"));
        assert_ne!(own.user(&shop, "55")[0], first(&own, &shop, "55"));
    }

    #[test]
    fn what_was_hashed_with_an_older_key_or_without_one_is_found() {
        let shop = TenantId::new("shop").unwrap();
        let rotated = hashes(1, &[8, 7]).user(&shop, "ana");
        assert!(rotated.contains(&hashes(1, &[7]).user(&shop, "ana")[0]));
        assert!(rotated.contains(&hashes(1, &[]).user(&shop, "ana")[0]));
    }
}
