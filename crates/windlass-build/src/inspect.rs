//! Reading a project: what it is, how it starts, what it needs, each with its evidence.
