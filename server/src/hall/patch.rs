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
/// A command writes all its fields, `null` ones too (no `skip_serializing_if`), so that each may be cleared. In a map
/// of the caller's own names a `null` for one that is not there changes nothing.
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
    let mut absent = Vec::new();
    merge_into(&mut json, patch, &mut Vec::new(), &mut absent);
    let merged = shape(&json)?;
    for path in absent.iter().take(PROBES_MAX) {
        refuse_unknown::<T>(&json, path)?;
    }
    Ok(merged)
}

/// Objects of one patch in which a `null` is looked at; no command has so many in it.
const PROBES_MAX: usize = 100;

/// Merges, and notes for each object the first `null` of what is not in it, by its path.
fn merge_into(
    target: &mut Json,
    patch: &Map<String, Json>,
    path: &mut Vec<String>,
    absent: &mut Vec<Vec<String>>,
) {
    if !target.is_object() {
        *target = Json::Object(Map::new());
    }
    let Json::Object(fields) = target else { return };
    let mut is_noted = false;
    for (name, change) in patch {
        path.push(name.clone());
        match change {
            Json::Null => {
                if fields.remove(name).is_none() && !is_noted {
                    is_noted = true;
                    absent.push(path.clone());
                }
            }
            Json::Object(change) => {
                let target = fields.entry(name).or_insert(Json::Null);
                merge_into(target, change, path, absent);
            }
            other => {
                fields.insert(name.clone(), other.clone());
            }
        }
        path.pop();
    }
}

/// Whether what is not there could be: a map takes any name, a command only its own, which are all there. Dropped
/// unseen, a misspelt name would pass.
fn refuse_unknown<T: DeserializeOwned>(merged: &Json, path: &[String]) -> Result<()> {
    let mut probe = merged.clone();
    let Some((name, parents)) = path.split_last() else {
        return Ok(());
    };
    let home = parents
        .iter()
        .try_fold(&mut probe, |json, name| json.get_mut(name));
    if let Some(Json::Object(fields)) = home {
        fields.insert(name.clone(), Json::Null);
    }
    match shape::<T>(&probe) {
        Err(Error::Invalid(wrong)) if wrong.iter().any(|field| field.code == "unknown_field") => {
            Err(Error::Invalid(wrong))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
        labels: BTreeMap<String, String>,
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
            labels: BTreeMap::from([("a".into(), "b".into())]),
        }
    }

    #[test]
    fn a_map_takes_null_for_what_is_not_there() {
        for (patch, left) in [
            (json!({"labels": {"x": null}}), vec![("a", "b")]),
            (json!({"labels": {"x": null, "y": null, "a": null}}), vec![]),
            (json!({"labels": {"x": null, "a": "c"}}), vec![("a", "c")]),
        ] {
            let merged = merge(&venue(), &patch).unwrap();
            let left = left.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned()));
            assert_eq!(merged.labels, left.collect(), "{patch}");
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
            (
                json!({"labels": {"x": null}, "nmae": null}),
                "/nmae",
                "unknown_field",
            ),
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
