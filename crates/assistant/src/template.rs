//! Custom prompts: a text with `{{name}}` places, filled in one pass.
//!
//! Plain replacement and nothing else: no statements, filters, attributes or comments, so a template can
//! neither compute nor loop, and a value is never read as a template. What a template engine would call
//! syntax is refused when the prompt is stored, with its place, instead of being sent to a model as text.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::error::FieldProblem;

/// 64 characters: the longest variable name the API accepts.
const MAX_NAME_CHARS: usize = 64;

/// 256 KiB: the longest body of a request. A filled text that is longer repeats a value many times; it would cost memory
/// and time of everybody on the server, and fits into no prompt.
const MAX_FILLED_BYTES: usize = 256 * 1024;

/// Where a template is not one, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct TemplateProblem {
    /// 1 for the first line.
    pub line: usize,
    /// 1 for the first character of the line.
    pub column: usize,
    /// What is wrong there and what would be right.
    pub problem: String,
}

/// Names the variables of a template in the order of their first use.
///
/// # Errors
/// The first place that is not plain text and not `{{name}}`.
pub fn variables_of(template: &str) -> Result<Vec<String>, TemplateProblem> {
    let mut names: Vec<String> = Vec::new();
    for part in parts(template)? {
        if let Part::Variable(name) = part
            && !names.iter().any(|known| known == name)
        {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Compares a template with the variables declared for it: each must be used, each used one declared.
pub fn check(template: &str, declared: &[String]) -> Vec<FieldProblem> {
    let used = match variables_of(template) {
        Ok(used) => used,
        Err(problem) => return vec![FieldProblem::new("template", problem.to_string())],
    };
    let undeclared = used.iter().filter(|name| !declared.contains(name));
    let undeclared = undeclared.map(|name| {
        FieldProblem::new("variables", format!("`{name}` is used in the template and missing here"))
    });
    let unused = declared.iter().enumerate().filter(|(_, name)| !used.contains(name));
    let unused = unused.map(|(index, name)| {
        FieldProblem::new(
            format!("variables[{index}]"),
            format!("`{name}` is not used in the template; write {{{{{name}}}}} there or remove it"),
        )
    });
    let twice = declared.iter().enumerate().filter(|(index, name)| declared[..*index].contains(name));
    let twice = twice.map(|(index, name)| {
        FieldProblem::new(format!("variables[{index}]"), format!("`{name}` is already in the list"))
    });
    undeclared.chain(unused).chain(twice).collect()
}

/// Fills a template from values of which it may use only some, such as the context of a chat request.
///
/// # Errors
/// Every variable that is missing or not a text, number or boolean, by name; `template` where the text becomes longer than
/// 256 KiB.
pub fn fill(template: &str, values: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
    let mut text = String::with_capacity(template.len() + 64);
    let mut problems: Vec<FieldProblem> = Vec::new();
    for part in parts(template).map_err(|problem| not_a_template(&problem))? {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Variable(name) => match scalar(values.get(name)) {
                Ok(value) if text.len() + value.len() > MAX_FILLED_BYTES => {
                    let problem = format!("has more than {MAX_FILLED_BYTES} bytes with its places filled");
                    return Err(vec![FieldProblem::new("template", problem)]);
                }
                Ok(value) => text.push_str(&value),
                Err(problem) => {
                    let problem = FieldProblem::new(format!("variables.{name}"), problem);
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }
            },
        }
    }
    if problems.is_empty() { Ok(text) } else { Err(problems) }
}

fn not_a_template(problem: &TemplateProblem) -> Vec<FieldProblem> {
    vec![FieldProblem::new("template", problem.to_string())]
}

fn scalar(value: Option<&Value>) -> Result<Cow<'_, str>, &'static str> {
    match value {
        Some(Value::String(text)) => Ok(Cow::Borrowed(text)),
        Some(Value::Number(number)) => Ok(Cow::Owned(number.to_string())),
        Some(Value::Bool(is_set)) => Ok(Cow::Owned(is_set.to_string())),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) => {
            Err("must be a text, a number, true or false")
        }
        None => Err("is missing; the template uses it"),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    Variable(&'a str),
}

/// Cuts a template into text and variables.
fn parts(template: &str) -> Result<Vec<Part<'_>>, TemplateProblem> {
    let mut parts = Vec::new();
    let mut at = 0;
    while let Some(found) = template[at..].find('{') {
        let open = at + found;
        let next = template[open + 1..].chars().next();
        if matches!(next, Some('%' | '#')) {
            let problem = "statements {% %} and comments {# #} are not supported; only {{name}} is";
            return Err(problem_at(template, open, problem.to_owned()));
        }
        if next != Some('{') {
            parts.push(Part::Text(&template[at..=open]));
            at = open + 1;
            continue;
        }
        let Some(length) = template[open + 2..].find("}}") else {
            return Err(problem_at(
                template,
                open,
                "the variable opened here is not closed by }}".to_owned(),
            ));
        };
        let name = template[open + 2..open + 2 + length].trim();
        check_name(name).map_err(|problem| problem_at(template, open, problem))?;
        parts.push(Part::Text(&template[at..open]));
        parts.push(Part::Variable(name));
        at = open + 2 + length + 2;
    }
    parts.push(Part::Text(&template[at..]));
    Ok(parts)
}

/// Checks that a text can stand between `{{` and `}}`.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    let is_first = |c: char| c.is_ascii_lowercase() || c == '_';
    let is_later = |c: char| is_first(c) || c.is_ascii_digit();
    let shown: String = name.chars().take(MAX_NAME_CHARS).collect();
    if name.is_empty() {
        return Err("between {{ and }} stands the name of a variable".to_owned());
    }
    if name.contains('|') || name.contains('.') || name.contains('(') || name.contains('[') {
        return Err(format!(
            "`{shown}`: filters, attributes and calls are not supported; only {{{{name}}}} is"
        ));
    }
    if name.len() > MAX_NAME_CHARS || !name.starts_with(is_first) || !name.chars().all(is_later) {
        return Err(format!(
            "`{shown}` is not a variable name: a to z, 0 to 9 and _, not starting with a digit, \
             at most {MAX_NAME_CHARS} characters"
        ));
    }
    Ok(())
}

fn problem_at(template: &str, byte: usize, problem: String) -> TemplateProblem {
    let before = &template[..byte];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    TemplateProblem { line, column: before[line_start..].chars().count() + 1, problem }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("not an object: {other}"),
        }
    }

    fn names(problems: &[FieldProblem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.field.as_str()).collect()
    }

    #[test]
    fn variables_are_named_in_order_of_first_use() {
        let found = variables_of("Oi {{ name }}, {{order_2}} e {{name}} { } }} {\"a\":{\"b\":1}}");
        assert_eq!(found, Ok(vec!["name".to_owned(), "order_2".to_owned()]));
        assert_eq!(variables_of(""), Ok(vec![]));
    }

    #[test]
    fn everything_but_a_plain_name_is_refused_with_its_place() {
        for (template, line, column, word) in [
            ("a\nçb {% for x in y %}", 2, 4, "statements"),
            ("{# note #}", 1, 1, "comments"),
            ("{{ name | upper }}", 1, 1, "filters"),
            ("{{ user.name }}", 1, 1, "attributes"),
            ("{{ f() }}", 1, 1, "calls"),
            ("a {{ }}", 1, 3, "the name of a variable"),
            ("a {{name", 1, 3, "not closed"),
            ("{{Name}}", 1, 1, "not a variable name"),
            ("{{1st}}", 1, 1, "not a variable name"),
            ("{{a b}}", 1, 1, "not a variable name"),
            ("{{{name}}}", 1, 1, "not a variable name"),
            (&format!("{{{{{}}}}}", "n".repeat(65)), 1, 1, "at most 64"),
        ] {
            let problem = variables_of(template).expect_err(template);
            assert_eq!((problem.line, problem.column), (line, column), "{template}");
            assert!(problem.problem.contains(word), "{template}: {problem}");
        }
    }

    #[test]
    fn declared_and_used_variables_must_be_the_same() {
        let declared = |names: &[&str]| -> Vec<String> { names.iter().map(|&n| n.to_owned()).collect() };
        assert_eq!(check("{{a}} {{b}}", &declared(&["b", "a"])), []);
        let problems = check("{{a}} {{b}}", &declared(&["b", "c", "b"]));
        assert_eq!(names(&problems), ["variables", "variables[1]", "variables[2]"]);
        assert!(problems[0].problem.contains("`a`") && problems[1].problem.contains("{{c}}"));
        assert_eq!(names(&check("{{a", &[])), ["template"]);
    }

    #[test]
    fn scalars_are_filled_in_and_others_refused_by_name() {
        let good = values(json!({"a": "x", "b": 1.5, "c": true}));
        assert_eq!(fill("{{a}}/{{b}}/{{c}}/{{a}}", &good), Ok("x/1.5/true/x".to_owned()));
        let bad = values(json!({"a": null, "b": ["x"]}));
        let problems = fill("{{a}}{{b}}{{c}}{{c}}", &bad).expect_err("all are wrong");
        assert_eq!(names(&problems), ["variables.a", "variables.b", "variables.c"]);
        assert_eq!(names(&fill("{{a.b}}", &bad).expect_err("no template")), ["template"]);
    }

    #[test]
    fn a_value_that_is_repeated_without_end_is_refused_while_it_is_filled_in() {
        let long = values(json!({"a": "x".repeat(200_000)}));
        assert_eq!(fill("{{a}}", &long).map(|text| text.len()), Ok(200_000));
        let problems = fill(&"{{a}}".repeat(3_200), &long).expect_err("640 MB");
        assert_eq!(names(&problems), ["template"]);
    }

    #[test]
    fn a_context_may_hold_more_than_the_template_uses() {
        assert_eq!(fill("Oi {{a}}", &values(json!({"a": "x", "city": "Recife"}))), Ok("Oi x".to_owned()));
    }

    proptest! {
        #[test]
        fn a_value_never_becomes_syntax(value in "[{}%#a-z |]{0,30}|\\PC{0,20}") {
            let filled = fill("<{{a}}{{b}}>", &values(json!({"a": value, "b": "{{a}}"})));
            prop_assert_eq!(filled, Ok(format!("<{value}{{{{a}}}}>")));
        }

        #[test]
        fn any_text_is_read_or_refused_and_text_without_braces_is_itself(text in "\\PC{0,40}") {
            if let Ok(filled) = fill(&text, &Map::new()) {
                prop_assert_eq!(filled, text);
            }
        }
    }
}
