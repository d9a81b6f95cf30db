"""What copy there is of a product."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The kinds of `models_ml.writer.facts` that go to a product's page, beside it or to people."""

    DESCRIPTION = "description", _("description")
    SHORT_DESCRIPTION = "short_description", _("short description")
    TITLE = "title", _("title")
    BULLETS = "bullets", _("bullet points")
    FAQ = "faq", _("questions and answers")
    GUIDE = "guide", _("guide")
    CAMPAIGN = "campaign", _("campaign text")
    PUSH = "push", _("push message")


class MessageChannel(models.TextChoices):
    """Where a push goes: the channels of `models_ml.writer.checks.lengths` for it."""

    WEB_PUSH = "web_push", _("browser notification")
    IOS = "ios", _("iPhone notification")
    ANDROID = "android", _("Android notification")
    INBOX = "inbox", _("inbox in the app")
    SMS = "sms", _("SMS")
    WECHAT = "wechat", _("WeChat message")
    EMAIL_SUBJECT = "email_subject", _("e-mail subject")


class Stress(models.TextChoices):
    """What a text tells first: the voices of `models_ml.writer.plan`."""

    GIFT = "gift", _("a gift")
    VALUE = "value", _("value for money")
    EXPERT = "expert", _("technical detail")
