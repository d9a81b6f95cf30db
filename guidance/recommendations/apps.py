from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecommendationsConfig(AppConfig):
    name = "guidance.recommendations"
    verbose_name = _("Recommendations")

    def ready(self) -> None:
        from guidance.core.hooks import (
            JobKind,
            Metric,
            Recurring,
            register_job_kind,
            register_metric,
            register_schedule,
        )
        from guidance.decisions.unlogged import unlogged_total
        from guidance.experiments.hooks import register_testable, register_trials
        from guidance.recommendations.hooks import (
            CandidateSource,
            Kind,
            register_candidate_source,
        )
        from guidance.recommendations.services.reading import propose_copy
        from guidance.recommendations.slot_trials import SlotTrials
        from guidance.recommendations.slots import LABELS, TRIALS
        from guidance.recommendations.testing import SURFACES
        from guidance.training.hooks import Recipe, register_recipe

        register_recipe(
            Recipe(
                "recommender",
                _("recommender"),
                runner="guidance.recommendations.training.train_recommender",
                checker="guidance.recommendations.rankers.check_files",
                searcher="guidance.recommendations.training.search_settings",
                measurer="guidance.recommendations.training.measure_steps",
                growth="guidance.recommendations.drift.count_interactions",
                drift="guidance.recommendations.drift.measure",
                estimator="guidance.recommendations.offpolicy.estimate",
                assumes="guidance.recommendations.offpolicy.assumptions",
            )
        )
        register_candidate_source(
            CandidateSource("copy", Kind.CONTENT, _("Published copy"), propose_copy)
        )
        register_testable(SURFACES)
        register_trials(TRIALS, SlotTrials.of, LABELS)
        register_metric(
            Metric(
                "shopguide_unlogged_answers",
                "Answers that went out although their decision could not be written",
                unlogged_total,
            )
        )
        register_job_kind(
            JobKind(
                "health_report",
                _("fairness and health"),
                runner="guidance.recommendations.health.jobs.run",
                cancel_permission="recommendations.add_healthreport",
            )
        )
        register_schedule(
            Recurring("health", "guidance.recommendations.health.tasks.refresh_health", minutes=10)
        )
