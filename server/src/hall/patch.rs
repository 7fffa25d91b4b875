//! `PATCH`: an RFC 7396 merge over the command that would make the thing as it is now.
//!
//! There is no struct of optional fields per edit: load, merge, validate as if it were new, save.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::error::{Error, Result};
use super::http::shape;

/// An edit as it was sent: the whole command (`PUT`) or the fields that differ (`PATCH`).
#[derive(Debug, Clone)]
pub enum Change<T> {
    Replace(T),
    Merge(Json),
}

impl<T: Serialize + DeserializeOwned + Clone> Change<T> {
    /// The whole command that the edit comes to.
    ///
    /// # Errors
    /// As [`merge`].
    pub fn onto(&self, current: &T) -> Result<T> {
        match self {
            Change::Replace(command) => Ok(command.clone()),
            Change::Merge(patch) => merge(current, patch),
        }
    }
}

/// The command `current` with `patch` merged into it.
///
/// A command writes all its fields, `null` ones too (no `skip_serializing_if`), so that each may be cleared.
///
/// # Errors
/// `Invalid` with the pointer of what does not fit; a field that the command does not have is refused, also
/// when the patch would only clear it.
pub fn merge<T: Serialize + DeserializeOwned>(current: &T, patch: &Json) -> Result<T> {
    let Json::Object(patch) = patch else {
        return Err(Error::field(
            "",
            "wrong_type",
            "Send an object with the fields to change.",
        ));
    };
    let mut json = serde_json::to_value(current).map_err(Error::bug)?;
    merge_into(&mut json, patch);
    shape(&json)
}

fn merge_into(target: &mut Json, patch: &Map<String, Json>) {
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(fields) = target else { return };
    for (name, change) in patch {
        match change {
            // A `null` for what is not there is kept: dropped, a misspelt name would pass unseen.
            Json::Null if fields.contains_key(name) => {
                fields.remove(name);
            }
            Json::Object(change) => merge_into(fields.entry(name).or_insert(Json::Null), change),
            other => {
                fields.insert(name.clone(), other.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct EditVenue {
        name: String,
        phone: Option<String>,
        tags: Vec<String>,
        open: Option<Hours>,
    }

    #[derive(Debug, Clone, Serialize, Deserialize, PartialEq)]
    struct Hours {
        from: i64,
        until: i64,
    }

    fn venue() -> EditVenue {
        EditVenue {
            name: "Bowl".into(),
            phone: Some("+46".into()),
            tags: vec!["a".into()],
            open: Some(Hours { from: 9, until: 17 }),
        }
    }

    #[test]
    fn only_what_is_named_changes() {
        let patch = json!({"phone": null, "tags": ["b", "c"], "open": {"until": 22}});
        let merged = merge(&venue(), &patch).unwrap();
        assert_eq!(
            merged,
            EditVenue {
                phone: None,
                tags: vec!["b".into(), "c".into()],
                open: Some(Hours { from: 9, until: 22 }),
                ..venue()
            }
        );
        assert_eq!(merge(&venue(), &json!({})).unwrap(), venue());
        assert_eq!(
            merge(
                &EditVenue {
                    open: None,
                    ..venue()
                },
                &json!({"open": {"from": 1, "until": 2}})
            )
            .unwrap()
            .open,
            Some(Hours { from: 1, until: 2 })
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (patch, pointer, code) in [
            (json!({"nmae": "x"}), "/nmae", "unknown_field"),
            (json!({"nmae": null}), "/nmae", "unknown_field"),
            (json!({"open": {"to": null}}), "/open/to", "unknown_field"),
            (json!({"name": null}), "/name", "missing"),
            (json!({"tags": "x"}), "/tags", "wrong_type"),
            (json!([]), "", "wrong_type"),
        ] {
            match merge(&venue(), &patch) {
                Err(Error::Invalid(fields)) => {
                    assert_eq!(
                        (fields[0].pointer.as_str(), fields[0].code.as_str()),
                        (pointer, code)
                    );
                }
                other => panic!("{patch} gave {other:?}"),
            }
        }
    }
}
