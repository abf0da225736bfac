//! What a check is: a named sentence of the contract and the function that proves it.

use std::fmt;

use anyhow::Result;

use super::bed::Bed;
use super::store::Kind;
use crate::stack::Stack;

/// When a check says something about a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Always
    Always,
    /// With a database
    Database,
    /// With MongoDB, because only there it can go wrong
    Mongo,
    /// With the cache
    Cache,
    /// With both
    Both,
    /// With neither a database nor, so, its promises
    NoDatabase,
    /// When the stack deploys to one host with compose
    Compose,
    /// When it deploys a database so
    ComposeDatabase,
    /// When it deploys so what has a password: a database or a cache
    ComposeSecrets,
    /// When it deploys to a cluster, and in this way
    Cluster(On),
}

/// How a stack that deploys to a cluster does so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// In any way
    Any,
    /// By Argo CD, inside the cluster
    Argocd,
    /// By a person or a workflow, with helm; so do all that follow
    Helm,
    /// With a database
    Database,
    /// Old and new instances side by side
    Gradual,
    /// A Deployment that replaces one instance after the other
    Rolling,
    /// A Deployment that ends the old instance first
    Recreate,
    /// Argo Rollouts, which watches the new instances
    Progressive,
}

impl On {
    fn holds(self, stack: &Stack) -> bool {
        let (strategy, delivery) = (stack.strategy.as_deref(), stack.delivery.as_deref());
        let helm = delivery == Some("helm");
        match self {
            Self::Any => stack.target == "kubernetes",
            Self::Argocd => delivery == Some("argocd"),
            Self::Helm => helm,
            Self::Database => helm && stack.database != "none",
            Self::Gradual => helm && strategy != Some("recreate"),
            Self::Rolling => helm && strategy == Some("rolling"),
            Self::Recreate => helm && strategy == Some("recreate"),
            Self::Progressive => helm && [Some("canary"), Some("blue-green")].contains(&strategy),
        }
    }
}

/// One row of the contract suite.
pub struct Check {
    /// Stable name: `errors.problem-json`
    pub name: &'static str,
    /// Section of the contract
    pub section: &'static str,
    /// The sentence it proves
    pub statement: &'static str,
    /// When it applies
    pub when: When,
    /// Costs much and says the same on every stack of a language: runs once
    pub once: bool,
    /// Gives a figure that other work on this machine would spoil: nothing else runs beside it
    pub alone: bool,
    /// The proof
    pub run: fn(&Bed) -> Result<()>,
}

impl Check {
    /// A check that runs on every stack it applies to.
    pub const fn new(
        name: &'static str,
        section: &'static str,
        statement: &'static str,
        when: When,
        run: fn(&Bed) -> Result<()>,
    ) -> Self {
        Self {
            name,
            section,
            statement,
            when,
            once: false,
            alone: false,
            run,
        }
    }

    /// The same, run on one stack of a language only.
    pub const fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// The same, with no other stack at work beside it.
    pub const fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// Within what it need not run twice: a language, and the database or cache where it speaks to one.
    pub fn scope(&self, bed: &Bed) -> String {
        let stack = &bed.stack;
        let servers = match self.when {
            When::Always | When::NoDatabase => String::new(),
            When::Cluster(_) => stack.to_string(),
            When::Cache => stack.cache.clone(),
            When::Both | When::ComposeSecrets => format!("{}-{}", stack.database, stack.cache),
            When::Database | When::Mongo | When::Compose | When::ComposeDatabase => stack.database.clone(),
        };
        format!("{} {} {servers}", self.name, stack.language)
    }

    /// Whether it is about a cluster, and this stack is deployed so.
    pub fn is_of_cluster(&self, stack: &Stack) -> bool {
        matches!(self.when, When::Cluster(on) if on.holds(stack))
    }

    /// Whether it says something about this stack.
    pub fn applies(&self, bed: &Bed) -> bool {
        let (database, cache) = (bed.database.is_some(), bed.cache.is_some());
        match self.when {
            When::Always => true,
            When::Database => database,
            When::Mongo => bed.database.as_ref().is_some_and(|store| store.kind == Kind::Mongo),
            When::Cache => cache,
            When::Both => database && cache,
            When::NoDatabase => !database,
            When::Compose => bed.stack.target == "compose",
            When::ComposeDatabase => database && bed.stack.target == "compose",
            When::ComposeSecrets => (database || cache) && bed.stack.target == "compose",
            When::Cluster(_) => self.is_of_cluster(&bed.stack),
        }
    }
}

/// Ends a check as "could not run here", with the reason.
#[derive(Debug)]
pub struct CannotRun(pub String);

impl fmt::Display for CannotRun {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for CannotRun {}

/// Ends a check as "could not run here".
pub fn cannot_run(reason: &str) -> anyhow::Error {
    CannotRun(reason.to_owned()).into()
}
