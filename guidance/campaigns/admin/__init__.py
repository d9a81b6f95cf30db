"""The desk's pages of campaigns."""

from guidance.campaigns.admin import campaigns, channels, deliveries, plans

__all__ = ["campaigns", "channels", "deliveries", "plans"]
