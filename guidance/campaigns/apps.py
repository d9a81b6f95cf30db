from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "guidance.campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        from anymail.signals import tracking

        from guidance.behaviour.hooks import (
            PointAction,
            register_customer_rollup,
            register_point_action,
        )
        from guidance.campaigns.candidates import propose_campaigns
        from guidance.campaigns.channels.inbox import move_inbox
        from guidance.campaigns.channels.registry import open_without_address, register_own_channels
        from guidance.campaigns.channels.tracking import receive_event
        from guidance.campaigns.panels import MESSAGES
        from guidance.campaigns.points import start_audience
        from guidance.campaigns.predicted_panel import PREDICTED
        from guidance.campaigns.selectors.deliveries import decision_of_delivery
        from guidance.campaigns.services.audiences import move_list_places
        from guidance.campaigns.services.delivering import recover_deliveries
        from guidance.campaigns.services.merging import move_pushes
        from guidance.campaigns.services.redeeming import redeem_coupons
        from guidance.campaigns.testing import MESSAGES as WORDINGS
        from guidance.core.hooks import (
            JobKind,
            Recurring,
            register_job_kind,
            register_recovery,
            register_schedule,
        )
        from guidance.customers.hooks import (
            register_channels_without_address,
            register_delivery_decisions,
            register_merge_mover,
            register_panel,
        )
        from guidance.experiments.hooks import register_testable
        from guidance.recommendations.hooks import (
            CandidateSource,
            Kind,
            register_candidate_source,
        )
        from guidance.training.hooks import Recipe, register_recipe

        register_candidate_source(
            CandidateSource("campaigns", Kind.CAMPAIGN, _("Campaigns"), propose_campaigns)
        )
        register_own_channels()
        services = "guidance.campaigns.services"
        register_job_kind(
            JobKind("push_plan", _("Work out a push plan"), f"{services}.planning.run_push_plan")
        )
        register_job_kind(
            JobKind("queue_push", _("Queue a push"), f"{services}.queueing.run_queue_push")
        )
        register_schedule(Recurring("pushes", "guidance.campaigns.tasks.sweep_deliveries", 1))
        register_recovery(recover_deliveries)
        register_schedule(Recurring("uplift", "guidance.campaigns.tasks.refresh_scores", 1))
        register_recipe(
            Recipe(
                "uplift",
                _("model of who is moved"),
                runner="guidance.campaigns.uplift.train_uplift",
                checker="guidance.campaigns.predicted.check_files",
                growth="guidance.campaigns.frames.count_held_out",
                ready="guidance.campaigns.frames.has_enough",
                words="guidance.campaigns.predicted.uplift_sentences",
                page="guidance.campaigns.predicted.scores_page",
                template="admin/campaigns/uplift/version.html",
                has_network=False,
            )
        )
        register_recipe(
            Recipe(
                "propensity",
                _("model of who will buy"),
                runner="guidance.campaigns.propensity.train_propensity",
                checker="guidance.campaigns.predicted.check_files",
                growth="guidance.campaigns.selectors.learnable.count_purchases",
                ready="guidance.campaigns.selectors.learnable.has_buyers",
                words="guidance.campaigns.predicted.propensity_sentences",
                page="guidance.campaigns.predicted.scores_page",
                template="admin/campaigns/propensity/version.html",
                has_network=False,
            )
        )
        register_recipe(
            Recipe(
                "segments",
                _("learned segments of shoppers"),
                runner="guidance.campaigns.learned.train_segments",
                checker="guidance.campaigns.predicted.check_files",
                growth="guidance.campaigns.selectors.learnable.count_shoppers",
                ready="guidance.campaigns.selectors.learnable.has_shoppers",
                words="guidance.campaigns.predicted.segments_sentences",
                page="guidance.campaigns.predicted.segments_page",
                template="admin/campaigns/segments/version.html",
                has_network=False,
            )
        )
        register_schedule(Recurring("triggers", "guidance.campaigns.tasks.fire_triggers", 5))
        register_merge_mover("inbox", move_inbox)
        register_customer_rollup(redeem_coupons)
        register_merge_mover("pushes", move_pushes)
        register_channels_without_address(open_without_address)
        register_delivery_decisions(decision_of_delivery)
        register_panel(MESSAGES)
        register_panel(PREDICTED)
        register_point_action(
            PointAction(
                *("audience", _("Start an audience"), "campaigns.add_audience", start_audience)
            )
        )
        register_merge_mover("audience_lists", move_list_places)
        register_testable(WORDINGS)
        register_schedule(
            Recurring("message_bandits", "guidance.campaigns.tasks.settle_message_bandits", 5)
        )
        tracking.connect(receive_event, dispatch_uid="campaigns.channels")
