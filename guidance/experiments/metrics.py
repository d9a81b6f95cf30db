"""The metrics that experiments measure, by the names that plans keep them under."""

from django.utils.translation import gettext_lazy

METRIC_NAMES = {
    "ctr": gettext_lazy("CTR"),
    "conversion": gettext_lazy("Conversion"),
    "satisfaction": gettext_lazy("Satisfaction"),
}
METRICS = tuple(METRIC_NAMES)
