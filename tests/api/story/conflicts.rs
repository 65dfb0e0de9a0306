//! Whoever edits an older version gets the newer one with the refusal.

use super::{Look, Step, Story, stage};

/// Tries the step with a version that never was; what it changes is then nothing.
pub(super) async fn probe(step: &Step<'_, '_>, path: &str, body: &[u8]) -> Vec<&'static str> {
    let story: &Story<'_> = step.story;
    let operation = &story.operations[step.id];
    if !operation.takes("If-Match") {
        return Vec::new();
    }
    let client = story.who(step.by).await;
    let reply = story.send(&client, step.id, path, body, "\"9999\"").await;
    let problem = reply.refused(412, "request.stale_version");
    let content = &operation.value["responses"]["412"]["content"]["application/problem+json"];
    story
        .schemas
        .validate(step.id, &content["schema"], &problem);
    let current = &problem["current"];
    assert!(current["version"].is_number(), "{}: {problem}", step.id);
    // Where it can be read at the same address, it reads the same.
    let read = client.get(path).await;
    if read.status == 200 {
        assert_eq!(read.json(), *current, "{}", step.id);
        return vec!["read"];
    }
    vec!["shown"]
}

#[actix_web::test]
async fn who_edits_an_older_version_is_shown_the_newer_one() {
    let stage = stage().await;
    let told = Story::tell(&stage, Look::Conflicts).await.told;
    let with = |what: &str| {
        let found = told.values().filter(|told| told.outcomes == [what]);
        found.count()
    };
    assert!(
        with("read") >= 9 && with("shown") >= 12,
        "{} {}",
        with("read"),
        with("shown")
    );
}
