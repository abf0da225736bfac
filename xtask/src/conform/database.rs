//! What checks ask of a database server behind the service's back, in the language of each kind.

use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::docker;
use super::store::{Address, Kind, Store};

impl Store {
    /// Runs SQL as the server's superuser; rows as lines, columns split by `|`.
    fn sql(&self, database: &str, statement: &str) -> Result<String> {
        let command = [
            "psql",
            "-U",
            "postgres",
            "-d",
            database,
            "-v",
            "ON_ERROR_STOP=1",
            "-Atqc",
            statement,
        ];
        self.inside(&command)
    }

    /// Runs JavaScript in mongosh as the server's root; what it prints.
    fn script(&self, database: &str, script: &str) -> Result<String> {
        self.inside(&["sh", "-c", ROOT_SHELL, script, database])
    }

    fn inside(&self, command: &[&str]) -> Result<String> {
        let output = docker::exec(&self.container, command)?;
        ensure!(output.code == 0, "{}: {}", command[0], output.text().trim());
        Ok(output.stdout.trim().to_owned())
    }

    /// Makes an empty database that the owner may fill and the service's own login may use, as the repository's own
    /// set-up makes the first one.
    pub fn make_database(&self, name: &str, owner: &Address, login: &Address) -> Result<()> {
        let (by, app) = (&owner.user, &login.user);
        match self.kind {
            Kind::Mongo => self.script(
                name,
                &format!(
                    "const actions = ['find', 'insert', 'remove', 'update'];
                     db.createRole({{role: 'app', roles: [], privileges: [{{resource: {{db: '{name}', collection: ''}}, actions}}]}});
                     db.createUser({{user: '{app}', pwd: '{}', roles: ['app']}});
                     db.createUser({{user: '{by}', pwd: '{}', roles: ['readWrite', 'dbAdmin']}})",
                    login.password, owner.password
                ),
            ),
            _ => {
                self.sql("postgres", &format!("CREATE DATABASE {name} OWNER {by}"))?;
                let grants = format!(
                    "ALTER SCHEMA public OWNER TO {by}; GRANT USAGE ON SCHEMA public TO {app}; \
                     ALTER DEFAULT PRIVILEGES FOR ROLE {by} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}; \
                     ALTER DEFAULT PRIVILEGES FOR ROLE {by} GRANT USAGE ON SEQUENCES TO {app}"
                );
                self.sql(name, &grants)
            }
        }
        .map(drop)
    }

    /// Its tables or collections.
    pub fn tables(&self, name: &str) -> Result<Vec<String>> {
        let list = match self.kind {
            Kind::Mongo => self.script(name, "print(db.getCollectionNames().sort().join('\\n'))"),
            _ => self.sql(
                name,
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
            ),
        };
        Ok(list?.lines().map(str::to_owned).collect())
    }

    /// How many rows or documents one of them has.
    pub fn count(&self, name: &str, table: &str) -> Result<i64> {
        let count = match self.kind {
            Kind::Mongo => self.script(name, &format!("print(db.getCollection('{table}').countDocuments())")),
            _ => self.sql(name, &format!("SELECT count(*) FROM {table}")),
        };
        Ok(count?.parse()?)
    }

