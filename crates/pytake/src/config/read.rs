//! Reading variables: each malformed value is noted with its name, and all are reported together.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use pytake_assistant::router::ProviderAllowance;
use secrecy::SecretString;

use super::variables::{VARIABLES, Variable};
use super::{Compatible, Config, Database, whatsapp};

/// A set of variables; the process environment goes before `.env`.
#[derive(Clone, Default)]
pub struct Source {
    variables: BTreeMap<String, String>,
}

impl Source {
    /// The process environment, then `.env` in the working directory.
    ///
    /// # Errors
    /// `.env` exists and cannot be read or has a malformed line.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_env_and_file(Path::new(".env"))
    }

    fn from_env_and_file(file: &Path) -> Result<Self, ConfigError> {
        let mut variables = BTreeMap::new();
        if file.exists() {
            let unreadable = |why: dotenvy::Error| ConfigError {
                problems: vec![Problem {
                    variable: file.display().to_string(),
                    problem: format!("cannot be read: {}", without_value(&why)),
                    example: Some("lines of the form NAME=value".to_owned()),
                }],
            };
            for pair in dotenvy::from_path_iter(file).map_err(unreadable)? {
                let (name, value) = pair.map_err(unreadable)?;
                variables.insert(name, value);
            }
        }
        variables.extend(
            std::env::vars_os().filter_map(|(n, v)| Some((n.into_string().ok()?, v.into_string().ok()?))),
        );
        Ok(Self { variables })
    }

    /// Exactly these variables.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self { variables: variables.iter().map(owned).collect() }
    }

    /// Whether a variable has a value.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }
}

/// A line of `.env` may hold a secret; only its number's worth of information may be shown.
fn without_value(error: &dotenvy::Error) -> String {
    match error {
        dotenvy::Error::LineParse(_, position) => format!("a line is malformed at character {position}"),
        dotenvy::Error::Io(error) => error.to_string(),
        _ => "it is malformed".to_owned(),
    }
}

/// One malformed value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub variable: String,
    /// What is wrong, without the value where it may be a secret.
    pub problem: String,
    /// A value that would be right.
    pub example: Option<String>,
}

