//! Servers that speak TLS with a certificate of their own, for the checks of §1.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::bed::Bed;
use super::check::cannot_run;
use super::docker;
use super::store::{Address, Kind, Store};
use crate::process;

/// A running server with TLS; removed when dropped.
pub struct Secured {
    kind: Kind,
    login: Option<Address>,
    /// Its container and host name, which the certificate names
    pub name: String,
    /// A second host name, which the certificate does not name
    pub alias: String,
}

impl Secured {
    /// The address of a database by one of its names.
    pub fn url(&self, host: &str) -> String {
        match &self.login {
            Some(login) => Address {
                host: host.to_owned(),
                ..login.clone()
            }
            .url(),
            None => format!("postgresql://postgres:sekret-tls@{host}:5432/postgres"),
        }
    }

    /// Whether somebody from outside is connected, over TLS.
    pub fn is_used(&self) -> Result<bool> {
        if self.kind != Kind::Postgres {
            // It speaks nothing else.
            return Ok(true);
        }
        let statement =
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND client_addr IS NOT NULL";
        let used = docker::exec(&self.name, &["psql", "-U", "postgres", "-Atc", statement])?;
        Ok(used.stdout.trim() != "0")
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = docker::run(&["rm", "-fv", &self.name], 60);
    }
}

/// Makes `ca.crt`, `other-ca.crt`, `server.crt` and `server.key` for a host name.
pub fn certificates(folder: &Path, host: &str) -> Result<()> {
    if Command::new("openssl").arg("version").output().is_err() {
        return Err(cannot_run("no `openssl` on this machine to make certificates with"));
    }
    let script = format!(
        "set -e
         for ca in ca other-ca; do
           openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=$ca -keyout $ca.key -out $ca.crt \
             -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
         done
         openssl req -newkey rsa:2048 -nodes -subj /CN={host} -keyout server.key -out server.csr
         printf 'subjectAltName=DNS:{host}\\nextendedKeyUsage=serverAuth\\nbasicConstraints=critical,CA:FALSE\\n' > server.ext
         openssl x509 -req -in server.csr -days 2 -CA ca.crt -CAkey ca.key -CAcreateserial -extfile server.ext -out server.crt
         chmod 644 ./*"
    );
    process::ok(
        Command::new("sh").args(["-c", &script]).current_dir(folder),
        Duration::from_secs(60),
    )?;
    Ok(())
}

/// Starts a server of the same image as `store`, with TLS.
pub fn start(bed: &Bed, store: &Store) -> Result<(Secured, std::path::PathBuf)> {
    let name = format!("{}-tls{}", bed.repository.project, bed.next());
    let folder = bed.folder(&name)?;
    certificates(&folder, &name)?;
    let serve = match store.kind {
        Kind::Postgres => {
            "cp /certs/server.* /tmp/ && chown postgres /tmp/server.key && chmod 600 /tmp/server.key && \
             exec docker-entrypoint.sh postgres -c ssl=on -c ssl_cert_file=/tmp/server.crt -c ssl_key_file=/tmp/server.key"
        }
        Kind::Redis => {
            "s=$(command -v valkey-server || command -v redis-server) && \
             exec $s --port 0 --tls-port 6379 --tls-cert-file /certs/server.crt --tls-key-file /certs/server.key \
             --tls-ca-cert-file /certs/ca.crt --tls-auth-clients no --save '' --requirepass sekret-tls"
        }
        Kind::Mongo => {
            let proxy = PROXY.replace("SERVER", &store.service);
            std::fs::write(folder.join("proxy.js"), proxy)?;
            "exec mongosh --quiet --nodb /certs/proxy.js"
        }
    };
    let secured = Secured {
        kind: store.kind,
        login: (store.kind == Kind::Mongo).then(|| bed.owner()).transpose()?,
        name: name.clone(),
        alias: format!("{name}-alias"),
    };
    docker::ok(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--label",
        &docker::label(),
        "--network",
        &bed.network,
        "--network-alias",
        &secured.alias,
        "--env",
        "POSTGRES_PASSWORD=sekret-tls",
        "--volume",
        &format!("{}:/certs:ro", folder.display()),
        "--entrypoint",
        "sh",
        &store.image,
        "-c",
        serve,
    ])?;
    for _ in 0..150 {
        if answers(&name, store.kind) {
            return Ok((secured, folder));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    let words = docker::run(&["logs", &name], 10)?.text();
    bail!("a server with TLS does not start: {}", process::tail(&words, 500))
}

/// Not every build of the server can speak TLS, and its clients cannot tell a proxy that does from it.
const PROXY: &str = "
    const { readFileSync } = require('fs');
    const { connect } = require('net');
    const certificate = { cert: readFileSync('/certs/server.crt'), key: readFileSync('/certs/server.key') };
    require('tls').createServer(certificate, (client) => {
      const server = connect(27017, 'SERVER');
      const end = () => [client, server].forEach((socket) => socket.destroy());
      for (const socket of [client, server]) socket.on('error', end).on('close', end);
      client.pipe(server).pipe(client);
    }).on('tlsClientError', () => undefined).listen(27017);
    while (true) sleep(1000);
";

fn answers(name: &str, kind: Kind) -> bool {
    let command: &[&str] = match kind {
        Kind::Postgres => &["pg_isready", "-q", "-h", "127.0.0.1"],
        Kind::Mongo => &["bash", "-c", ": </dev/tcp/127.0.0.1/27017"],
        Kind::Redis => &[
            "sh",
            "-c",
            "c=$(command -v valkey-cli || command -v redis-cli) && $c --tls --cacert /certs/ca.crt --sni x ping",
        ],
    };
    docker::exec(name, command).is_ok_and(|output| output.code == 0)
}
