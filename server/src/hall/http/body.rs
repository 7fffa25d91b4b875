//! The body of a request as a command.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::facts::Facts;
use super::json;
use crate::hall::error::{Error, Result};

/// A JSON body of at most 1 MiB, or of the route's [`BodyLimit`].
///
/// `PATCH` may also send `application/merge-patch+json`. Its digest is left in [`Facts::body_sha256`].
///
/// # Errors
/// `WrongType`, `TooLarge`, `Malformed` with line and column, `Invalid` with a pointer to the field.
#[derive(Debug, Clone, Copy)]
pub struct Body<T>(pub T);

/// As [`Body`], but no body at all is the default command and needs no content type.
#[derive(Debug, Clone, Copy)]
pub struct MaybeBody<T>(pub T);

/// A file as it was sent, with the media type that it says it is. Its digest is left as [`Body`]'s is.
///
/// # Errors
/// `TooLarge` past the route's [`BodyLimit`].
#[derive(Debug, Clone)]
pub struct Upload {
    /// In lower case and without parameters; empty where none is said.
    pub kind: String,
    pub bytes: Bytes,
}

/// Another bound on the body, in bytes: `.layer(axum::Extension(BodyLimit(20 << 20)))` on the route.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimit(pub usize);

impl Default for BodyLimit {
    fn default() -> BodyLimit {
        BodyLimit(1 << 20)
    }
}

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Body<T>> {
        if !is_json(request.method(), request.headers()) {
            return Err(Error::WrongType);
        }
        let facts = facts_of(&request);
        let command = command(&read(request).await?, facts.as_deref())?;
        Ok(Body(command))
    }
}

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for MaybeBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<MaybeBody<T>> {
        let is_json = is_json(request.method(), request.headers());
        let facts = facts_of(&request);
        let bytes = read(request).await?;
        if bytes.is_empty() {
            note(&Json::Object(Map::new()), facts.as_deref());
            return Ok(MaybeBody(T::default()));
        }
        if !is_json {
            return Err(Error::WrongType);
        }
        command(&bytes, facts.as_deref()).map(MaybeBody)
    }
}

impl<S: Sync> FromRequest<S> for Upload {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Upload> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        let kind = kind.to_ascii_lowercase();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let facts = facts_of(&request);
        let bytes = read(request).await?;
        if let Some(facts) = facts {
            // The same file read in another way is another act.
            let told = [kind.as_bytes(), query.as_bytes(), &bytes];
            facts.body_sha256.get_or_init(|| digest(&told));
        }
        Ok(Upload { kind, bytes })
    }
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

fn command<T: DeserializeOwned>(bytes: &[u8], facts: Option<&Facts>) -> Result<T> {
    let json = json::parse(bytes)?;
    note(&json, facts);
    json::shape(&json)
}

fn note(json: &Json, facts: Option<&Facts>) {
    if let Some(facts) = facts {
        facts.body_sha256.get_or_init(|| json::digest(json));
    }
}

fn facts_of(request: &Request) -> Option<Arc<Facts>> {
    request.extensions().get().cloned()
}

fn is_json(method: &Method, headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str()) else {
        return false;
    };
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
        || (method == Method::PATCH && kind.eq_ignore_ascii_case("application/merge-patch+json"))
}

