"""Routes of this app under /api/v1/."""

from django.urls import path

from guidance.behaviour import api

urlpatterns = [
    path("events", api.EventsView.as_view(), name="events"),
    path("feedback", api.FeedbackView.as_view(), name="feedback"),
]
