//! Reading one TOML table key by key, with the place of everything that is wrong.
//!
//! A [`Reader`] is opened with the keys that its table knows, so that an unknown one is found
//! before any value is looked at. It does no more than types; meaning is the caller's.

use super::error::{ConfigError, Place, ValueError};
use super::nearest::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table whose keys are all known.
pub(super) struct Reader<'a> {
    text: &'a str,
    /// Dotted name below `[tool.windlass]`, with a final dot unless empty.
    prefix: String,
    table: &'a DeTable<'a>,
}

/// A value that is present, with its dotted name and its place.
#[derive(Clone)]
pub(super) struct Item<'a> {
    pub(super) key: String,
    pub(super) place: Place,
    text: &'a str,
    value: &'a DeValue<'a>,
}

/// Line and column of a byte in a text.
pub(super) fn place(text: &str, byte: usize) -> Place {
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    Place {
        line: before.bytes().filter(|b| *b == b'\n').count() as u32 + 1,
        column: before[start..].chars().count() as u32 + 1,
    }
}

impl<'a> Reader<'a> {
    /// Opens the table `name` (empty for `[tool.windlass]` itself) that knows `known` keys.
    pub(super) fn open(
        text: &'a str,
        name: &str,
        table: &'a DeTable<'a>,
        known: &'static [&'static str],
    ) -> Result<Self, ConfigError> {
        for key in table.keys() {
            if !known.contains(&key.get_ref().as_ref()) {
                let dot = if name.is_empty() { "" } else { "." };
                return Err(ConfigError::UnknownKey {
                    place: place(text, key.span().start),
                    table: format!("tool.windlass{dot}{name}"),
                    key: key.get_ref().to_string(),
                    nearest: nearest(key.get_ref(), known),
                    known,
                });
            }
        }
        Ok(Self::open_free(text, name, table))
    }

    /// Opens a table whose keys are names that the user chose.
    pub(super) fn open_free(text: &'a str, name: &str, table: &'a DeTable<'a>) -> Self {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}.") };
        Self { text, prefix, table }
    }

    /// The value of a key, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<Item<'a>> {
        self.items().find(|item| item.key == format!("{}{key}", self.prefix))
    }

    /// All keys that are there.
    pub(super) fn items(&self) -> impl Iterator<Item = Item<'a>> {
        self.table.iter().map(|(key, value): (&Spanned<_>, &Spanned<DeValue<'a>>)| Item {
            key: format!("{}{}", self.prefix, key.get_ref()),
            place: place(self.text, value.span().start),
            text: self.text,
            value: value.get_ref(),
        })
    }

    /// The key without the name of its table.
    pub(super) fn own_name<'k>(&self, item: &'k Item<'_>) -> &'k str {
        item.key.strip_prefix(&self.prefix).unwrap_or(&item.key)
    }
}

impl<'a> Item<'a> {
    /// The error for a value of another type.
    pub(super) fn wrong(&self, expected: &'static str, example: &'static str) -> ConfigError {
        ConfigError::WrongType {
            place: self.place,
            key: self.key.clone(),
            expected,
            found: match self.value {
                DeValue::String(_) => "a string",
                DeValue::Integer(_) => "an integer",
                DeValue::Float(_) => "a float",
                DeValue::Boolean(_) => "a boolean",
                DeValue::Datetime(_) => "a date or time",
                DeValue::Array(_) => "an array",
                DeValue::Table(_) => "a table",
            },
            example,
        }
    }

    /// The error for a value that makes no sense.
    pub(super) fn invalid(&self, reason: ValueError, example: &'static str) -> ConfigError {
        ConfigError::Invalid { place: self.place, key: self.key.clone(), reason, example }
    }

    /// A string put through `parse`.
    pub(super) fn text<T, E: Into<ValueError>>(
        &self,
        example: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, ConfigError> {
        let text = self.value.as_str().ok_or_else(|| self.wrong("a string", example))?;
        parse(text).map_err(|error| self.invalid(error.into(), example))
    }

    /// The value as text, when it is a string.
    pub(super) fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The value as a table, with its name and text, when it is one.
    pub(super) fn as_table(&self) -> Option<&'a DeTable<'a>> {
        self.value.as_table()
    }

    /// The whole text that the value is part of.
    pub(super) fn source(&self) -> &'a str {
        self.text
    }

    /// `true` or `false`.
    pub(super) fn boolean(&self, example: &'static str) -> Result<bool, ConfigError> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false", example))
    }

    /// A whole number from `least` to `most`.
    pub(super) fn integer(
        &self,
        least: u64,
        most: u64,
        example: &'static str,
    ) -> Result<u64, ConfigError> {
        let number = self.value.as_integer().ok_or_else(|| self.wrong("an integer", example))?;
        let text = number.as_str();
        u64::from_str_radix(text.trim_start_matches('+'), number.radix())
            .ok()
            .filter(|value| (least..=most).contains(value))
            .ok_or_else(|| {
                let value = text.to_owned();
                self.invalid(ValueError::Range { value, least, most }, example)
            })
    }

    /// A number, whole or not, in thousandths; from 1 thousandth to `most_whole`.
    pub(super) fn thousandths(
        &self,
        most_whole: u32,
        example: &'static str,
    ) -> Result<u32, ConfigError> {
        let text = match self.value {
            DeValue::Integer(number) => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => return Err(self.wrong("a number", example)),
        };
        let value = text.parse::<f64>().unwrap_or(f64::NAN);
        if value >= 0.001 && value <= f64::from(most_whole) {
            return Ok((value * 1_000.0).round() as u32);
        }
        let most = u64::from(most_whole);
        Err(self.invalid(ValueError::Range { value: text.to_owned(), least: 0, most }, example))
    }

    /// The members of an array, each under the array's own key.
    pub(super) fn array(
        &self,
        expected: &'static str,
        example: &'static str,
    ) -> Result<Vec<Item<'a>>, ConfigError> {
        let array = self.value.as_array().ok_or_else(|| self.wrong(expected, example))?;
        let member = |value: &'a Spanned<DeValue<'a>>| Item {
            key: self.key.clone(),
            place: place(self.text, value.span().start),
            text: self.text,
            value: value.get_ref(),
        };
        Ok(array.iter().map(member).collect())
    }

    /// An array of strings, each put through `parse`.
    pub(super) fn texts<T>(
        &self,
        example: &'static str,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<Vec<T>, ConfigError> {
        let items = self.array("an array of strings", example)?;
        items.iter().map(|item| item.text(example, &parse)).collect()
    }

    /// Whether the value is an array.
    pub(super) fn is_array(&self) -> bool {
        self.value.is_array()
    }
}
