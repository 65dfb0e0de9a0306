//! What PostgreSQL does by itself with the statements that a request sends: pgbench, on the same server.

use std::process::Command;
use std::time::Duration;

use crate::raw::{Connection, Reply};
use crate::server::Apart;

/// A statement as the server was sent it.
#[derive(Debug)]
struct Statement {
    sql: String,
    /// Texts of the parameters; none is NULL.
    parameters: Vec<Option<String>>,
}

/// The statements of some requests, one after the other.
pub struct Statements(Vec<Vec<Statement>>);

impl Statements {
    /// How many one request sends, transaction control not counted.
    pub fn count(&self) -> usize {
        let control = |sql: &str| {
            ["BEGIN", "COMMIT", "ROLLBACK"]
                .iter()
                .any(|word| sql.starts_with(word))
        };
        let counts = self
            .0
            .iter()
            .map(|of_one| of_one.iter().filter(|one| !control(&one.sql)).count());
        counts.max().unwrap_or_default()
    }
}

/// Sends the requests, and reads in PostgreSQL's log what they came to there.
pub async fn watch(apart: &Apart, requests: &[Vec<u8>]) -> (Vec<Reply>, Statements) {
    let (sql, driver) = tokio_postgres::connect(&apart.database_url, tokio_postgres::NoTls)
        .await
        .expect("a connection");
    tokio::spawn(driver);
    let log = async |what: &str| {
        for statement in [
            &format!("ALTER SYSTEM SET log_statement = '{what}'"),
            "SELECT pg_reload_conf()",
        ] {
            sql.batch_execute(statement).await.expect("a superuser");
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    };
    let mut connection = Connection::open(&apart.address)
        .await
        .expect("the server listens");
    // The first request opens connections.
    connection.ask(&requests[0]).await.expect("a reply");
    log("all").await;
    let (mut replies, mut statements) = (Vec::new(), Vec::new());
    for request in requests {
        let before = apart.cluster.log().expect("a log").len();
        replies.push(connection.ask(request).await.expect("a reply"));
        tokio::time::sleep(Duration::from_millis(10)).await;
        let log = apart.cluster.log().expect("a log");
        statements.push(parse(log.get(before..).unwrap_or_default()));
    }
    log("none").await;
    (replies, Statements(statements))
}

fn parse(log: &str) -> Vec<Statement> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut in_statement = false;
    for line in log.lines() {
        if let Some((_, said)) = line.split_once(" LOG:  ") {
            let sql = said.strip_prefix("statement: ").or_else(|| {
                said.strip_prefix("execute ")?
                    .split_once(": ")
                    .map(|(_, sql)| sql)
            });
            in_statement = sql.is_some();
            statements.extend(sql.map(|sql| Statement {
                sql: sql.to_owned(),
                parameters: Vec::new(),
            }));
        } else if let Some((_, said)) = line.split_once(" DETAIL:  ") {
            in_statement = false;
            let listed = said
                .split_once("arameters: ")
                .map(|(_, listed)| parameters(listed));
            if let (Some(last), Some(parameters)) = (statements.last_mut(), listed) {
                last.parameters = parameters;
            }
        } else if let (true, Some(last)) = (in_statement, statements.last_mut()) {
            last.sql.push('\n');
            last.sql.push_str(line.trim_start_matches('\t'));
        }
    }
    statements
}

/// `$1 = 'a''b', $2 = NULL`.
fn parameters(mut listed: &str) -> Vec<Option<String>> {
    let mut found = Vec::new();
    while let Some((_, rest)) = listed.split_once(" = ") {
        let Some(quoted) = rest.strip_prefix('\'') else {
            found.push(None);
            listed = rest.strip_prefix("NULL").unwrap_or_default();
            continue;
        };
        let (mut text, mut letters) = (String::new(), quoted.char_indices().peekable());
        let mut end = quoted.len();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                text.push(letter);
            } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                text.push('\'');
            } else {
                end = at + 1;
                break;
            }
        }
        found.push(Some(text));
        listed = &quoted[end..];
    }
    found
}

/// Transactions a second, with prepared statements planned as `options` say. None without pgbench.
pub fn pgbench(
    apart: &Apart,
    statements: &Statements,
    clients: usize,
    seconds: u64,
    options: &str,
) -> Option<f64> {
    let beside = apart.installation.bin_dir.join("pgbench");
    let program = if beside.exists() {
        beside
    } else {
        "pgbench".into()
    };
    let folder = apart.cluster.folder().join("pgbench");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut command = Command::new(program);
    command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2"]);
    command.args([format!("--client={clients}"), format!("--time={seconds}")]);
    for (number, of_one) in statements.0.iter().enumerate() {
        let mut script = String::new();
        for (position, statement) in of_one.iter().enumerate() {
            let mut sql = statement.sql.clone();
            for (at, value) in statement.parameters.iter().enumerate().rev() {
                let name = format!("v{number}_{position}_{at}");
                let place = format!("${}", at + 1);
                match value {
                    // pgbench knows no empty variables.
                    Some(value) if value.is_empty() => sql = sql.replace(&place, "''"),
                    Some(value) => {
                        sql = sql.replace(&place, &format!(":{name}"));
                        command.arg(format!("--define={name}={value}"));
                    }
                    None => sql = sql.replace(&place, "NULL"),
                }
            }
            script.push_str(&sql);
            script.push_str(";\n");
        }
        let path = folder.join(format!("{number}.sql"));
        std::fs::write(&path, script).expect("a file");
        command.arg("--file").arg(path);
    }
    let output = command
        .arg(&apart.database_url)
        .env("PGOPTIONS", options)
        .output();
    // It is ours, and would keep the folder of the cluster from being removed.
    std::fs::remove_dir_all(&folder).expect("a folder");
    let output = output.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
    if rate.is_none() || !output.status.success() {
        eprintln!("pgbench: {}", String::from_utf8_lossy(&output.stderr));
    }
    rate
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn statements_are_read_from_the_log() {
        let log = "2026-11-24 10:00:00.000 UTC [1] postgres LOG:  execute s1: SELECT $1,\n\t$2\n\
            2026-11-24 10:00:00.000 UTC [1] postgres DETAIL:  parameters: $1 = 'a, $2 = ''b''', $2 = NULL, $3 = '{x}'\n\
            2026-11-24 10:00:00.000 UTC [1] postgres LOG:  statement: COMMIT\n";
        let found = parse(log);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].sql, "SELECT $1,\n$2");
        let expected = [Some("a, $2 = 'b'".to_owned()), None, Some("{x}".to_owned())];
        assert_eq!(found[0].parameters, expected);
        assert_eq!(found[1].sql, "COMMIT");
    }
}
