"""The admin application with ShopGuide's own site as its default."""

from django.contrib.admin.apps import AdminConfig


class ShopGuideAdminConfig(AdminConfig):
    default_site = "shopguide.admin.ShopGuideAdminSite"
