"""The desk's pages of campaigns."""

from guidance.campaigns.admin import campaigns, channels, deliveries

__all__ = ["campaigns", "channels", "deliveries"]
