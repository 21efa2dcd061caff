//! The testkit is the judge of the product, so it is tested itself.

#[path = "all/load.rs"]
mod load;
#[path = "all/run.rs"]
mod run;
