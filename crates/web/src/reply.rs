use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::Serialize;

/// A success that can be sent, and kept for a client that asks again with the same idempotency key.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub fn new(status: StatusCode, view: &impl Serialize) -> Result<Self, crate::Problem> {
        let body = serde_json::to_vec(view).map_err(|error| {
            tracing::error!(%error, "a view does not serialise");
            crate::Problem::of(&karya_db::INTERNAL)
        })?;
        Ok(Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body,
        })
    }

    pub fn ok(view: &impl Serialize) -> Result<Self, crate::Problem> {
        Self::new(StatusCode::OK, view)
    }

    /// 201 with the address of what came to be.
    pub fn created(location: String, view: &impl Serialize) -> Result<Self, crate::Problem> {
        Ok(Self::new(StatusCode::CREATED, view)?.header(header::LOCATION.as_str(), location))
    }

    /// Tags the reply with the version of the resource.
    #[must_use]
    pub fn version(self, version: i32) -> Self {
        self.header(header::ETAG.as_str(), crate::etag(version))
    }

    /// Tags the reply by a part of it: the rest, such as the time of day, is not worth sending again.
    pub fn tagged_by(self, content: &impl Serialize) -> Result<Self, crate::Problem> {
        let content = Self::ok(content)?.body;
        Ok(self.header(header::ETAG.as_str(), crate::conditional::weak(&content)))
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> Self {
        let mut response = HttpResponse::build(reply.status);
        for (name, value) in reply.headers {
            response.insert_header((name, value));
        }
        response.body(reply.body)
    }
}
