//! Pictures on the wire: in base64, or as a word about them where a model cannot read them.

use std::borrow::Cow;
use std::fmt;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use pytake_assistant::channel::Attachment;
use pytake_assistant::provider::PromptMessage;
use serde::ser::{Serialize, Serializer};

/// The bytes of a picture, written as base64 without a copy.
pub(crate) struct InBase64<'a>(pub(crate) &'a Attachment);

impl fmt::Display for InBase64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Base64Display::new(&self.0.bytes, &STANDARD).fmt(f)
    }
}

impl Serialize for InBase64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Characters that a picture has in base64.
pub(crate) fn length_in_base64(image: &Attachment) -> usize {
    image.bytes.len().div_ceil(3) * 4
}

/// The words of a message whose pictures cannot be shown.
pub(crate) fn words_alone(message: &PromptMessage) -> Cow<'_, str> {
    if message.images.is_empty() {
        return Cow::Borrowed(&*message.content);
    }
    Cow::Owned(format!(
        "(You cannot see pictures. Where the answer depends on one, say so and ask for its content in words.)\n\n{}",
        message.content
    ))
}
