"""Routes of the shoppers' own pages, outside the API and the admin."""

from django.urls import path

from guidance.customers import pages

urlpatterns = [
    path("u/<str:token>", pages.unsubscribe_view, name="unsubscribe"),
    path("preferences/<str:token>", pages.preferences_view, name="preferences"),
]
