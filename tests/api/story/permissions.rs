//! Who may do what, as a table: what really happens when each kind of caller makes each step of the story.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{CALLERS, Look, Step, Story, Told, is_writing, stage};
use crate::harness::TestApp;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/permissions.md");

const HEAD: &str = "# Who may do what

Written by a test that makes every call as every kind of caller; do not edit. When it differs, look at the difference, \
and if it is meant, write it anew with `KARYA_WRITE=1 cargo test -p karya-tests story::permissions`.

- `ok`: the call reaches the operation's own rules, which may still refuse it for its values or for the state of the thing.
- `401`: not without signing in. `403`: not with these rights. `404`: the thing is not theirs to know.

*owner*: whose business, booking, seat, certificate or account it is; the mentee, where there is one. *mentor*: whose \
offering, hours, class or session it is. *stranger*: signed in, with no part in it. *other mentor*: an approved mentor \
with no part in it. Staff have no part in it either.

";

/// While the guard is up, nothing that is written stays, and who wrote is told so. A call that gets that far reached the
/// operation's rules, and changed nothing for the next caller.
pub(super) async fn guard(app: &TestApp) {
    let sql = app.db.sql().await;
    sql.batch_execute(
        "CREATE TABLE guard AS SELECT false AS up;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF (SELECT up FROM public.guard) THEN RAISE 'the guard is up'; END IF;
                 RETURN NULL;
             END $$;
         DO $$ DECLARE t regclass; BEGIN
             FOR t IN SELECT c.oid::regclass FROM pg_class c
                       WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'graphile_worker')
                         AND relname <> 'guard'
             LOOP
                 EXECUTE format('CREATE CONSTRAINT TRIGGER guard AFTER INSERT OR UPDATE OR DELETE ON %s
                     DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse()', t);
             END LOOP;
         END $$",
    )
    .await
    .unwrap();
}

async fn set_guard(app: &TestApp, up: bool) {
    let sql = app.db.sql().await;
    sql.execute("UPDATE guard SET up = $1", &[&up])
        .await
        .unwrap();
}

/// What happens to every caller who makes this step.
pub(super) async fn probe(step: &Step<'_, '_>, path: &str, body: &[u8]) -> Vec<&'static str> {
    let story: &Story<'_> = step.story;
    // Signing in writes.
    let mut callers = Vec::new();
    for (caller, who) in CALLERS {
        let who = if caller == "owner" { step.owner } else { who };
        callers.push((caller, story.who(who).await));
    }
    set_guard(story.app, true).await;
    let mut outcomes = Vec::new();
    for (caller, client) in callers {
        let reply = story.send(&client, step.id, path, body, "*").await;
        let status = reply.status.as_u16();
        let guarded = status == 500 && reply.text().contains("service.internal");
        outcomes.push(match status {
            401 => "401",
            403 => "403",
            404 => "404",
            200..=299 | 409 | 412 | 422 => "ok",
            _ if guarded => "ok",
            _ => panic!("{} as {caller}: {status} {}", step.id, reply.text()),
        });
    }
    set_guard(story.app, false).await;
    outcomes
}

#[actix_web::test]
async fn who_may_do_what_is_as_the_table_says() {
    let stage = stage().await;
    let told = Story::tell(&stage, Look::Permissions).await.told;
    // A fault of ours would look as if the guard had refused.
    let log = stage.0.db.log();
    let errors = log.lines().filter(|line| line.contains("ERROR:"));
    let others: Vec<&str> = errors
        .filter(|line| !line.contains("the guard is up") && !line.contains("unique constraint"))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    let table = table(&told);
    let committed = std::fs::read_to_string(FILE).unwrap_or_default();
    if is_writing() {
        std::fs::write(FILE, table).unwrap();
        return;
    }
    let different: Vec<&str> = table
        .lines()
        .filter(|line| !committed.lines().any(|other| other == *line))
        .collect();
    assert!(
        committed == table,
        "run `KARYA_WRITE=1 cargo test -p karya-tests story::permissions` and look at the diff: {different:#?}"
    );
}

fn table(told: &BTreeMap<String, Told>) -> String {
    let mut text = HEAD.to_owned();
    let titles = CALLERS.map(|(caller, _)| caller).join(" | ");
    writeln!(text, "| operation | {titles} |").unwrap();
    writeln!(text, "|---|{}", "---|".repeat(CALLERS.len())).unwrap();
    for (id, Told { outcomes, .. }) in told {
        assert_eq!(outcomes.len(), CALLERS.len(), "{id}");
        writeln!(text, "| `{id}` | {} |", outcomes.join(" | ")).unwrap();
    }
    text
}
