//! The conditions of a list: fixed pieces of SQL, whose values are always bound.

use super::store::Value;

/// Builds the part of a `where` that comes after `tenant_id = $1`.
#[derive(Debug, Default)]
pub struct Filter {
    sql: String,
    params: Vec<Value>,
}

impl Filter {
    /// Binds the first places, `$2` and on, to values that the text before the conditions names.
    #[must_use]
    pub fn bound<const N: usize>(mut self, values: [Value; N]) -> Filter {
        debug_assert!(self.params.is_empty(), "the first places are taken");
        self.params.extend(values);
        self
    }

    /// Adds a condition; each `?` in `piece` is bound to the next of `values`.
    #[must_use]
    pub fn and<const N: usize>(mut self, piece: &'static str, values: [Value; N]) -> Filter {
        debug_assert_eq!(piece.matches('?').count(), N, "{piece}");
        self.sql.push_str(" and ");
        self.push(piece, values);
        self
    }

    /// As [`Filter::and`], where there is something to ask for.
    #[must_use]
    pub fn and_some<T: Into<Value>>(self, piece: &'static str, value: Option<T>) -> Filter {
        match value {
            Some(value) => self.and(piece, [value.into()]),
            None => self,
        }
    }

    /// Adds what follows the conditions: order, limit, offset.
    #[must_use]
    pub fn then<const N: usize>(mut self, piece: &'static str, values: [Value; N]) -> Filter {
        self.sql.push(' ');
        self.push(piece, values);
        self
    }

    fn push<const N: usize>(&mut self, piece: &str, values: [Value; N]) {
        let mut pieces = piece.split('?');
        self.sql.push_str(pieces.next().unwrap_or_default());
        for (piece, value) in pieces.zip(values) {
            self.params.push(value);
            // $1 is the tenant.
            self.sql
                .push_str(&format!("${}{piece}", self.params.len() + 1));
        }
    }

    /// The text, to be put behind `tenant_id = $1`, and the values from `$2` on.
    pub fn parts(&self) -> (&str, &[Value]) {
        (&self.sql, &self.params)
    }
}

/// `$from, $from+1, …` for `count` values: the inside of an `in (…)`.
pub fn places(from: usize, count: usize) -> String {
    let places: Vec<String> = (from..from + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_gets_the_next_place() {
        let filter = Filter::default()
            .and("(name, id) > (?, ?)", ["a".into(), "b".into()])
            .and_some("category_id = ?", Some("c"))
            .and_some("status = ?", None::<&str>)
            .then("order by name limit ?", [51.into()]);
        let (sql, params) = filter.parts();
        assert_eq!(
            sql,
            " and (name, id) > ($2, $3) and category_id = $4 order by name limit $5"
        );
        assert_eq!(params, ["a".into(), "b".into(), "c".into(), Value::Int(51)]);
        assert_eq!(places(3, 2), "$3, $4");
    }
}