    /// A text that changes with the schema.
    pub fn shape(&self, name: &str) -> Result<String> {
        match self.kind {
            Kind::Mongo => self.script(
                name,
                "const all = db.getCollectionInfos().map(({name, options}) =>
                   [name, options.validator ?? null, db.getCollection(name).getIndexes()]);
                 print(EJSON.stringify(all.sort((a, b) => (a[0] < b[0] ? -1 : 1))))",
            ),
            _ => self.sql(
                name,
                "SELECT md5(string_agg(t, ',')) FROM (SELECT table_name || column_name AS t \
                 FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1) x",
            ),
        }
    }

    /// What a login may do to the schema of its database; empty when nothing.
    pub fn rights_on_schema(&self, login: &Address) -> Result<String> {
        if self.kind == Kind::Mongo {
            let tries = format!(
                "db.auth('{}', '{}');
                 const tries = {{
                   create: () => db.createCollection('conform'),
                   index: () => db.items.createIndex({{name: 1}}),
                   validator: () => db.runCommand({{collMod: 'items', validator: {{}}}}).ok || fail(),
                   drop: () => db.items.drop(),
                   user: () => db.createUser({{user: 'conform', pwd: 'x', roles: []}}),
                 }};
                 const may = Object.keys(tries).filter((name) => {{ try {{ tries[name](); return true }} catch {{ return false }} }});
                 print(may.join(' '))",
                login.user, login.password
            );
            return self.inside(&["mongosh", "--quiet", &login.database, "--eval", &tries]);
        }
        let rights = format!(
            "SELECT has_schema_privilege('{0}', 'public', 'CREATE'), (SELECT count(*) FROM pg_tables WHERE tableowner = '{0}')",
            login.user
        );
        let rights = self.sql(&login.database, &rights)?;
        Ok(if rights == "f|0" { String::new() } else { rights })
    }

    /// Makes a login that may do what another one may, or gives it another password.
    pub fn set_login(&self, like: &Address, user: &str, password: &str) -> Result<()> {
        match self.kind {
            Kind::Mongo => self.script(
                &like.database,
                &format!(
                    "db.getUser('{user}') ? db.changeUserPassword('{user}', '{password}')
                     : db.createUser({{user: '{user}', pwd: '{password}', roles: db.getUser('{}').roles}})",
                    like.user
                ),
            ),
            _ => self.sql(
                &like.database,
                &format!(
                    "DO $$ BEGIN CREATE ROLE {user} LOGIN IN ROLE {}; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
                     ALTER ROLE {user} PASSWORD '{password}'",
                    like.user
                ),
            ),
        }
        .map(drop)
    }

    /// Cuts the connections of a login.
    pub fn cut_connections(&self, user: &str) -> Result<()> {
        if self.kind == Kind::Mongo {
            // It has no command for that: a restart cuts them all. An orderly one, which keeps what was just written.
            docker::ok(&["stop", &self.container])?;
            return self.start();
        }
        let statement = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'");
        self.sql("postgres", &statement).map(drop)
    }

    /// Open connections from one address, whoever is logged in on them.
    pub fn connections_from(&self, address: &str) -> Result<usize> {
        let port = match self.kind {
            Kind::Mongo => 27017,
            _ => 5432,
        };
        let peer: std::net::Ipv4Addr = address.parse()?;
        let peer = u32::from_le_bytes(peer.octets());
        let table = self.inside(&["cat", "/proc/net/tcp", "/proc/net/tcp6"])?;
        let established = table.lines().filter(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, state, ..] = words[..] else {
                return false;
            };
            let from = remote.split(':').next().unwrap_or_default();
            state == "01" && local.ends_with(&format!(":{port:04X}")) && from.ends_with(&format!("{peer:08X}"))
        });
        Ok(established.count())
    }

    /// How many statements wait for a lock.
    pub fn waiting(&self, database: &str) -> Result<i64> {
        let waiting = match self.kind {
            Kind::Mongo => self.script(
                database,
                "const ops = db.getSiblingDB('admin').aggregate([{$currentOp: {allUsers: true}}]).toArray();
                 print(ops.filter(({op, command}) => op === 'update' || command?.findAndModify).length)",
            ),
            _ => self.sql(
                database,
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND application_name <> 'conform-hold'",
            ),
        };
        Ok(waiting?.parse()?)
    }

    /// Connections that a driver has beside its pool: the watch's, and with MongoDB two that watch the server.
    pub fn beside_the_pool(&self) -> usize {
        match self.kind {
            Kind::Mongo => 3,
            _ => 1,
        }
    }

    /// Keeps migrations from what they need for at most this long.
    pub fn hold_schema(&self, name: &str, seconds: u32) -> Result<Option<Held>> {
        if self.kind == Kind::Mongo {
            // As another `migrate` would that still runs.
            let lock = format!(
                "db.migrations_lock.updateOne({{_id: 'lock'}}, \
                 {{$set: {{owner: 'conform', until: new Date(Date.now() + {seconds}000)}}}}, {{upsert: true}})"
            );
            self.script(name, &lock)?;
            return Ok(None);
        }
        let mut held = self.tables(name)?;
        held.retain(|table| !table.contains("migration"));
        let script = format!(
            "BEGIN; LOCK TABLE {} IN ACCESS SHARE MODE; SELECT pg_sleep({seconds})",
            held.join(", ")
        );
        let held = self.hold_by_script(name, &script)?;
        thread::sleep(Duration::from_secs(1));
        Ok(Some(held))
    }

    /// Keeps every statement on the items waiting for at most this long.
    pub fn hold_items(&self, database: &str, seconds: u32) -> Result<Held> {
        if self.kind == Kind::Mongo {
            // No lock of a client's keeps readers out of a collection: the whole server stops.
            docker::ok(&["pause", &self.container])?;
            let container = self.container.clone();
            let timer = thread::spawn(move || {
                thread::park_timeout(Duration::from_secs(u64::from(seconds)));
                let _ = docker::run(&["unpause", &container], 30);
            });
            return Ok(Held::Paused(Some(timer)));
        }
        let held = self.hold_by_script(
            database,
            &format!("BEGIN; LOCK TABLE items IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT"),
        )?;
        let granted = "SELECT count(*) FROM pg_locks WHERE relation = 'items'::regclass AND mode = 'AccessExclusiveLock' AND granted";
        for _ in 0..50 {
            if self.sql(database, granted)? == "1" {
                return Ok(held);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("cannot lock the items table")
    }

    /// Keeps writers of one item waiting for at most this long.
    pub fn hold_item(&self, database: &str, item: &Value, seconds: u32) -> Result<Held> {
        if self.kind != Kind::Mongo {
            return self.hold_items(database, seconds);
        }
        let id = item["id"].as_str().context("an item without an id")?;
        // What changes nothing holds nothing.
        let script = format!(
            "const session = db.getMongo().startSession(); session.startTransaction();
             const items = session.getDatabase('{database}').items;
             if (items.updateOne({{_id: UUID('{id}')}}, {{$inc: {{version: 1}}}}).modifiedCount !== 1) quit(1);
             print('held'); sleep({seconds} * 1000); session.abortTransaction()"
        );
        self.hold_by_script(database, &script)
    }

    /// Does what a request does that runs under this key and has not ended, for at most this long.
    pub fn hold_key(&self, database: &str, key: &str, seconds: u32) -> Result<Held> {
        ensure!(self.kind == Kind::Mongo, "only known of MongoDB");
        let script = format!(
            "const session = db.getMongo().startSession(); session.startTransaction();
             session.getDatabase('{database}').idempotency_keys.insertOne({{_id: '{key}', fingerprint: BinData(0, ''),
               answer: {{}}, created_at: new Date()}});
             print('held'); sleep({seconds} * 1000); session.abortTransaction()"
        );
        self.hold_by_script(database, &script)
    }

    /// Runs a script beside; waits until it has printed something, where it does.
    fn hold_by_script(&self, database: &str, script: &str) -> Result<Held> {
        let mut command = Command::new("docker");
        command.args(["exec", &self.container]);
        if self.kind == Kind::Mongo {
            command.args(["sh", "-c", ROOT_SHELL, script, database]);
        } else {
            let script = format!("SET application_name = 'conform-hold'; {script}");
            command.args(["psql", "-U", "postgres", "-d", database, "-qc", &script]);
        }
        let mut client = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        if self.kind == Kind::Mongo {
            // Its output stays open: a mongosh that cannot write ends, and its transaction with it.
            let out = client.stdout.as_mut().context("no output")?;
            let mut first = [0; 4];
            std::io::Read::read_exact(out, &mut first).context("mongosh holds nothing")?;
            ensure!(first == *b"held", "mongosh says something else");
        }
        Ok(Held::Script {
            store: self.clone(),
            client,
        })
    }
}

/// mongosh as root: the script is `$0`, the database `$1`.
const ROOT_SHELL: &str = "exec mongosh --quiet --username root --password \"$MONGO_INITDB_ROOT_PASSWORD\" \
     --authenticationDatabase admin \"$1\" --eval \"$0\"";

/// Something that the service wants and does not get; ends when dropped.
pub enum Held {
    /// A client that holds locks.
    Script {
        /// The server
        store: Store,
        /// The client
        client: Child,
    },
    /// A server that is paused, and who lets it go on.
    Paused(Option<JoinHandle<()>>),
}

impl Drop for Held {
    fn drop(&mut self) {
        match self {
            Self::Paused(timer) => {
                if let Some(timer) = timer.take() {
                    timer.thread().unpark();
                    let _ = timer.join();
                }
            }
            Self::Script { store, client } => {
                let _ = match store.kind {
                    // A session that is gone takes its transaction along.
                    Kind::Mongo => store.script("admin", "db.runCommand({killAllSessions: []})"),
                    _ => store.sql(
                        "postgres",
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'conform-hold'",
                    ),
                };
                let _ = client.kill();
                let _ = client.wait();
            }
        }
    }
}
