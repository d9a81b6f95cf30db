"""Liveness, readiness and Prometheus metrics."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from guidance.core.hooks import registered_metrics
from guidance.core.models import Job
from guidance.core.selectors import is_worker_alive


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> HttpResponse:
    """The process can do its work: the database answers and every migration is in."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    if pending:
        return JsonResponse({"status": "migrations pending", "count": len(pending)}, status=503)
    return JsonResponse({"status": "ok", "worker": is_worker_alive()})


def metrics(request: HttpRequest) -> HttpResponse:
    """Gauges read from the database, so that every process tells the same."""
    registry = CollectorRegistry()
    alive = Gauge("shopguide_worker_alive", "1 while a worker runs", registry=registry)
    alive.set(int(is_worker_alive()))
    jobs = Gauge("shopguide_jobs", "Jobs by status", ["status"], registry=registry)
    for status in Job.Status.values:
        jobs.labels(status).set(Job.objects.filter(status=status).count())
    for metric in registered_metrics():
        Gauge(metric.name, metric.description, registry=registry).set(metric.read())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
