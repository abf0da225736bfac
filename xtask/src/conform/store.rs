//! A database or cache server, as the repository's own compose.yaml runs it.

use anyhow::{Context, Result, bail};

use super::docker;

/// What speaks on the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PostgreSQL
    Postgres,
    /// MongoDB
    Mongo,
    /// Redis or Valkey
    Redis,
}

impl Kind {
    /// What an image's name says; `None` for anything else.
    pub fn of_image(image: &str) -> Option<Self> {
        let name = image.split('@').next().unwrap_or(image);
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = name.split(':').next().unwrap_or(name);
        match name {
            "postgres" => Some(Self::Postgres),
            "mongo" => Some(Self::Mongo),
            "redis" | "valkey" => Some(Self::Redis),
            _ => None,
        }
    }
}

/// One running server.
#[derive(Debug, Clone)]
pub struct Store {
    /// What it is
    pub kind: Kind,
    /// Its service in compose.yaml, and so its host name
    pub service: String,
    /// Its image
    pub image: String,
    /// Its container
    pub container: String,
}

impl Store {
    /// Ends it as a crash would.
    pub fn kill(&self) -> Result<()> {
        docker::ok(&["kill", &self.container]).map(drop)
    }

    /// Starts it again.
    pub fn start(&self) -> Result<()> {
        docker::ok(&["start", &self.container])?;
        for _ in 0..300 {
            if self.answers() {
                return Ok(());
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        bail!("{} does not come back", self.service)
    }

    /// Whether it takes connections.
    pub fn answers(&self) -> bool {
        let command: &[&str] = match self.kind {
            Kind::Postgres => &["pg_isready", "-q", "-h", "127.0.0.1"],
            Kind::Mongo => &[
                "mongosh",
                "--quiet",
                "--eval",
                "db.hello().isWritablePrimary || quit(1)",
            ],
            Kind::Redis => return self.cache(&["PING"]).is_ok_and(|answer| answer == "PONG"),
        };
        docker::exec(&self.container, command).is_ok_and(|output| output.code == 0)
    }

    /// Freezes it: connections stay open, nothing answers.
    pub fn freeze(&self) -> Result<Frozen<'_>> {
        docker::ok(&["pause", &self.container])?;
        Ok(Frozen(self))
    }

    /// Runs a command of the cache.
    pub fn cache(&self, command: &[&str]) -> Result<String> {
        for client in ["valkey-cli", "redis-cli"] {
            let output = docker::exec(&self.container, &[&[client], command].concat())?;
            if output.code == 0 {
                return Ok(output.stdout.trim().to_owned());
            }
        }
        bail!("no client for {} answers", self.service)
    }
}

/// A frozen server; thaws when dropped.
pub struct Frozen<'a>(&'a Store);

impl Drop for Frozen<'_> {
    fn drop(&mut self) {
        let _ = docker::run(&["unpause", &self.0.container], 30);
    }
}

/// The parts of a database address.
#[derive(Debug, Clone)]
pub struct Address {
    /// Scheme
    pub scheme: String,
    /// User
    pub user: String,
    /// Password
    pub password: String,
    /// Host name
    pub host: String,
    /// Port
    pub port: String,
    /// Database
    pub database: String,
    /// What follows `?`, with it
    pub query: String,
}

impl Address {
    /// Takes `scheme://user:password@host:port/database?query` apart.
    pub fn parse(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once("://").context("no scheme")?;
        let (rest, query) = rest
            .split_once('?')
            .map_or((rest, String::new()), |(rest, query)| (rest, format!("?{query}")));
        let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = place.split_once(':').unwrap_or((place, "5432"));
        let own = str::to_owned;
        Ok(Self {
            scheme: own(scheme),
            user: own(user),
            password: own(password),
            host: own(host),
            port: own(port),
            database: own(database),
            query,
        })
    }

    /// Puts it together again.
    pub fn url(&self) -> String {
        let Self {
            scheme,
            user,
            password,
            host,
            port,
            database,
            query,
        } = self;
        format!("{scheme}://{user}:{password}@{host}:{port}/{database}{query}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_apart_and_together_again() {
        for url in [
            "postgresql://orders_app:pa55@postgres:5432/orders",
            "postgresql://a:b@h:1/d?sslmode=disable",
        ] {
            let address = Address::parse(url).expect("a valid address");
            assert_eq!(address.url(), url);
        }
        assert!(Address::parse("no address").is_err());
    }

    #[test]
    fn a_server_is_known_by_its_image() {
        for (image, kind) in [
            ("postgres:18.6-trixie", Some(Kind::Postgres)),
            ("docker.io/library/mongo:8@sha256:00", Some(Kind::Mongo)),
            ("valkey/valkey:9.1", Some(Kind::Redis)),
            ("nginx:1.30", None),
        ] {
            assert_eq!(Kind::of_image(image), kind, "{image}");
        }
    }
}