/// All malformed values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// One per variable.
    pub problems: Vec<Problem>,
}

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Problem { variable, problem, example }) in self.problems.iter().enumerate() {
            let line_break = if number == 0 { "" } else { "\n" };
            write!(f, "{line_break}{variable} {problem}")?;
            if let Some(example) = example {
                write!(f, " (for example {example})")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

pub(super) struct Reader<'a> {
    source: &'a Source,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Source) -> Self {
        Self { source, problems: Vec::new() }
    }

    pub(super) fn finish(self, config: Config) -> Result<Config, ConfigError> {
        if self.problems.is_empty() { Ok(config) } else { Err(ConfigError { problems: self.problems }) }
    }

    pub(super) fn problem(&mut self, name: &str, problem: String) {
        let example = Variable::named(name).map(|variable| variable.example.to_owned());
        self.problems.push(Problem { variable: name.to_owned(), problem, example });
    }

    /// The value, or the variable's default.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        let default = Variable::named(name).and_then(|variable| variable.default);
        self.source.get(name).or(default).map(str::to_owned)
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<SecretString> {
        let value = self.source.get(name)?;
        if value.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
            self.problem(name, "must be printable ASCII without spaces".to_owned());
        }
        Some(SecretString::from(value.to_owned()))
    }

    /// A value of the type; the default stands in when it is malformed, and the start is refused later.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &'static str) -> T
    where
        T::Err: Display,
    {
        let value = self.text(name).unwrap_or_default();
        value.parse().unwrap_or_else(|why: T::Err| {
            self.problem(name, format!("is {value:?}: {why}"));
            default_of(name)
        })
    }

    pub(super) fn in_range<T>(&mut self, name: &'static str, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        let value = self.text(name).unwrap_or_default();
        match value.parse::<T>() {
            Ok(number) if range.contains(&number) => number,
            Ok(_) | Err(_) => {
                let (least, most) = (range.start(), range.end());
                self.problem(name, format!("is {value:?}, but must be a number from {least} to {most}"));
                default_of(name)
            }
        }
    }

    pub(super) fn switch(&mut self, name: &'static str) -> bool {
        self.one_of(name, &["true", "false"]) == "true"
    }

    pub(super) fn one_of(&mut self, name: &'static str, allowed: &[&str]) -> String {
        let value = self.text(name).unwrap_or_default().to_ascii_lowercase();
        if !allowed.contains(&value.as_str()) {
            self.problem(name, format!("is {value:?}, but must be one of {}", allowed.join(", ")));
        }
        value
    }

    pub(super) fn url(&mut self, name: &'static str) -> Option<String> {
        let value = self.source.get(name)?;
        if let Some(problem) = url_problem(value) {
            self.problem(name, problem.to_owned());
        }
        Some(value.to_owned())
    }

    pub(super) fn database(&mut self, name: &'static str) -> Database {
        let value = self.text(name).unwrap_or_default();
        if value == "sqlite::memory:" {
            return Database::Memory;
        }
        if let Some(path) = value.strip_prefix("sqlite://").or_else(|| value.strip_prefix("sqlite:"))
            && !path.is_empty()
        {
            return Database::File(path.into());
        }
        let problem = if value.starts_with("postgres") {
            "names PostgreSQL, which this version does not support yet; use SQLite"
        } else {
            "must be sqlite:// and a file name, or sqlite::memory:"
        };
        self.problem(name, problem.to_owned());
        Database::Memory
    }

    pub(super) fn names(&mut self, name: &'static str, known: &[String]) -> Vec<String> {
        let text = self.source.get(name).unwrap_or_default();
        let mut names: Vec<String> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            if part != "local" && !known.iter().any(|each| each == part) {
                self.problem(name, format!("names {part:?}; known are {}, local", known.join(", ")));
            } else if !names.iter().any(|each| each == part) {
                names.push(part.to_owned());
            }
        }
        names
    }

    pub(super) fn weights(&mut self, name: &'static str, known: &[String]) -> Vec<(String, u32)> {
        let text = self.source.get(name).unwrap_or_default();
        let mut weights = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let parsed = part.split_once('=').and_then(|(provider, weight)| {
                let weight = weight.trim().parse().ok().filter(|weight| (1..=1_000).contains(weight))?;
                known.iter().find(|each| *each == provider.trim()).map(|provider| (provider.clone(), weight))
            });
            match parsed {
                Some(weight) => weights.push(weight),
                None => self.problem(
                    name,
                    format!(
                        "has {part:?}; each part must be a provider's name, = and a number from 1 to 1000"
                    ),
                ),
            }
        }
        weights
    }

    pub(super) fn compatible_providers(&mut self) -> Vec<Compatible> {
        const NAME: &str = "AI_COMPATIBLE_PROVIDERS";
        let text = self.source.get(NAME).unwrap_or_default();
        let mut providers: Vec<Compatible> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let Some((name, url)) = part.split_once('=').map(|(name, url)| (name.trim(), url.trim())) else {
                self.problem(NAME, format!("has {part:?}; each part must be name=url"));
                continue;
            };
            let is_name = !name.is_empty()
                && name.len() <= 32
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            let is_taken = ["openai", "anthropic", "local", "auto", "assistant"].contains(&name)
                || providers.iter().any(|provider| provider.name == name);
            if !is_name || is_taken {
                let rule = "a name has 1 to 32 of a-z, 0-9 and '-', and is used once";
                self.problem(NAME, format!("has the name {name:?}; {rule}"));
                continue;
            }
            if let Some(problem) = url_problem(url) {
                self.problem(NAME, format!("has an address for {name} that {problem}"));
                continue;
            }
            providers.extend(self.compatible(name, url));
        }
        providers
    }

    fn compatible(&mut self, name: &str, url: &str) -> Option<Compatible> {
        let variable = |what: &str| format!("AI_{}_{what}", name.to_ascii_uppercase().replace('-', "_"));
        let model_name = variable("MODEL");
        let Some(model) = self.source.get(&model_name).map(str::to_owned) else {
            self.problem(&model_name, format!("must name the model to ask {name} for"));
            return None;
        };
        let rate_name = variable("RATE_LIMIT");
        let rate_limit = self.source.get(&rate_name).map(str::to_owned).and_then(|value| {
            let limit = value.parse().ok().filter(|limit| *limit > 0);
            if limit.is_none() {
                self.problem(&rate_name, format!("is {value:?}, but must be a number of requests a minute"));
            }
            limit
        });
        let allowance = self.allowance(&name.to_ascii_uppercase().replace('-', "_"));
        let images_name = variable("IMAGES");
        let reads_images = self.source.get(&images_name).map(str::to_ascii_lowercase);
        let reads_images = reads_images.and_then(|value| {
            let parsed = value.parse().ok();
            if parsed.is_none() {
                self.problem(&images_name, format!("is {value:?}, but must be true or false"));
            }
            parsed
        });
        Some(Compatible {
            reads_images,
            name: name.to_owned(),
            base_url: url.to_owned(),
            api_key: self.secret(&variable("API_KEY")),
            model,
            rate_limit,
            allowance,
            dialect: self.source.get(&variable("DIALECT")).map(str::to_owned),
        })
    }

    /// `AI_<NAME>_TOKENS_PER_MINUTE` and `AI_<NAME>_MAX_CONCURRENT`.
    pub(super) fn allowance(&mut self, name: &str) -> ProviderAllowance {
        ProviderAllowance {
            tokens_per_minute: self.above_zero(&format!("AI_{name}_TOKENS_PER_MINUTE"), "tokens a minute"),
            concurrent_calls: self.above_zero(&format!("AI_{name}_MAX_CONCURRENT"), "calls at the same time"),
        }
    }

    fn above_zero(&mut self, name: &str, of_what: &str) -> Option<u32> {
        let value = self.source.get(name).map(str::to_owned)?;
        let limit = value.parse().ok().filter(|limit| *limit > 0);
        if limit.is_none() {
            self.problem(name, format!("is {value:?}, but must be a number of {of_what}, 1 or more"));
        }
        limit
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        self.source.is_set(name)
    }

    pub(super) fn without_effect(&self) -> Vec<(&'static str, String)> {
        let set = VARIABLES.iter().filter(|variable| self.is_set(variable.name));
        let mut found: Vec<_> = set.filter_map(|v| Some((v.name, v.not_yet?.to_owned()))).collect();
        found.extend(whatsapp::incomplete(self));
        found
    }
}

fn url_problem(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match rest {
        None => Some("must begin with http:// or https://"),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Some("must name a host"),
        Some(rest) if rest.contains([' ', '@', '?', '#']) => {
            Some("must be a plain address: no user name, no query, no spaces")
        }
        Some(_) => None,
    }
}

fn default_of<T: FromStr>(name: &str) -> T {
    Variable::named(name)
        .and_then(|variable| variable.default)
        .and_then(|default| default.parse().ok())
        .expect("every variable that is read as a value has a default of its type (see the test of defaults)")
}
