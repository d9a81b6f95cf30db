from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ContentConfig(AppConfig):
    name = "guidance.content"
    verbose_name = _("Content")

    def ready(self) -> None:
        from guidance.catalog.hooks import (
            ProductAction,
            register_facts_listener,
            register_product_action,
        )
        from guidance.content.services.relabelling import relabel_market
        from guidance.content.services.staleness import mark_stale
        from guidance.content.testing import COPY
        from guidance.core.hooks import (
            JobKind,
            Recurring,
            register_job_kind,
            register_market_listener,
            register_schedule,
        )
        from guidance.experiments.hooks import register_testable
        from guidance.training.hooks import Recipe, register_recipe

        register_testable(COPY)
        post_migrate.connect(_seed_rule_packs, sender=self, dispatch_uid="content.rule_packs")
        register_facts_listener(mark_stale)
        register_market_listener(relabel_market)
        register_schedule(Recurring("content_time", "guidance.content.tasks.keep_time", 1))
        register_schedule(Recurring("bandits", "guidance.content.tasks.settle_bandits", 1))
        register_product_action(
            ProductAction(
                name="request_drafts",
                label=_("Request drafts …"),
                permission="content.add_draft",
                view="guidance.content.admin.drafts.request_for_products",
            )
        )
        register_recipe(
            Recipe(
                "writer",
                _("writer model"),
                runner="guidance.content.training.train_writer",
                checker="guidance.content.reranking.check_files",
                growth="guidance.content.frames.count_decided",
                ready="guidance.content.frames.has_enough",
                words="guidance.content.learning.verdict_sentences",
                page="guidance.content.learning.version_page",
                template="admin/content/writer/version.html",
                has_network=False,
            )
        )
        register_recipe(
            Recipe(
                "writer_adapter",
                _("writer adapter"),
                runner="guidance.content.adapter_training.train_writer_adapter",
                checker="guidance.content.adapters.check_files",
                growth="guidance.content.frames.count_decided",
                ready="guidance.content.adapters.has_enough",
                lacks="guidance.content.adapters.what_is_lacking",
                words="guidance.content.adapters.verdict_sentences",
                page="guidance.content.adapters.version_page",
                template="admin/content/writer/version.html",
                has_network=False,
            )
        )
        services = "guidance.content.services"
        register_job_kind(
            JobKind("draft_copy", _("Draft copy"), f"{services}.drafting.run_draft_copy")
        )
        register_job_kind(
            JobKind("rewrite_copy", _("Rewrite copy"), f"{services}.rewriting.run_rewrite_copy")
        )
        register_job_kind(
            JobKind(
                "examine_by_rules",
                _("Examine copy by new rules"),
                f"{services}.reexamination.run_examine_by_rules",
            )
        )
        register_job_kind(
            JobKind(
                "tell_labels",
                _("Tell storefronts of labels"),
                f"{services}.relabelling.run_tell_labels",
            )
        )
        register_job_kind(
            JobKind(
                "write_again", _("Write a text again"), f"{services}.instructing.run_write_again"
            )
        )
        register_schedule(Recurring("webhooks", "guidance.content.tasks.sweep_webhooks", minutes=1))


def _seed_rule_packs(using: str, **kwargs: Any) -> None:
    """Give a new installation its rules; a migration that stops before their table gives none."""
    from guidance.content.models import RulePackVersion
    from guidance.content.services.rule_packs import seed_rule_packs

    if RulePackVersion._meta.db_table in connections[using].introspection.table_names():
        seed_rule_packs()
