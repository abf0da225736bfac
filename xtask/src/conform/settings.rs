//! How one instance of the service is started.

use std::path::{Path, PathBuf};

/// What differs from the ordinary start.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Environment on top of the ordinary one; `None` takes a variable away
    pub env: Vec<(String, Option<String>)>,
    /// Host folders mounted read-only: (host, container)
    pub mounts: Vec<(PathBuf, String)>,
    /// Further flags of `docker run`
    pub flags: Vec<String>,
    /// Port of the public listener
    pub port: Option<u16>,
    /// Port of the private listener
    pub metrics_port: Option<u16>,
    /// Does not wait for `/ready`
    pub unready: bool,
    /// Lets Docker run the image's HEALTHCHECK, which costs a process every second
    pub checked: bool,
}

impl Settings {
    /// The ordinary start.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), Some(value.to_owned())));
        self
    }

    /// Takes a variable away.
    pub fn unset(mut self, name: &str) -> Self {
        self.env.push((name.to_owned(), None));
        self
    }

    /// Mounts a host folder read-only.
    pub fn mount(mut self, host: &Path, inside: &str) -> Self {
        self.mounts.push((host.to_path_buf(), inside.to_owned()));
        self
    }

    /// Adds a flag of `docker run`.
    pub fn flag(mut self, flag: &str) -> Self {
        self.flags.push(flag.to_owned());
        self
    }

    /// Lets the public listener be elsewhere.
    pub fn on_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self.set("PORT", &port.to_string())
    }

    /// Lets the private listener be elsewhere.
    pub fn on_metrics_port(mut self, port: u16) -> Self {
        self.metrics_port = Some(port);
        self.set("METRICS_PORT", &port.to_string())
    }

    /// Lets Docker run the image's HEALTHCHECK.
    pub fn checked(mut self) -> Self {
        self.checked = true;
        self
    }

    /// Does not wait until it is ready.
    pub fn unready(mut self) -> Self {
        self.unready = true;
        self
    }
}
