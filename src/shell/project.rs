//! A generated repository on disk: found from any directory in it, read as a whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use serde_json::{Map, Value};

use crate::engine::answers::Answers;
use crate::engine::base::{BASE_PATH, Base, JOURNAL_PATH};
use crate::engine::catalog::Catalog;
use crate::engine::draft::{Draft, Source};
use crate::engine::error::Problem;
use crate::engine::merge::{OnConflict, Update};
use crate::engine::refit::Wanted;
use crate::engine::repository::ANSWERS_PATH;
use crate::engine::resolve::VERSION;
use crate::engine::tree::{Found, RelPath};

use super::disk::{self, journal, place};
use super::failure::{Failure, shown};
use super::sources;

/// The repository that a command works on.
pub struct Project {
    /// Where it lies.
    pub root: PathBuf,
}

/// What an update of it comes to.
pub struct Refit {
    /// What the answers give.
    pub wanted: Wanted,
    /// What was generated.
    pub base: Base,
    /// What is there.
    pub disk: BTreeMap<RelPath, Found>,
    /// What happens.
    pub update: Update,
}

impl Project {
    /// The repository that holds the directory of `--project`.
    ///
    /// # Errors
    /// There is none.
    pub fn find(matches: &ArgMatches) -> Result<Self, Failure> {
        let named = matches.get_one::<String>("project").map_or(".", String::as_str);
        // A run that was killed while it took Boatyard's files away left its journal.
        let begun = format!("{JOURNAL_PATH}/lock");
        let found = place::upwards(Path::new(named), ANSWERS_PATH);
        match found.or_else(|| place::upwards(Path::new(named), &begun)) {
            Some(root) => Ok(Self { root }),
            None => Err(Failure::input(
                Problem::new(format!(
                    "there is no `{ANSWERS_PATH}` in {} or above it",
                    shown(Path::new(named))
                ))
                .hint("run it inside a boatyard repository, or name one with `--project DIR`"),
            )),
        }
    }

    /// How messages name it.
    pub fn name(&self) -> String {
        self.root.display().to_string()
    }

    /// An update that was interrupted must be ended before anybody looks.
    ///
    /// # Errors
    /// There is one.
    pub fn settled(&self) -> Result<(), Failure> {
        if journal::pending(&self.root) {
            return Err(Failure::input(
                Problem::new("an update of this repository was interrupted").hint("`boatyard update` finishes it"),
            ));
        }
        Ok(())
    }

    /// Its answers, as its own file says them.
    ///
    /// # Errors
    /// The file is no JSON object.
    pub fn stored(&self) -> Result<Source, Failure> {
        let text = self.text(ANSWERS_PATH)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let values: Map<String, Value> = serde_json::from_str(text).map_err(|error| {
            Failure::input(
                Problem::new(format!("`{ANSWERS_PATH}` is no JSON object of answers: {error}"))
                    .hint("mend it, or restore it from git"),
            )
        })?;
        Ok(Source {
            origin: ANSWERS_PATH.to_owned(),
            values,
        })
    }

    /// What was generated.
    ///
    /// # Errors
    /// The base is missing, damaged, or of a newer Boatyard.
    pub fn base(&self) -> Result<Base, Failure> {
        let path = RelPath::parse(BASE_PATH).map_err(|what| Failure::input(Problem::new(what)))?;
        if place::found(&self.root, &path)? == Found::Absent {
            return Err(Failure::input(
                Problem::new(format!("there is no `{BASE_PATH}`, so nobody knows what was generated"))
                    .hint("restore it from git"),
            ));
        }
        let base = Base::parse(&self.text(BASE_PATH)?).map_err(Failure::input)?;
        let newer = |text: &str| semver::Version::parse(text).ok();
        if newer(&base.boatyard) > newer(VERSION) {
            return Err(Failure::input(
                Problem::new(format!(
                    "boatyard {} made this repository, and this is boatyard {VERSION}",
                    base.boatyard
                ))
                .hint(format!("install boatyard {} or a newer one", base.boatyard)),
            ));
        }
        Ok(base)
    }

    /// The text of one of Boatyard's own files, which is never a link.
    fn text(&self, path: &str) -> Result<String, Failure> {
        let own = RelPath::parse(path).map_err(|what| Failure::input(Problem::new(what)))?;
        match place::found(&self.root, &own)? {
            Found::File { .. } => disk::read_text(&self.root.join(path)),
            Found::Other(what) => Err(Failure::input(
                Problem::new(format!("`{path}` is {what}")).hint("boatyard follows none; restore the file from git"),
            )),
            Found::Absent => Err(Failure::input(
                Problem::new(format!("there is no `{path}`")).hint("restore it from git"),
            )),
        }
    }

    /// The answers for an update: given now by arguments, stored, or today's defaults.
    ///
    /// # Errors
    /// Every problem of them.
    pub fn draft(
        &self,
        matches: Option<&ArgMatches>,
        catalog: &Catalog,
        base: &Base,
    ) -> Result<(Draft, Vec<Problem>), Failure> {
        let (draft, problems) = sources::refit(matches, catalog, self.stored()?, &base.answers)?;
        Ok((draft.with_defaults(catalog, None), problems))
    }

    /// What becomes of it without Boatyard.
    ///
    /// # Errors
    /// As [`Project::refit`].
    pub fn ejected(&self, answers: Answers, base: Base, catalog: &Catalog) -> Result<Refit, Failure> {
        let wanted = Wanted::ejected(answers, catalog)?;
        let disk = place::look(&self.root, &wanted.paths(&base))?;
        let update = wanted.eject(&base, &disk);
        Ok(Refit {
            wanted,
            base,
            disk,
            update,
        })
    }

    /// What an update to these answers comes to.
    ///
    /// # Errors
    /// The answers contradict each other, or a file cannot be read.
    pub fn refit(
        &self,
        answers: Answers,
        base: Base,
        catalog: &Catalog,
        on_conflict: OnConflict,
    ) -> Result<Refit, Failure> {
        let wanted = Wanted::new(answers, catalog)?;
        let disk = place::look(&self.root, &wanted.paths(&base))?;
        let update = wanted.update(&base, &disk, catalog, on_conflict);
        Ok(Refit {
            wanted,
            base,
            disk,
            update,
        })
    }
}
