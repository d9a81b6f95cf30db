from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    name = "guidance.campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        from guidance.campaigns.candidates import propose_campaigns
        from guidance.recommendations.hooks import (
            CandidateSource,
            Kind,
            register_candidate_source,
        )

        register_candidate_source(
            CandidateSource("campaigns", Kind.CAMPAIGN, _("Campaigns"), propose_campaigns)
        )
