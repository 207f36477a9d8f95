//! Keys that seal, and the file one is kept in.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use super::SealingError;

/// Bytes of a key (RFC 8439).
const KEY_BYTES: usize = 32;

/// Bytes that name a key: the first of its SHA-256. They tell nothing of the key; four are enough for the few keys a
/// server ever has.
pub(super) const KEY_ID_BYTES: usize = 4;

/// A key file holds one line of 44 characters; whatever is longer than this is another file.
const LONGEST_FILE: u64 = 256;

/// A key that seals secrets. `Debug` shows its id only.
pub struct SealingKey(SecretBox<[u8; KEY_BYTES]>);

impl Clone for SealingKey {
    fn clone(&self) -> Self {
        Self(SecretBox::new(Box::new(*self.0.expose_secret())))
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKey({})", shown(&self.id()))
    }
}

impl FromStr for SealingKey {
    type Err = SealingError;

    /// Reads 32 bytes in base64.
    fn from_str(text: &str) -> Result<Self, SealingError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| SealingError::InvalidKey("is not base64"))?;
        let bytes: [u8; KEY_BYTES] =
            bytes.try_into().map_err(|_| SealingError::InvalidKey("has another length"))?;
        Ok(Self(SecretBox::new(Box::new(bytes))))
    }
}

impl SealingKey {
    /// Makes a key that nobody else has.
    ///
    /// # Errors
    /// [`SealingError::NoRandomness`].
    pub fn generate() -> Result<Self, SealingError> {
        let mut bytes = Box::new([0; KEY_BYTES]);
        SystemRandom::new().fill(&mut *bytes).map_err(|_| SealingError::NoRandomness)?;
        Ok(Self(SecretBox::new(bytes)))
    }

    /// The key as text, for a file or a setting.
    pub fn to_base64(&self) -> SecretString {
        SecretString::from(STANDARD.encode(self.0.expose_secret()))
    }

    /// Reads the key in a file, or makes both: a file that only its owner may read. Blocks for the disk.
    ///
    /// # Errors
    /// [`SealingError::KeyFile`] and, where it holds something else, which is never replaced, [`SealingError::NotAKeyFile`],
    /// both with the file's name.
    pub fn load_or_create(path: &Path) -> Result<Self, SealingError> {
        match open_new(path) {
            Ok(mut file) => {
                let key = Self::generate()?;
                let written = write_line(&mut file, &key).and_then(|()| sync_folder(path));
                if let Err(source) = written {
                    // Half a key must not be taken for one at the next start; that it cannot be removed either is told
                    // by the next start.
                    let _ = std::fs::remove_file(path);
                    return Err(failed("write", path, source));
                }
                Ok(key)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::load(path),
            Err(source) => Err(failed("make", path, source)),
        }
    }

    fn load(path: &Path) -> Result<Self, SealingError> {
        let mut text = String::new();
        let file = File::open(path).map_err(|source| failed("open", path, source))?;
        file.take(LONGEST_FILE).read_to_string(&mut text).map_err(|source| failed("read", path, source))?;
        if text.trim().is_empty() {
            // Left by a process that was killed while it made the file.
            let why = "is empty; nothing was sealed with it, so that it can be deleted";
            return Err(SealingError::NotAKeyFile { path: path.to_path_buf(), why });
        }
        text.parse::<Self>().map_err(|error| match error {
            SealingError::InvalidKey(why) => SealingError::NotAKeyFile { path: path.to_path_buf(), why },
            other => other,
        })
    }

    /// A key for another purpose, made from this one (HMAC-SHA256, RFC 2104): it tells nothing of this one.
    pub fn derive(&self, purpose: &str) -> SecretBox<[u8; KEY_BYTES]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret());
        let mut derived = Box::new([0; KEY_BYTES]);
        derived.copy_from_slice(hmac::sign(&key, purpose.as_bytes()).as_ref());
        SecretBox::new(derived)
    }

    /// Names the key without telling it.
    pub(super) fn id(&self) -> [u8; KEY_ID_BYTES] {
        let hash = digest(&SHA256, self.0.expose_secret());
        let mut id = [0; KEY_ID_BYTES];
        for (byte, hashed) in id.iter_mut().zip(hash.as_ref()) {
            *byte = *hashed;
        }
        id
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }
}

/// A key's id in hex.
pub(super) fn shown(id: &[u8]) -> String {
    let mut hex = String::new();
    for byte in id {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> SealingError {
    SealingError::KeyFile { action, path: path.to_path_buf(), source }
}

/// Makes the file, for its owner alone from the first moment; fails where there is one.
fn open_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Makes the file's name as durable as its content: secrets sealed with a key that a power cut took away are lost.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn write_line(file: &mut File, key: &SealingKey) -> std::io::Result<()> {
    file.write_all(key.to_base64().expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    // What is sealed with it may be on the disk sooner than it is.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text_and_hides_itself() {
        let key = SealingKey::generate().unwrap();
        let text = key.to_base64();
        let again: SealingKey = text.expose_secret().parse().unwrap();
        assert_eq!(again.bytes(), key.bytes());
        assert_eq!(format!("{key:?}"), format!("SealingKey({})", shown(&key.id())));
        assert_ne!(SealingKey::generate().unwrap().bytes(), key.bytes());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        for (text, why) in
            [("", "another length"), ("c2VjcmV0", "another length"), ("not base64!", "not base64")]
        {
            let refusal = text.parse::<SealingKey>().unwrap_err().to_string();
            assert!(refusal.contains(why) && (text.is_empty() || !refusal.contains(text)), "{refusal}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pytake.key");
        let made = SealingKey::load_or_create(&path).unwrap();
        let read = SealingKey::load_or_create(&path).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let rights = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(rights & 0o777, 0o600);
        }
    }

    #[test]
    fn another_file_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        std::fs::write(&path, "Dear Ana").unwrap();
        let refusal = SealingKey::load_or_create(&path).unwrap_err();
        assert!(
            refusal.to_string().contains("letter.txt") && !refusal.to_string().contains("Ana"),
            "{refusal}"
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "Dear Ana");
        let empty = folder.path().join("empty.key");
        std::fs::write(&empty, "").unwrap();
        let refusal = SealingKey::load_or_create(&empty).unwrap_err().to_string();
        assert!(refusal.contains("empty.key") && refusal.contains("can be deleted"), "{refusal}");
        let nowhere = SealingKey::load_or_create(&folder.path().join("no/such/place")).unwrap_err();
        assert!(nowhere.to_string().contains("could not make the key file"), "{nowhere}");
    }
}
