"""The desk's pages of campaigns."""

from guidance.campaigns.admin import campaigns, channels, deliveries, offers

__all__ = ["campaigns", "channels", "deliveries", "offers"]
