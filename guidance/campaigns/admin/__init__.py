"""The desk's pages of campaigns."""

from guidance.campaigns.admin import campaigns, channels, deliveries, offers, plans

__all__ = ["campaigns", "channels", "deliveries", "offers", "plans"]
