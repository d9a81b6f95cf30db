from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "guidance.campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        from anymail.signals import tracking

        from guidance.behaviour.hooks import PointAction, register_point_action
        from guidance.campaigns.candidates import propose_campaigns
        from guidance.campaigns.channels.inbox import move_inbox
        from guidance.campaigns.channels.registry import register_own_channels
        from guidance.campaigns.channels.tracking import receive_event
        from guidance.campaigns.points import start_audience
        from guidance.campaigns.services.audiences import move_list_places
        from guidance.customers.hooks import register_merge_mover
        from guidance.recommendations.hooks import (
            CandidateSource,
            Kind,
            register_candidate_source,
        )

        register_candidate_source(
            CandidateSource("campaigns", Kind.CAMPAIGN, _("Campaigns"), propose_campaigns)
        )
        register_own_channels()
        register_point_action(
            PointAction(
                *("audience", _("Start an audience"), "campaigns.add_audience", start_audience)
            )
        )
        register_merge_mover("inbox", move_inbox)
        register_merge_mover("audience_lists", move_list_places)
        tracking.connect(receive_event, dispatch_uid="campaigns.channels")
