//! What a peer is told whose request never reached a route: no HTTP, too much of it, or too slowly.
//!
//! hyper answers the first two by itself and without a body. It lets nobody else do it, so the socket puts
//! the answer of this file in the place of hyper's.

use std::fmt::Write as _;

use axum::http::StatusCode;

use super::facts::new_id;
use crate::hall::error::{Code, Error};

/// A whole answer on the wire; nothing follows it on its connection.
pub(super) fn refusal(error: &Error) -> Vec<u8> {
    let id = new_id();
    let problem = error.problem(&id);
    let body = serde_json::to_string(&problem).unwrap_or_default();
    let status = StatusCode::from_u16(problem.status).unwrap_or_default();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         x-request-id: {id}\r\nx-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n",
        body.len()
    );
    if let Some(after) = error.retry_after() {
        // Writing to a string cannot fail.
        let _ = write!(answer, "retry-after: {}\r\n", after.as_secs().max(1));
    }
    answer.push_str("\r\n");
    answer.push_str(&body);
    tracing::debug!(request_id = id, status = problem.status, "refused unread");
    answer.into_bytes()
}

/// Ours for an answer that hyper made; nothing where `written` is any other answer: ours of these statuses
/// have a body.
pub(super) fn instead_of(written: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(written).ok()?;
    let head = head.strip_prefix("HTTP/1.1 ")?.strip_suffix("\r\n\r\n")?;
    if !head.lines().any(|line| line == "content-length: 0") {
        return None;
    }
    let error = match head.get(..3)? {
        "400" => Error::Malformed(
            "This is not HTTP/1.1; check the request line, each header, and how the body's length is said."
                .into(),
        ),
        "414" | "431" => Error::Header(Code::HeadersTooLarge),
        _ => return None,
    };
    Some(refusal(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hyper_says_by_itself_is_put_in_better_words() {
        let said =
            |head: &str| instead_of(head.as_bytes()).map(|told| String::from_utf8(told).unwrap());
        let told = said(
            "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        );
        let told = told.expect("an answer with a body");
        assert!(
            told.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"),
            "{told}"
        );
        let (head, body) = told.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 12\r\n\r\n",
            "HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            "HTTP/1.1 400",
            "",
        ] {
            assert_eq!(said(other), None, "{other}");
        }
    }
}
