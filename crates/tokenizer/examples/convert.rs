//! Makes the two data files of the crate: `cargo run -p pytake-tokenizer --example convert`.
//!
//! The vocabulary comes from the `bpe-openai` crate and is refused unless, written out again in the form
//! OpenAI publishes, it has the SHA-256 that OpenAI's own tokenizer checks its download against. The kinds of
//! characters come from the `regex` crate. The same versions of both give the same files, byte for byte.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use regex::Regex;
use sha2::{Digest, Sha256};

/// Of `o200k_base.tiktoken`: `expected_hash` in `tiktoken_ext/openai_public.py` of `openai/tiktoken`.
const PUBLISHED_SHA256: &str = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d";

/// The classes 1 to 7 of the table; 0 is everything else. The same order stands in `src/classes.rs`.
const CLASSES: [&str; 7] =
    [r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"[\r\n]", r"[\s--\r\n]"];

fn main() {
    let tokens = tokens();
    assert_eq!(sha256(published_form(&tokens).as_bytes()), PUBLISHED_SHA256, "this is not o200k_base");
    save("o200k.bin", &vocabulary(&tokens));
    save("classes.bin", &class_table());
}

/// The tokens in the order of rank.
fn tokens() -> Vec<&'static [u8]> {
    let bpe = &bpe_openai::o200k_base().bpe;
    (0..).take(bpe.num_tokens()).map(|rank| bpe.token_bytes(rank)).collect()
}

/// A line for each token: its bytes in base64, a space, its rank.
fn published_form(tokens: &[&[u8]]) -> String {
    let mut text = String::new();
    for (rank, token) in tokens.iter().enumerate() {
        writeln!(text, "{} {rank}", base64(token)).expect("writing to a string does not fail");
    }
    text
}

/// The number of tokens, their lengths, their bytes.
fn vocabulary(tokens: &[&[u8]]) -> Vec<u8> {
    let count = u32::try_from(tokens.len()).expect("o200k_base has 199,998 tokens");
    let mut file = count.to_le_bytes().to_vec();
    file.extend(tokens.iter().map(|token| u8::try_from(token.len()).expect("no token has over 128 bytes")));
    file.extend(tokens.concat());
    file
}

/// The number of the block for each 256 code points, then the blocks that differ, one class a byte.
fn class_table() -> Vec<u8> {
    let mut classes = vec![0_u8; 0x11_0000];
    let every_character: String = ('\0'..=char::MAX).collect();
    for (class, pattern) in (1..).zip(CLASSES) {
        let pattern = Regex::new(pattern).expect("the patterns above are valid");
        for found in pattern.find_iter(&every_character) {
            let character = found.as_str().chars().next().expect("a class matches one character");
            classes[character as usize] = class;
        }
    }

    let mut numbers = Vec::new();
    let mut blocks: Vec<&[u8]> = Vec::new();
    for block in classes.chunks(256) {
        let known = blocks.iter().position(|other| *other == block);
        let number = known.unwrap_or_else(|| {
            blocks.push(block);
            blocks.len() - 1
        });
        numbers.push(u8::try_from(number).expect("Unicode has fewer than 256 different blocks"));
    }
    [numbers, blocks.concat()].concat()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(*group.get(index).unwrap_or(&0)));
        for digit in 0..4 {
            let is_padding = digit > group.len();
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if is_padding { '=' } else { char::from(DIGITS[value]) });
        }
    }
    text
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn save(name: &str, bytes: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name);
    fs::write(&path, bytes).expect("the data folder of the crate is writable");
    println!("{name}: {} bytes, SHA-256 {}", bytes.len(), sha256(bytes));
}
