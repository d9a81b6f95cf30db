"""Production, with one route more: a view that does nothing, to measure the machine by."""

from shopguide.settings.production import *  # noqa: F403  the settings of this module are its

ROOT_URLCONF = "tests.load_urls"
