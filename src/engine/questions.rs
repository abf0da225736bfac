//! What is left to ask, and in which order: the wizard's conversation as a value, without a terminal.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::catalog::{Axis, Catalog, OptionKind, OptionSpec};
use super::draft::Draft;
use super::error::Problem;
use super::names::Names;

/// The key of the project's name.
pub const NAME: &str = "name";

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The answer's key.
    pub key: String,
    /// What to ask, with its question mark.
    pub asks: String,
    /// What it decides.
    pub about: String,
    /// What an answer looks like.
    pub form: Form,
}

/// What an answer looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// A line of text; an empty one takes the suggestion.
    Text {
        /// The answer of an empty line, if there is one.
        suggestion: Option<String>,
    },
    /// One of these.
    Choice {
        /// The entries, in order.
        entries: Vec<Entry>,
        /// Which entry is marked at first.
        start: usize,
    },
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value of the answer.
    pub id: String,
    /// Its name.
    pub title: String,
    /// What helps to choose it; may be empty.
    pub about: String,
}

/// Something that may be done after the repository is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The answer's key: `lock`, `git`.
    pub key: &'static str,
    /// What to ask.
    pub asks: String,
    /// What it runs.
    pub about: String,
    /// Whether an empty answer means yes.
    pub default: bool,
    /// The answers beside which it is offered: values by axis or option.
    pub when: BTreeMap<String, String>,
}

/// The conversation: what was given before it, and what was said in it. Each answer can be taken back.
#[derive(Debug, Clone)]
pub struct Interview<'a> {
    catalog: &'a Catalog,
    given: Draft,
    suggested: Option<String>,
    offers: Vec<Offer>,
    said: Vec<(String, String)>,
    /// Answers that were taken back: where their questions start when they are asked again.
    taken_back: BTreeMap<String, String>,
}

impl<'a> Interview<'a> {
    /// A conversation that asks what `given` leaves open, then makes `offers`; `suggested` is the name that Enter takes.
    pub fn new(catalog: &'a Catalog, given: Draft, suggested: Option<String>, offers: Vec<Offer>) -> Self {
        Self {
            catalog,
            given,
            suggested: suggested.filter(|name| Names::parse(name).is_ok()),
            offers,
            said: Vec::new(),
            taken_back: BTreeMap::new(),
        }
    }

    /// The next open question; none when everything is answered.
    pub fn next(&self) -> Option<Question> {
        let draft = self.draft();
        if draft.name.is_none() {
            return self.question(NAME);
        }
        let axis = self.catalog.axes.iter().find(|axis| {
            axis.applies(&draft.choices)
                && !draft.choices.contains_key(&axis.id)
                && offered(axis, &draft, self.catalog).count() > 1
        });
        match axis {
            Some(axis) => self.question(&axis.id),
            None => self
                .offers()
                .find(|key| self.said(key).is_none())
                .and_then(|key| self.question(key)),
        }
    }

    /// The question of this key, whether or not it is answered, with the present answer marked.
    pub fn question(&self, key: &str) -> Option<Question> {
        let draft = self.draft();
        if key == NAME {
            return Some(Question {
                key: NAME.into(),
                asks: "What is the service called?".into(),
                about: "Titles take it as typed, files a spelling of it".into(),
                form: Form::Text {
                    suggestion: (draft.name)
                        .or_else(|| self.taken_back.get(NAME).cloned())
                        .or_else(|| self.suggested.clone()),
                },
            });
        }
        if let Some(axis) = self.catalog.axis(key) {
            return Some(self.ask_axis(axis, &draft));
        }
        if let Some(offer) = self.made().into_iter().find(|offer| offer.key == key) {
            return Some(self.ask_offer(offer));
        }
        let (_, option) = self.catalog.options().find(|(_, option)| option.id == key)?;
        Some(ask_option(option, &draft))
    }

    /// Takes an answer, in place of an earlier one to the same question.
    ///
    /// # Errors
    /// The answer is no valid one.
    pub fn answer(&mut self, key: &str, value: &str) -> Result<(), Problem> {
        if !self.offers.iter().any(|offer| offer.key == key) && !value.is_empty() {
            self.draft().answer(key, value, self.catalog)?;
        }
        match self.said.iter_mut().find(|(said, _)| said == key) {
            Some((_, old)) => value.clone_into(old),
            None => self.said.push((key.to_owned(), value.to_owned())),
        }
        Ok(())
    }

    /// Takes an answer back, so that its question is open again and starts from that answer.
    pub fn take_back(&mut self, key: &str) {
        if let Some(index) = self.said.iter().position(|(said, _)| said == key) {
            self.taken_back.extend([self.said.remove(index)]);
        }
    }

    /// Whether this offer was taken.
    pub fn accepted(&self, key: &str) -> bool {
        self.said(key) == Some("yes")
    }

