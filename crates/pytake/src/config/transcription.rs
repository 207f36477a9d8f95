//! Who writes recordings down: OpenAI where its key is set, a compatible server, or nobody.

use secrecy::SecretString;

use super::read::Reader;
use super::{Compatible, Vendor};

/// A server that transcribes.
#[derive(Debug, Clone)]
pub struct Transcription {
    /// `openai`, or the name of a compatible server.
    pub provider: String,
    /// Address, version path included; `None`: OpenAI's own.
    pub base_url: Option<String>,
    /// Its key, where it wants one.
    pub api_key: Option<SecretString>,
    /// `AI_TRANSCRIPTION_MODEL`; `None`: OpenAI's current one.
    pub model: Option<String>,
    /// Its dialect; `None`: guessed from the address.
    pub dialect: Option<String>,
}

const PROVIDER: &str = "AI_TRANSCRIPTION_PROVIDER";
const MODEL: &str = "AI_TRANSCRIPTION_MODEL";

impl Transcription {
    pub(super) fn read(reader: &mut Reader<'_>, openai: &Vendor, compatible: &[Compatible]) -> Option<Self> {
        let model = reader.text(MODEL);
        let wanted = reader.text(PROVIDER).unwrap_or_default();
        match wanted.as_str() {
            "none" => None,
            // Not named, it is OpenAI where there is one.
            "" | "openai" => {
                let Some(api_key) = &openai.api_key else {
                    if !wanted.is_empty() {
                        let problem = format!("is not set, and {PROVIDER}=openai needs it");
                        reader.problem("OPENAI_API_KEY", problem);
                    }
                    return None;
                };
                Some(Self {
                    provider: "openai".to_owned(),
                    base_url: openai.base_url.clone(),
                    api_key: Some(api_key.clone()),
                    model,
                    dialect: Some("openai".to_owned()),
                })
            }
            name => {
                let Some(server) = compatible.iter().find(|server| server.name == name) else {
                    let mut known = vec!["none", "openai"];
                    known.extend(compatible.iter().map(|server| server.name.as_str()));
                    reader.problem(PROVIDER, format!("is {name:?}, but must be one of {}", known.join(", ")));
                    return None;
                };
                if model.is_none() {
                    reader.problem(MODEL, format!("must name the model that {name} transcribes with"));
                }
                Some(Self {
                    provider: server.name.clone(),
                    base_url: Some(server.base_url.clone()),
                    api_key: server.api_key.clone(),
                    model,
                    dialect: server.dialect.clone(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, ConfigError, Source};

    const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-1");
    const GROQ: [(&str, &str); 2] =
        [("AI_COMPATIBLE_PROVIDERS", "groq=https://api.groq.com/openai/v1"), ("AI_GROQ_MODEL", "llama-4")];

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_source(&Source::of(variables))
    }

    fn provider(variables: &[(&str, &str)]) -> Option<String> {
        config(variables).unwrap().transcription.map(|transcription| transcription.provider)
    }

    #[test]
    fn openai_transcribes_where_it_is_configured_and_nobody_forbids_it() {
        assert_eq!(provider(&[]), None);
        assert_eq!(provider(&[KEY]).as_deref(), Some("openai"));
        assert_eq!(provider(&[KEY, ("AI_TRANSCRIPTION_PROVIDER", "none")]), None);
        let text = config(&[("AI_TRANSCRIPTION_PROVIDER", "openai")]).unwrap_err().to_string();
        assert!(text.contains("OPENAI_API_KEY"), "{text}");
    }

    #[test]
    fn a_compatible_server_transcribes_with_a_model_of_its_own() {
        let named = [GROQ[0], GROQ[1], KEY, ("AI_TRANSCRIPTION_PROVIDER", "groq")];
        let text = config(&named).unwrap_err().to_string();
        assert!(text.contains("AI_TRANSCRIPTION_MODEL"), "{text}");
        let with_model = [&named[..], &[("AI_TRANSCRIPTION_MODEL", "whisper-large-v3-turbo")]].concat();
        let found = config(&with_model).unwrap().transcription.unwrap();
        assert_eq!(found.base_url.as_deref(), Some("https://api.groq.com/openai/v1"));
        assert_eq!(found.model.as_deref(), Some("whisper-large-v3-turbo"));
        let text = config(&[GROQ[0], GROQ[1], ("AI_TRANSCRIPTION_PROVIDER", "deepgram")]).unwrap_err();
        assert!(text.to_string().contains("none, openai, groq"), "{text}");
    }
}