/// All bytes of the body; one that says it is too large is refused before it is read.
async fn read(request: Request) -> Result<Bytes> {
    let BodyLimit(bytes_max) = request.extensions().get().copied().unwrap_or_default();
    let too_large = || Error::TooLarge(bytes_max as u64);
    let said = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok());
    if said
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > bytes_max as u64)
    {
        return Err(too_large());
    }
    match Limited::new(request.into_body(), bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Err(_) => Err(Error::Malformed(
            "The body ended before it was whole; send it again.".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::OnceLock;
    use std::time::Instant;

    use serde::Deserialize;

    use super::*;
    use crate::hall::error::Field;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", default)]
    struct Ask {
        name: String,
        guests: u8,
        lines: Vec<Line>,
        kind: Option<Kind>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Line {
        unit_count: i64,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Kind {
        OneTime,
        Weekly,
    }

    fn facts() -> Arc<Facts> {
        Arc::new(Facts {
            id: "req_test".into(),
            peer: None::<IpAddr>,
            trace: None,
            started: Instant::now(),
            deadline: Instant::now(),
            body_sha256: OnceLock::new(),
            left: OnceLock::new(),
        })
    }

    fn request(method: Method, kind: &str, body: impl Into<axum::body::Body>) -> Request {
        let mut request = Request::new(body.into());
        *request.method_mut() = method;
        if !kind.is_empty() {
            request
                .headers_mut()
                .insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        request
    }

    async fn post(body: &str) -> Result<Ask> {
        let request = request(Method::POST, "application/json", body.to_owned());
        Body::from_request(request, &()).await.map(|Body(ask)| ask)
    }

    async fn field(body: &str) -> Field {
        match post(body).await {
            Err(Error::Invalid(fields)) => fields[0].clone(),
            other => panic!("{body} gave {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_wrong_field_is_named_with_its_pointer() {
        for (body, pointer, code, message) in [
            (
                r#"{"nmae": 1}"#,
                "/nmae",
                "unknown_field",
                "Remove `nmae`: there is no such field here.",
            ),
            (
                r#"{"a/b~": 1}"#,
                "/a~1b~0",
                "unknown_field",
                "Remove `a/b~`: there is no such field here.",
            ),
            (
                r#"{"name": 1}"#,
                "/name",
                "wrong_type",
                "Send text in quotes.",
            ),
            (
                r#"{"guests": 999}"#,
                "/guests",
                "invalid",
                "Send a whole number from 0 to 255.",
            ),
            (
                r#"{"guests": 1.5}"#,
                "/guests",
                "wrong_type",
                "Send a whole number from 0 to 255.",
            ),
            (
                r#"{"lines": [{}]}"#,
                "/lines/0/unitCount",
                "missing",
                "Send `unitCount`: it is needed.",
            ),
            (
                r#"{"lines": [{"unitCount": 1}, {"unitCount": "2"}]}"#,
                "/lines/1/unitCount",
                "wrong_type",
                "Send a whole number in range.",
            ),
            (r#"{"lines": {}}"#, "/lines", "wrong_type", "Send a list."),
            (
                r#"{"kind": "DAILY"}"#,
                "/kind",
                "invalid",
                "Send `ONE_TIME` or `WEEKLY`.",
            ),
            ("[]", "", "wrong_type", "Send an object."),
            (
                r#"{"lines": [[1]]}"#,
                "/lines/0",
                "wrong_type",
                "Send an object.",
            ),
        ] {
            let found = field(body).await;
            assert_eq!(found, Field::new(pointer, code, message), "{body}");
        }
        let denied = field(r#"{"lines": [{"unitCount": 1, "x": 1}]}"#).await;
        assert_eq!(
            (denied.pointer.as_str(), denied.code.as_str()),
            ("/lines/0/x", "unknown_field")
        );
    }

    #[tokio::test]
    async fn what_serde_lets_through_is_malformed_here() {
        let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
        let long = format!("[{}1]", "1,".repeat(10_000));
        for (body, part) in [
            (
                r#"{"name": "a", "name": "b"}"#,
                "`name` is there twice at line 1 column",
            ),
            (
                r#"{"lines": [{"unitCount": 1, "unitCount": 1}]}"#,
                "`unitCount` is there twice",
            ),
            (
                r#"{"n\u0061me": "a", "name": "b"}"#,
                "`name` is there twice",
            ),
            (r#"{"name": "\u0000"}"#, "NUL"),
            (r#"{"name": "\ud800"}"#, "hex escape"),
            (
                r#"{"name": "a"} x"#,
                "trailing characters at line 1 column 15",
            ),
            ("{\n \"name\": }", "line 2 column"),
            ("", "EOF"),
            (&deep, "nested more than 64 deep"),
            (&long, "more than 10000 items"),
        ] {
            match post(body).await {
                Err(Error::Malformed(why)) => assert!(why.contains(part), "{why}"),
                other => panic!("{body} gave {other:?}"),
            }
        }
        let request = request(
            Method::POST,
            "application/json",
            &b"{\"name\": \"\xff\"}"[..],
        );
        assert!(matches!(
            Body::<Ask>::from_request(request, &()).await,
            Err(Error::Malformed(_))
        ));
        assert!(post(&format!("{}{}", r#"{"lines": "#, "[]}")).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_sent_is_repeated_only_in_part() {
        let found = field(&format!(r#"{{"{}": 1}}"#, "x".repeat(10_000))).await;
        assert!(found.pointer.len() <= 81 && found.message.len() < 200);
    }

    #[tokio::test]
    async fn the_content_type_decides() {
        for (method, kind, good) in [
            (Method::POST, "application/json", true),
            (Method::POST, "Application/JSON; charset=utf-8", true),
            (Method::PATCH, "application/merge-patch+json", true),
            (Method::POST, "application/merge-patch+json", false),
            (Method::POST, "text/plain", false),
            (Method::POST, "", false),
        ] {
            let result = Body::<Ask>::from_request(request(method, kind, "{}"), &()).await;
            assert_eq!(result.is_ok(), good, "{kind}");
            assert!(good || matches!(result, Err(Error::WrongType)));
        }
        let empty = MaybeBody::<Ask>::from_request(request(Method::POST, "", ""), &()).await;
        assert_eq!(empty.unwrap().0, Ask::default());
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_too_large_whether_it_says_so_or_not() {
        let mut small = request(Method::POST, "application/json", r#"{"name": "Ann"}"#);
        small.extensions_mut().insert(BodyLimit(8));
        assert!(matches!(
            Body::<Ask>::from_request(small, &()).await,
            Err(Error::TooLarge(8))
        ));
        let mut said = request(Method::POST, "application/json", "{}");
        said.headers_mut()
            .insert(header::CONTENT_LENGTH, (2_u64 << 20).into());
        assert!(matches!(
            Body::<Ask>::from_request(said, &()).await,
            Err(Error::TooLarge(1_048_576))
        ));
    }

    #[tokio::test]
    async fn two_spellings_of_one_body_have_one_digest() {
        let digest = async |body: &str| {
            let facts = facts();
            let mut request = request(Method::POST, "application/json", body.to_owned());
            request.extensions_mut().insert(Arc::clone(&facts));
            Body::<Json>::from_request(request, &()).await.unwrap();
            *facts.body_sha256.get().unwrap()
        };
        let first = digest(r#"{"a": 1, "b": {"d": [1, 2.50], "c": "\u00e9"}}"#).await;
        assert_eq!(
            first,
            digest(r#" {"b":{"c":"é","d":[1,2.5e0]},"a":1} "#).await
        );
        assert_ne!(
            first,
            digest(r#"{"a": 1, "b": {"d": [2.50, 1], "c": "é"}}"#).await
        );
        assert_ne!(
            digest(r#"{"a": [1, [2]]}"#).await,
            digest(r#"{"a": [[1], 2]}"#).await
        );
    }
}
