//! Versions as entity tags: `"v3"` out, `If-Match` in.

use axum::http::HeaderValue;

use super::error::{Error, Result};

/// The strong tag of a version.
pub fn etag(version: i64) -> HeaderValue {
    // Digits and quotes are always a header; the fallback is never taken.
    HeaderValue::try_from(format!("\"v{version}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"v\""))
}

/// Lets an edit pass without `If-Match`, or with one that names `version`.
///
/// # Errors
/// `Stale` when it names only other versions.
pub fn honour(if_match: Option<&HeaderValue>, version: i64) -> Result<()> {
    match if_match {
        Some(value) if !names(value, version) => Err(Error::Stale),
        _ => Ok(()),
    }
}

/// As [`honour`], but the header must be there.
///
/// # Errors
/// `NeedsMatch` without it, `Stale` when it names only other versions.
pub fn require(if_match: Option<&HeaderValue>, version: i64) -> Result<()> {
    if_match.ok_or(Error::NeedsMatch)?;
    honour(if_match, version)
}

/// Weak tags (`W/"v3"`) never match: `If-Match` compares strongly. Our own tags hold no comma, so a list may be
/// cut at commas; a foreign tag that is torn by it matches nothing either way.
fn names(if_match: &HeaderValue, version: i64) -> bool {
    let ours = etag(version);
    let mut tags = if_match
        .as_bytes()
        .split(|byte| *byte == b',')
        .map(<[u8]>::trim_ascii);
    tags.any(|tag| tag == b"*" || tag == ours.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_passes_only_on_the_version_it_was_made_from() {
        for (header, passes) in [
            ("\"v3\"", true),
            ("*", true),
            ("\"v1\" , \"v3\"", true),
            ("\"v1\"", false),
            ("W/\"v3\"", false),
            ("v3", false),
            ("\"v33\"", false),
            ("", false),
        ] {
            let value = HeaderValue::from_str(header).unwrap();
            assert_eq!(honour(Some(&value), 3).is_ok(), passes, "{header}");
            assert!(passes || matches!(require(Some(&value), 3), Err(Error::Stale)));
        }
        assert!(honour(None, 3).is_ok());
        assert!(matches!(require(None, 3), Err(Error::NeedsMatch)));
    }
}
