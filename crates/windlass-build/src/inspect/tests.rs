//! Whole small projects, and what is concluded from them.
