//! What an act answers: as it goes out, and as it is kept under the idempotency key.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::hall::error::{Error, Result};
use crate::hall::etag::etag;
use crate::hall::journal::Stored;
use crate::hall::page::Page;
use crate::hall::store::Tx;

/// What an answer needs beside its body.
pub trait Reply: Serialize + Send + 'static {
    /// The version of the thing, which becomes its ETag.
    fn version(&self) -> Option<i64> {
        None
    }

    /// How it is kept for a replay of its idempotency key, where that differs from how it is told: a
    /// secret is told once and stored nowhere (L35).
    fn kept(&self) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }
}

impl Reply for () {}
impl<T: Reply> Reply for Page<T> {}
impl<T: Reply> Reply for Vec<T> {}

/// An answer as it is told now, and as it is kept where that is not the same.
pub(super) struct Rendered {
    pub told: Stored,
    pub kept: Option<Stored>,
}

/// A verb with its answer. Boxed, so that what runs it stands in the program once and not once for each route.
pub(super) type Act = Box<dyn Fn(&mut Tx) -> Result<Rendered> + Send>;

pub(super) fn act<T: Reply>(
    status: StatusCode,
    verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
) -> Act {
    Box::new(move |tx| rendered(status, &verb(tx)?))
}

/// As [`act`], with the cookie that `cookie` makes of what `verb` gave.
pub(super) fn act_with_cookie<T: Reply>(
    status: StatusCode,
    cookie: impl Fn(&T) -> String + Send + 'static,
    verb: impl Fn(&mut Tx) -> Result<T> + Send + 'static,
) -> Act {
    Box::new(move |tx| {
        let value = verb(tx)?;
        let mut made = rendered(status, &value)?;
        let headers = &mut made.told.headers;
        headers.push(("set-cookie".to_owned(), cookie(&value)));
        Ok(made)
    })
}

fn rendered<T: Reply>(status: StatusCode, value: &T) -> Result<Rendered> {
    let kept = value.kept().map(|kept| stored(status, &kept)).transpose()?;
    Ok(Rendered {
        told: stored(status, value)?,
        kept,
    })
}

pub(super) fn stored<T: Reply>(status: StatusCode, value: &T) -> Result<Stored> {
    let body = match status {
        StatusCode::NO_CONTENT => None,
        _ => Some(serde_json::to_vec(value).map_err(Error::bug)?),
    };
    headed(status, body, value.version())
}

fn headed(status: StatusCode, body: Option<Vec<u8>>, version: Option<i64>) -> Result<Stored> {
    let mut headers = Vec::new();
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    if let Some(version) = version {
        let tag = etag(version).to_str().map_err(Error::bug)?.to_owned();
        headers.push(("etag".to_owned(), tag));
    }
    Ok(Stored {
        status: status.as_u16(),
        headers,
        body: body.unwrap_or_default(),
    })
}

pub(super) fn refused(error: &Error, request_id: &str) -> Result<Stored> {
    let problem = error.problem(request_id);
    let headers = vec![(
        "content-type".to_owned(),
        "application/problem+json".to_owned(),
    )];
    let body = serde_json::to_vec(&problem).map_err(Error::bug)?;
    Ok(Stored {
        status: problem.status,
        headers,
        body,
    })
}

/// An answer as it goes out, and as it is stored.
#[derive(Debug)]
pub struct Answer {
    stored: Stored,
    replayed: bool,
}

impl Answer {
    pub(super) fn new(stored: Stored) -> Answer {
        Answer {
            stored,
            replayed: false,
        }
    }

    /// The same answer once more.
    pub(super) fn again(stored: Stored) -> Answer {
        Answer {
            stored,
            replayed: true,
        }
    }

    /// The answer to an act that keeps no idempotency key.
    pub fn of<T: Reply>(status: StatusCode, value: &T) -> Result<Answer> {
        stored(status, value).map(Answer::new)
    }

    /// Adds a header that is not part of the stored answer's body, such as a cookie.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Answer {
        self.stored.headers.push((name.to_owned(), value.into()));
        self
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.stored.body));
        *response.status_mut() = StatusCode::from_u16(self.stored.status).unwrap_or(StatusCode::OK);
        for (name, value) in self.stored.headers {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                response.headers_mut().append(name, value);
            }
        }
        if self.replayed {
            response
                .headers_mut()
                .insert("idempotency-replayed", HeaderValue::from_static("true"));
        }
        response
    }
}
