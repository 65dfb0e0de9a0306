//! One throw-away cluster for the run, one database for each test, copied from a template.
//!
//! Copying a template (0.08 s, 19 MB with all regions) was measured against replaying the schema into a schema of its
//! own (0.15 s): it is faster, and advisory locks and notifications are separate too.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use karya_managed_postgres::{Consent, Error, Search, Throwaway, find_or_install};

const TEMPLATE: &str = "karya_template";

static CLUSTER: OnceLock<Throwaway> = OnceLock::new();

fn cluster() -> &'static Throwaway {
    CLUSTER.get_or_init(|| {
        let installation = find_or_install(&Search::from_env(), Consent::Yes, &|line| {
            eprintln!("{line}")
        })
        .unwrap();
        // nextest runs each test in a process of its own, all of them its children.
        #[expect(clippy::disallowed_methods, reason = "the test runner's own variable")]
        let run = std::env::var("NEXTEST_RUN_ID");
        match run {
            Ok(run) => {
                let runner = std::os::unix::process::parent_id();
                let prepare = |cluster: &Throwaway| -> Result<(), Error> {
                    prepare(cluster);
                    Ok(())
                };
                Throwaway::shared(&installation, &run, runner, prepare).unwrap()
            }
            Err(_) => {
                let cluster = Throwaway::start(&installation).unwrap();
                prepare(&cluster);
                cluster
            }
        }
    })
}

/// Makes the template that every test copies.
fn prepare(cluster: &Throwaway) {
    apart(async {
        admin(cluster, &format!("CREATE DATABASE {TEMPLATE}")).await;
        karya::database::prepare(&cluster.url(TEMPLATE))
            .await
            .unwrap();
        let closed = format!("ALTER DATABASE {TEMPLATE} IS_TEMPLATE true ALLOW_CONNECTIONS false");
        admin(cluster, &closed).await;
    });
}

/// Runs in a thread with a runtime of its own: migrations block, which a test's runtime must not.
fn apart<T: Send>(work: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || tokio::runtime::Runtime::new().unwrap().block_on(work);
        scope.spawn(run).join().unwrap()
    })
}

async fn admin(cluster: &Throwaway, sql: &str) {
    let (client, connection) =
        tokio_postgres::connect(&cluster.url("postgres"), tokio_postgres::NoTls)
            .await
            .unwrap();
    tokio::spawn(connection);
    // The connections of whoever used the template last may take a moment to go.
    for attempt in 0.. {
        match client.batch_execute(sql).await {
            Ok(()) => return,
            Err(error) if attempt < 100 && error.to_string().contains("db error") => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(error) => panic!("{sql}: {error}"),
        }
    }
}

/// A database of one's own, gone with the value.
pub struct TestDb {
    name: String,
}

impl TestDb {
    /// Migrated and filled with the reference data.
    pub async fn new() -> Self {
        Self::make(&format!("TEMPLATE {TEMPLATE}")).await
    }

    /// Nothing in it.
    pub async fn empty() -> Self {
        Self::make("TEMPLATE template0").await
    }

    async fn make(template: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // Starting the cluster blocks; the runtime of this test is this test's alone.
        let cluster = cluster();
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let name = format!("test_{}_{number}", std::process::id());
        admin(cluster, &format!("CREATE DATABASE {name} {template}")).await;
        Self { name }
    }

    pub fn url(&self) -> String {
        cluster().url(&self.name)
    }

    /// Lets nobody in and throws out who is there, or lets everybody in again.
    pub async fn accept_connections(&self, accept: bool) {
        let name = &self.name;
        let sql = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {accept}");
        admin(cluster(), &sql).await;
        if !accept {
            let sql = format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            );
            admin(cluster(), &sql).await;
        }
    }

    /// What the database server has said about this database: refused statements, deadlocks.
    pub fn log(&self) -> String {
        let mine = format!(" {} ", self.name);
        let log = cluster().log().unwrap();
        let lines = log.lines().filter(|line| line.contains(&mine));
        lines.map(|line| format!("{line}\n")).collect()
    }

    /// A bare connection, to look behind the application's back.
    pub async fn sql(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let sql = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        apart(async { admin(cluster(), &sql).await });
    }
}
