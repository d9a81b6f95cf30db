"""What copy there is of a product."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The kinds of `models_ml.writer.facts` that go to a product's page or beside it."""

    DESCRIPTION = "description", _("description")
    SHORT_DESCRIPTION = "short_description", _("short description")
    TITLE = "title", _("title")
    BULLETS = "bullets", _("bullet points")
    FAQ = "faq", _("questions and answers")
    GUIDE = "guide", _("guide")
    CAMPAIGN = "campaign", _("campaign text")
