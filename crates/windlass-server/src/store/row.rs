//! Rows to values. Pure: nothing here touches the disk, and one bad row harms no other.

use super::StoreError;
use serde::de::DeserializeOwned;
use std::fmt;

/// A row that cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The table.
    pub table: &'static str,
    /// The row's key, as text.
    pub key: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The rows that could be decoded, and those that could not.
#[derive(Debug, Clone)]
pub struct Rows<T> {
    /// Decoded, in the table's order.
    pub rows: Vec<T>,
    /// Not decoded.
    pub set_aside: Vec<SetAside>,
}

impl<T> Rows<T> {
    pub(super) fn collect(decoded: Vec<Result<T, SetAside>>) -> Self {
        let mut rows = Self { rows: Vec::new(), set_aside: Vec::new() };
        for row in decoded {
            match row {
                Ok(value) => rows.rows.push(value),
                Err(bad) => rows.set_aside.push(bad),
            }
        }
        rows
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, key, reason } = self;
        write!(f, "row {key} of the table `{table}` cannot be read: {reason}")
    }
}

impl From<SetAside> for StoreError {
    fn from(set_aside: SetAside) -> Self {
        StoreError::Unreadable { set_aside }
    }
}

/// Decodes a JSON column.
pub(super) fn decode<T: DeserializeOwned>(
    table: &'static str,
    key: impl fmt::Display,
    json: &str,
) -> Result<T, SetAside> {
    serde_json::from_str(json).map_err(|error| SetAside {
        table,
        key: key.to_string(),
        reason: error.to_string(),
    })
}

/// Decodes a JSON column that may be null.
pub(super) fn decode_option<T: DeserializeOwned>(
    table: &'static str,
    key: impl fmt::Display,
    json: Option<&str>,
) -> Result<Option<T>, SetAside> {
    json.map(|json| decode(table, key, json)).transpose()
}
