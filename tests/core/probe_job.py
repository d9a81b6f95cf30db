"""A runner for tests: it does what its parameters say."""

from typing import Any

from guidance.core.jobs import JobContext
from guidance.core.models import Job
from guidance.core.services.jobs import cancel_job


def run(context: JobContext) -> dict[str, Any]:
    marks = context.folder / "marks"
    marks.open("a").write("x")
    context.progress("working", 0.5, detail={"loss": 1.5}, line="half way")
    if context.params.get("fail"):
        raise ValueError("the third row is upside down")
    if context.params.get("cancel"):
        cancel_job(job=Job.objects.get(pk=context.job_id), actor=None)
        context.beat()
        context.check()
    return {"marks": marks.read_text()}
