"""The policies by name, and back from a saved state."""

from collections.abc import Mapping
from typing import Any

from models_ml.policy.base import Policy
from models_ml.policy.beta_thompson import BetaThompson
from models_ml.policy.epsilon_greedy import EpsilonGreedy
from models_ml.policy.fixed import Fixed
from models_ml.policy.linear_thompson import LinearThompson
from models_ml.policy.linucb import LinUCB
from models_ml.policy.problems import PolicyProblem

KINDS: dict[str, type[Policy]] = {
    policy.kind: policy for policy in (Fixed, EpsilonGreedy, BetaThompson, LinUCB, LinearThompson)
}


def policy_from_state(state: Mapping[str, Any]) -> Policy:
    """Return the policy that `Policy.state` described; `PolicyProblem` where it cannot be read."""
    if not isinstance(state, Mapping):
        raise PolicyProblem(f"the saved policy is {type(state).__name__}, not a mapping")
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise PolicyProblem(f"no policy of kind {kind!r}; there are {', '.join(KINDS)}")
    try:
        return KINDS[kind].from_state(state)
    except KeyError as missing:
        raise PolicyProblem(f"the saved {kind} policy lacks {missing}") from missing
    except PolicyProblem:
        raise
    except (AttributeError, TypeError, ValueError) as wrong:
        raise PolicyProblem(f"the saved {kind} policy cannot be read: {wrong}") from wrong
