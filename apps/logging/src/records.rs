//! How log records are stored (apps-and-endpoints.md 11.1): keys are the JSON text of the id,
//! values that of the message. The two maps, and the further ones that a `scope` names.

use std::borrow::Cow;

use quorate_endpoints::{ApiError, Context, Query, Tx};

/// One of the two families of maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Encrypted in the ledger.
    Private,
    /// In clear in the ledger.
    Public,
}

impl Family {
    const fn base(self) -> &'static str {
        match self {
            Self::Private => "records",
            Self::Public => "public:records",
        }
    }
}

/// A map of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Records {
    map: Cow<'static, str>,
}

impl Records {
    /// The map that the request means: that of its `scope`, if it names one.
    pub fn of(context: &Context<'_>, family: Family) -> Result<Self, ApiError> {
        Self::scoped(&context.query(), family)
    }

    fn scoped(query: &Query<'_>, family: Family) -> Result<Self, ApiError> {
        let base = family.base();
        let Some(scope) = query.value("scope") else {
            return Ok(Self {
                map: Cow::Borrowed(base),
            });
        };
        let refused = |reason: &str| {
            ApiError::invalid_query(format!(
                "Unable to parse value '{}' in parameter 'scope': {reason}",
                String::from_utf8_lossy(scope)
            ))
        };
        let scope = std::str::from_utf8(scope).map_err(|_| refused("it is not UTF-8"))?;
        let map = format!("{base}-{scope}");
        quorate_kv::check_name(&map).map_err(|error| refused(&error.to_string()))?;
        Ok(Self {
            map: Cow::Owned(map),
        })
    }

    /// Writes a record.
    pub fn put(&self, tx: &mut Tx, id: u64, message: &str) {
        tx.put(
            &self.map,
            id.to_string(),
            serde_json::Value::from(message).to_string(),
        );
    }

    /// Reads a record.
    pub fn get(&self, tx: &mut Tx, id: u64) -> Result<Option<String>, ApiError> {
        let Some(value) = tx.get(&self.map, id.to_string().as_bytes()) else {
            return Ok(None);
        };
        serde_json::from_slice(&value).map(Some).map_err(|error| {
            ApiError::internal(format!(
                "Record {id} in map {} is not a JSON text: {error}",
                self.map
            ))
        })
    }

    /// Whether there is a record.
    pub fn has(&self, tx: &mut Tx, id: u64) -> bool {
        tx.has(&self.map, id.to_string().as_bytes())
    }

    /// Removes a record.
    pub fn remove(&self, tx: &mut Tx, id: u64) {
        tx.remove(&self.map, id.to_string());
    }

    /// Removes all records.
    pub fn clear(&self, tx: &mut Tx) {
        tx.clear(&self.map);
    }

    /// Number of records.
    pub fn len(&self, tx: &mut Tx) -> usize {
        tx.len(&self.map)
    }
}

/// The answer where a record is missing.
pub fn missing(id: u64) -> ApiError {
    ApiError::not_found(format!("No such record: {id}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(raw: &str, family: Family) -> Result<String, u16> {
        let records = Records::scoped(&Query::new(Some(raw)), family);
        records
            .map(|records| records.map.into_owned())
            .map_err(|error| error.status)
    }

    #[test]
    fn apps_11_1_a_scope_names_a_map_of_its_own() {
        assert_eq!(map("id=1", Family::Private), Ok("records".to_owned()));
        assert_eq!(map("id=1", Family::Public), Ok("public:records".to_owned()));
        assert_eq!(
            map("scope=a%20b", Family::Private),
            Ok("records-a b".to_owned())
        );
        assert_eq!(
            map("scope", Family::Public),
            Ok("public:records-".to_owned())
        );
        assert_eq!(map("scope=%ff", Family::Private), Err(400));
    }
}
