//! Whose a request is, by the token that it bears.

use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use super::request::Request;
use crate::hall::error::{Code, Error, Result};
use crate::hall::identity::{self, Identity};
use crate::hall::store::{Read, Scope};

impl Request {
    /// The tokens to try: the one in `Authorization`, else those in the cookies, whose unsafe requests
    /// must come from our own page.
    fn tokens(&self, cookies: &[&str]) -> Result<Vec<String>> {
        let unauthenticated = || Error::Unauthenticated(Code::Unauthenticated);
        if let Some(header) = self.headers.get(header::AUTHORIZATION) {
            let text = header.to_str().map_err(|_| unauthenticated())?;
            let (scheme, token) = text.split_once(' ').ok_or_else(unauthenticated)?;
            if !scheme.eq_ignore_ascii_case("bearer") {
                return Err(unauthenticated());
            }
            return Ok(vec![token.trim().to_owned()]);
        }
        let sent = cookies
            .iter()
            .filter_map(|name| cookie_of(&self.headers, name));
        let tokens: Vec<String> = sent.collect();
        if tokens.is_empty() {
            return Err(unauthenticated());
        }
        if !self.method.is_safe() && !same_origin(&self.headers) {
            return Err(Error::Header(Code::SameOriginRequired));
        }
        Ok(tokens)
    }

    /// The first of the tokens that is somebody's.
    pub(super) async fn identify(&self, cookies: &[&str]) -> Result<(Identity, Timestamp)> {
        let mut nobody = Error::Unauthenticated(Code::Unauthenticated);
        for token in self.tokens(cookies)? {
            match self.identify_by(token).await {
                Err(error @ Error::Unauthenticated(_)) => nobody = error,
                found => return found,
            }
        }
        Err(nobody)
    }

    async fn identify_by(&self, token: String) -> Result<(Identity, Timestamp)> {
        let machine_now = self.hall.clock.now();
        let site = self.site.clone();
        let scope = Scope::of_nobody(machine_now);
        let find = move |read: &mut Read| identity::identify(read, &token, &site, machine_now);
        let identity = self.hall.db.read(scope, find).await?;
        let now = machine_now + identity.tenant.clock_offset;
        Ok((identity, now))
    }
}

pub(super) fn cookie_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    let mut pairs = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Whether the browser says that our own page sent it.
pub(super) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin";
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, named)| named == host),
        _ => false,
    }
}
