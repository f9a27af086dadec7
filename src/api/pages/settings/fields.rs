//! Fields of the administrator's forms: a label, what it means, what can be chosen, what cannot and why, and what was wrong with it.

use askama::Template;

use crate::api::pages::words::Words;
use crate::api::problem::Problem;

/// What is wrong with a form.
#[derive(Clone, Debug, Default)]
pub(super) struct Wrong {
    /// The field, as the request names it; empty where it is no single one.
    field: String,
    says: String,
}

impl Wrong {
    /// What it is, without its field.
    pub(super) fn says(&self) -> &str {
        &self.says
    }

    /// From a refusal: `settings.record_mode: …` belongs to the field `record_mode`, `addresses[2]: …` to `addresses`.
    pub(super) fn of(problem: &Problem) -> Self {
        let whole = || Self { field: String::new(), says: problem.detail.clone() };
        let Some((place, says)) = problem.detail.split_once(": ").filter(|_| problem.status == 422) else { return whole() };
        let place = place.strip_prefix("settings.").unwrap_or(place);
        match place.split_once('[') {
            Some((field, rest)) => {
                let n: usize = rest.split(']').next().unwrap_or_default().parse().unwrap_or(0);
                Self { field: field.to_owned(), says: format!("{}: {says}", n + 1) }
            }
            None if place.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => Self { field: place.to_owned(), says: says.to_owned() },
            None => whole(),
        }
    }
}

/// A group of fields under a heading.
pub(super) struct Group {
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) fields: Vec<Field>,
}

/// A field.
#[derive(Default)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) hint: String,
    /// Cannot be set here, and why.
    pub(super) why_not: Option<String>,
    pub(super) error: Option<String>,
    /// What can be chosen; empty for a text.
    pub(super) choices: Vec<Choice>,
    /// More than one can be chosen.
    pub(super) many: bool,
    /// One of them is picked from a list that opens.
    pub(super) pick: bool,
    pub(super) value: String,
    /// Behind the text.
    pub(super) unit: String,
    /// Under the text: what holds where it is empty.
    pub(super) otherwise: String,
    pub(super) lines: u8,
    /// The choices have room beside each other.
    pub(super) short: bool,
    pub(super) digits: bool,
}

/// Something that can be chosen.
#[derive(Default)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    /// What it means, or why it cannot be had.
    pub(super) note: String,
    pub(super) checked: bool,
    pub(super) disabled: bool,
}

#[derive(Template)]
#[template(path = "parts/fields.html")]
struct FieldsHtml {
    groups: Vec<Group>,
}

/// The groups as HTML, and what belongs to none of their fields.
pub(super) fn fields_html(w: Words, mut groups: Vec<Group>, wrong: Option<&Wrong>) -> (String, Option<String>) {
    let mut elsewhere = wrong.map(|wrong| wrong.says.clone());
    if let Some(wrong) = wrong {
        for field in groups.iter_mut().flat_map(|g| g.fields.iter_mut()) {
            if field.name == wrong.field {
                field.error = Some(wrong.says.clone());
                elsewhere = Some(w.t1("set-wrong", "field", &field.label));
            }
        }
    }
    (FieldsHtml { groups }.render().unwrap_or_default(), elsewhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_shown_beside_its_field() {
        let of = |detail: &str| {
            let wrong = Wrong::of(&Problem::invalid(detail));
            (wrong.field, wrong.says)
        };
        assert_eq!(of("settings.min_duration_s: must be small"), ("min_duration_s".into(), "must be small".into()));
        assert_eq!(of("addresses[2]: is no address"), ("addresses".into(), "3: is no address".into()));
        assert_eq!(of("there is no such thing"), (String::new(), "there is no such thing".into()));
    }
}
