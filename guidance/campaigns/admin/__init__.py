"""The desk's pages of campaigns."""

from guidance.campaigns.admin import audiences, campaigns, channels, deliveries, offers, plans

__all__ = ["audiences", "campaigns", "channels", "deliveries", "offers", "plans"]
