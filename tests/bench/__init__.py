"""Measurements of the house: each module runs by itself, on the test run's settings."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shopguide.settings.test")
django.setup()
