"""`POST events`."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from guidance.behaviour.services.ingest import record_events
from guidance.core.models import ApiKey


class EventsView(APIView):
    """Takes batches of up to 1,000 events."""

    scope = ApiKey.Scope.EVENTS

    def post(self, request: Request) -> Response:
        return Response(record_events(rows=request.data["events"]).as_json())
