"""Assignment: the arm of one shopper on one surface."""

from dataclasses import dataclass

from guidance.experiments.assignment import bucket_of, bucket_ranges, choose_variation
from guidance.experiments.models import Arm, Experiment


@dataclass(frozen=True)
class Assignment:
    """The running experiment's key, the arm's key and the policy that arm gets."""

    experiment: str
    arm: str
    policy: str


def assign(*, surface: str, unit: str, source: str) -> Assignment | None:
    """Return the unit's arm in the experiment running on this surface for this traffic.

    `unit` is the shopper's pseudonym (after a merge, the one merged into). None where no
    experiment runs, the unit is unknown (an empty string) or falls outside every share. The
    answer depends on the experiment's key and the unit alone, so it needs no memory: running
    experiments refuse changes to their arms. One indexed query; a shared cache would cost the
    same query and serve an experiment that has been stopped.
    """
    if not unit:
        return None
    arms = list(
        Arm.objects.filter(
            experiment__surface=surface,
            experiment__source=source,
            experiment__status=Experiment.Status.RUNNING,
        ).select_related("experiment")
    )
    bucket = bucket_of(seed=arms[0].experiment.key, unit=unit) if arms else None
    if bucket is None:
        return None
    index = choose_variation(
        bucket, bucket_ranges(len(arms), weights=[float(arm.weight) for arm in arms])
    )
    if index is None:
        return None
    arm = arms[index]
    return Assignment(experiment=arm.experiment.key, arm=arm.key, policy=arm.policy)


def surfaces_tested() -> set[tuple[str, str]]:
    """Return surface and traffic of every running experiment; elsewhere nobody is assigned."""
    running = Experiment.objects.filter(status=Experiment.Status.RUNNING)
    return set(running.order_by().values_list("surface", "source"))
