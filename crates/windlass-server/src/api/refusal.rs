//! Answers that are refusals.

use crate::explain::explain_store;
use crate::store::StoreError;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use windlass_model::explain::explain_effect;
use windlass_model::rollout::StepFailure;
use windlass_model::{Kind, Problem};

/// A problem on its way to the client.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    problem: Problem,
}

impl Refusal {
    pub(super) fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, problem: Problem::user("unknown", what) }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = match (problem.kind, problem.code.as_str()) {
            (_, "unknown") => StatusCode::NOT_FOUND,
            (_, "deploy-in-progress") => StatusCode::CONFLICT,
            (Kind::User, _) => StatusCode::UNPROCESSABLE_ENTITY,
            (Kind::Usage, _) => StatusCode::BAD_REQUEST,
            (Kind::Environment, _) => StatusCode::SERVICE_UNAVAILABLE,
            (Kind::Bug, _) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, problem }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        explain_store(&error).into()
    }
}

/// Outside a rollout a failed effect stands for itself.
impl From<StepFailure> for Refusal {
    fn from(failure: StepFailure) -> Self {
        explain_effect(&failure).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(self.problem)).into_response()
    }
}
