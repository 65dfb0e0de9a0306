use actix_web::body::to_bytes;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::test::TestRequest;
use serde_json::Value;

use super::{Exchange, TestApp};

/// Somebody who calls the API.
#[derive(Clone)]
pub struct Client<'a> {
    app: &'a TestApp,
    headers: Vec<(String, String)>,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl<'a> Client<'a> {
    pub(super) fn new(app: &'a TestApp) -> Self {
        Self {
            app,
            headers: Vec::new(),
        }
    }

    pub fn with_token(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// The same caller with one more header on every request.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Reply {
        let mut request = TestRequest::default()
            .method(method)
            .uri(path)
            .peer_addr("203.0.113.7:5000".parse().unwrap());
        if let Some(content_type) = content_type {
            request = request
                .insert_header(("content-type", content_type))
                .set_payload(body.clone());
        }
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            request = request.append_header((name, HeaderValue::from_str(value).unwrap()));
        }
        for (name, value) in &*self.app.always.borrow() {
            if !self.headers.iter().any(|(own, _)| own == name) {
                request = request.append_header((*name, value()));
            }
        }
        let reply = match self.app.serve(request.to_request()).await {
            Ok(response) => {
                let (_, response) = response.into_parts();
                let (status, headers) = (response.status(), response.headers().clone());
                Reply {
                    status,
                    headers,
                    body: to_bytes(response.into_body()).await.unwrap().to_vec(),
                }
            }
            Err(error) => {
                let response = error.error_response();
                let (status, headers) = (response.status(), response.headers().clone());
                Reply {
                    status,
                    headers,
                    body: to_bytes(response.into_body()).await.unwrap().to_vec(),
                }
            }
        };
        if let Some(heard) = &mut *self.app.heard.borrow_mut() {
            heard.push(Exchange {
                path: path.to_owned(),
                request: body,
                response: reply.body.clone(),
            });
        }
        reply
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(
            Method::POST,
            path,
            Some("application/json"),
            body.to_string().into_bytes(),
        )
        .await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(
            Method::PATCH,
            path,
            Some("application/merge-patch+json"),
            body.to_string().into_bytes(),
        )
        .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(
            Method::PUT,
            path,
            Some("application/json"),
            body.to_string().into_bytes(),
        )
        .await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None, Vec::new()).await
    }
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// How many SQL statements it took, from its `Server-Timing`.
    pub fn statements(&self) -> usize {
        let timing = self.header("server-timing").unwrap();
        timing.split('"').nth(1).unwrap().parse().unwrap()
    }

    /// The status and the code of a refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.text()
        );
        let body = self.json();
        assert_eq!(
            (self.status.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        body
    }

    /// Pointers (or parameters) and rules of a refusal, as `/name required`.
    pub fn faults(&self) -> Vec<String> {
        let fault = |error: &Value| {
            let place = ["pointer", "parameter", "header"]
                .iter()
                .find_map(|key| error[key].as_str())
                .unwrap_or("?");
            format!("{place} {}", error["code"].as_str().unwrap())
        };
        self.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(fault)
            .collect()
    }

    #[track_caller]
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }
}
