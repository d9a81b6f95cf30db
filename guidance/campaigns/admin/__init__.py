"""The desk's pages of campaigns: campaigns and offers, audiences."""

from guidance.campaigns.admin import audiences, campaigns

__all__ = ["audiences", "campaigns"]
