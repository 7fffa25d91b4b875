//! The query and the path of a request.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::json::{cut, read};
use crate::hall::error::{Error, Result};

/// Pairs of one query; a form of a browser has a dozen.
const PAIRS_MAX: usize = 100;

/// The query as a struct; `status=A&status=B` fills a list, a pair that no field takes is refused.
///
/// # Errors
/// `Invalid` with the pointer `?name`.
#[derive(Debug, Clone, Copy)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Query<T>> {
        query_of(&pairs(parts)?).map(Query)
    }
}

/// The pairs of a request's query, decoded, in the order sent.
pub fn pairs(parts: &Parts) -> Result<Vec<(Cow<'_, str>, Cow<'_, str>)>> {
    let query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
        .take(PAIRS_MAX + 1)
        .collect();
    if pairs.len() > PAIRS_MAX {
        return Err(Error::field(
            "?",
            "invalid",
            format!("Send at most {PAIRS_MAX} parameters."),
        ));
    }
    for (name, value) in &pairs {
        if name.contains('\0') || value.contains('\0') {
            let pointer = format!("?{}", cut(&name.replace('\0', "")));
            return Err(Error::field(
                pointer,
                "invalid",
                "Send it without the character NUL.",
            ));
        }
    }
    Ok(pairs)
}

/// A struct from pairs that were decoded before.
pub fn query_of<T: DeserializeOwned>(pairs: &[(Cow<'_, str>, Cow<'_, str>)]) -> Result<T> {
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let source = serde_html_form::Deserializer::from_bytes(text.as_bytes());
    read(source, &|keys| {
        format!("?{}", keys.first().map_or("", |name| cut(name)))
    })
}

/// The placeholders of the path.
///
/// # Errors
/// `NotFound` for an id that is none: whoever guesses ids learns nothing from their form.
#[derive(Debug, Clone, Copy)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Path<T>> {
        if parts.uri.path().contains("%00") {
            return Err(Error::NotFound("thing"));
        }
        match axum::extract::Path::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Path(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => match error.kind() {
                ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
                    Err(Error::bug(error))
                }
                _ => Err(Error::NotFound("thing")),
            },
            Err(error) => Err(Error::bug(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::Request;
    use serde::Deserialize;

    use super::*;
    use crate::hall::error::Field;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Filter {
        name: Option<String>,
        year: Option<u16>,
        open: Option<bool>,
        #[serde(default)]
        status: Vec<String>,
    }

    async fn ask(query: &str) -> Result<Filter> {
        let uri = format!("/x?{query}");
        let (mut parts, ()) = Request::builder().uri(uri).body(()).unwrap().into_parts();
        Query::from_request_parts(&mut parts, &())
            .await
            .map(|Query(filter)| filter)
    }

    #[tokio::test]
    async fn a_query_fills_a_struct() {
        let found = ask("name=K%C3%A5re+L&year=2026&open=true&status=A&status=B")
            .await
            .unwrap();
        let status = vec!["A".into(), "B".into()];
        let name = Some("Kåre L".into());
        assert_eq!(
            found,
            Filter {
                name,
                year: Some(2026),
                open: Some(true),
                status
            }
        );
        assert_eq!(ask("status=A").await.unwrap().status, ["A"]);
    }

    #[tokio::test]
    async fn a_wrong_parameter_is_named() {
        for (query, pointer, code) in [
            ("nmae=x", "?nmae", "unknown_field"),
            ("year=x", "?year", "wrong_type"),
            ("year=99999", "?year", "wrong_type"),
            ("year=1&year=2", "?year", "invalid"),
            ("open=perhaps", "?open", "invalid"),
            ("name=%00", "?name", "invalid"),
        ] {
            match ask(query).await {
                Err(Error::Invalid(fields)) => {
                    let Field {
                        pointer: at,
                        code: why,
                        message,
                    } = &fields[0];
                    assert_eq!(
                        (at.as_str(), why.as_str()),
                        (pointer, code),
                        "{query}: {message}"
                    );
                }
                other => panic!("{query} gave {other:?}"),
            }
        }
    }
}