    /// The keys of the offers that have a meaning beside the answers so far, in order.
    pub fn offers(&self) -> impl Iterator<Item = &'static str> {
        self.made().into_iter().map(|offer| offer.key)
    }

    fn made(&self) -> Vec<&Offer> {
        let draft = self.settled();
        let default = |key: &String| {
            let mut options = self.catalog.options().map(|(_, option)| option);
            options.find(|option| option.id == *key).map(|option| &option.default)
        };
        let is = |(key, value): (&String, &String)| {
            let chosen = draft.choices.get(key).or_else(|| draft.options.get(key));
            chosen.or_else(|| default(key)) == Some(value)
        };
        self.offers.iter().filter(|offer| offer.when.iter().all(is)).collect()
    }

    /// The finished answers.
    ///
    /// # Errors
    /// Something is open, or choices exclude each other.
    pub fn answers(&self) -> Result<Answers, Vec<Problem>> {
        self.settled().complete(self.catalog)
    }

    /// The draft, with what leaves no choice and so is not asked.
    fn settled(&self) -> Draft {
        let mut draft = self.draft();
        for axis in &self.catalog.axes {
            if axis.applies(&draft.choices) && !draft.choices.contains_key(&axis.id) {
                let only: Vec<String> = offered(axis, &draft, self.catalog).cloned().collect();
                if let [id] = only.as_slice() {
                    draft.choices.insert(axis.id.clone(), id.clone());
                }
            }
        }
        draft
    }

    /// What was given, then what was said, as far as it still has a meaning.
    fn draft(&self) -> Draft {
        let mut draft = self.given.clone();
        for (key, value) in &self.said {
            if value.is_empty() {
                draft.options.remove(key);
            } else if !self.offers.iter().any(|offer| offer.key == key) {
                // Each was valid when it was said, and validity does not depend on other answers.
                let _ = draft.answer(key, value, self.catalog);
            }
        }
        draft.without_strays(self.catalog)
    }

    fn said(&self, key: &str) -> Option<&str> {
        self.said
            .iter()
            .find(|(said, _)| said == key)
            .map(|(_, value)| value.as_str())
    }

    fn ask_axis(&self, axis: &Axis, draft: &Draft) -> Question {
        let entries: Vec<Entry> = offered(axis, draft, self.catalog)
            .filter_map(|id| {
                let component = self.catalog.component(&axis.id, id)?;
                Some(Entry {
                    id: id.clone(),
                    title: component.title.clone(),
                    about: component.about.clone(),
                })
            })
            .collect();
        let present = draft.choices.get(&axis.id);
        let present = present
            .or_else(|| self.taken_back.get(&axis.id))
            .unwrap_or(&axis.default);
        let start = entries.iter().position(|entry| entry.id == *present).unwrap_or(0);
        Question {
            key: axis.id.clone(),
            asks: axis.question.clone(),
            about: axis.about.clone(),
            form: Form::Choice { entries, start },
        }
    }

    fn ask_offer(&self, offer: &Offer) -> Question {
        let present = self
            .said(offer.key)
            .or_else(|| Some(self.taken_back.get(offer.key)?.as_str()));
        let yes = present.map_or(offer.default, |said| said == "yes");
        let entry = |id: &str, title: &str, about: &str| Entry {
            id: id.into(),
            title: title.into(),
            about: about.into(),
        };
        Question {
            key: offer.key.into(),
            asks: offer.asks.clone(),
            about: String::new(),
            form: Form::Choice {
                entries: vec![entry("yes", "Yes", &offer.about), entry("no", "No", "")],
                start: usize::from(!yes),
            },
        }
    }
}

/// Options are never open; they are asked from the summary only.
fn ask_option(option: &OptionSpec, draft: &Draft) -> Question {
    let present = draft.options.get(&option.id);
    let form = match option.kind {
        OptionKind::Choice => {
            let present = present.unwrap_or(&option.default);
            Form::Choice {
                entries: option
                    .values
                    .iter()
                    .map(|value| Entry {
                        id: value.clone(),
                        title: value.clone(),
                        about: String::new(),
                    })
                    .collect(),
                start: option.values.iter().position(|value| value == present).unwrap_or(0),
            }
        }
        OptionKind::Domain | OptionKind::Text => Form::Text {
            suggestion: present.cloned(),
        },
    };
    Question {
        key: option.id.clone(),
        asks: format!("{}:", option.about),
        about: String::new(),
        form,
    }
}

/// The components of an axis that nothing chosen on an earlier axis excludes.
fn offered<'a>(axis: &'a Axis, draft: &'a Draft, catalog: &'a Catalog) -> impl Iterator<Item = &'a String> {
    let before: BTreeMap<&String, &String> = catalog
        .axes
        .iter()
        .take_while(move |other| other.id != axis.id)
        .filter_map(|other| Some((&other.id, draft.choices.get(&other.id)?)))
        .collect();
    axis.components.iter().filter(move |id| {
        let excludes = |axis: &str, id: &str, other_axis: &str, other: &str| {
            let key = format!("{other_axis}.{other}");
            catalog
                .component(axis, id)
                .is_some_and(|component| component.conflicts.contains(&key))
        };
        !before
            .iter()
            .any(|(other, chosen)| excludes(&axis.id, id, other, chosen) || excludes(other, chosen, &axis.id, id))
    })
}
