"""The bandit that fills a surface's slots."""

from guidance.experiments.models import Bandit


def running_bandit() -> Bandit:
    return Bandit.objects.get(status="running")
