//! Category: the department a message belongs to. Needs a model.
//!
//! Shape: `{primary, secondary: […]}`.

use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::departments::{DEPARTMENTS, names};
use super::fields::{Fields, Objection, Properties, choice, list};

pub(super) struct CategoryOf;

impl Analyzer for CategoryOf {
    fn properties(&self) -> Properties {
        vec![("primary", choice(names())), ("secondary", list(choice(names())))]
    }

    fn instruction(&self) -> String {
        let mut text =
            "\"primary\": the department that should get it. \"secondary\": others that are concerned, usually none. \
             The departments:"
                .to_owned();
        text.extend(DEPARTMENTS.iter().map(|d| format!("\n  {}: {}", d.name, d.description)));
        text
    }

    fn read(&self, entry: &Fields<'_>, _message: &str) -> Result<Value, Objection> {
        let primary = entry.choice("primary", &names())?;
        let mut secondary = entry.choices("secondary", &names())?;
        secondary.retain(|department| *department != primary);
        Ok(json!({ "primary": primary, "secondary": secondary }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_a_department_and_the_others_are_others() {
        let object = Fields::parse(r#"{"primary":"billing","secondary":["billing","logistics"]}"#).unwrap();
        let shape = json!({"primary": "billing", "secondary": ["logistics"]});
        assert_eq!(CategoryOf.read(&Fields::root(&object), "").unwrap(), shape);
    }
}
