"""Training's writes: runs asked for and carried out, versions promoted and rolled back."""

from guidance.training.services.estimates import NothingToEstimate, request_estimate
from guidance.training.services.kept import forget_params, keep_params
from guidance.training.services.promotion import PromotionRefused, promote_version, roll_back
from guidance.training.services.retraining import (
    ensure_policies,
    measure_drift,
    request_due_training,
    save_policy,
)
from guidance.training.services.runs import (
    AlreadyTraining,
    CannotTrain,
    request_training,
    run_training,
)

__all__ = [
    "AlreadyTraining",
    "CannotTrain",
    "NothingToEstimate",
    "PromotionRefused",
    "ensure_policies",
    "forget_params",
    "keep_params",
    "measure_drift",
    "promote_version",
    "request_due_training",
    "request_estimate",
    "request_training",
    "roll_back",
    "run_training",
    "save_policy",
]
