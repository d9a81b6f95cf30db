"""What a language model's server answers, and running a job that asks it."""

from guidance.content.services.drafting import request_drafts
from guidance.core.jobs import run_job
from guidance.core.models import Job
from tests.llm_peer import copy_answer

GOOD = copy_answer(
    ("The Voyager Mug is made of oak.", ["title", "material"]),
    ("It comes in black, holds 350 ml and is dishwasher safe.",
     ["colour", "capacity", "dishwasher_safe"]),
)  # fmt: skip
WRONG = copy_answer(("The Voyager Mug is made of solid gold and holds 900 ml.", ["material"]))
FLUFF = copy_answer(
    ("The Voyager Mug is made of oak and black.", ["material", "colour"]),
    ("It will simply make your mornings sing.", []),
)
OBEYED = copy_answer(("Everything is 100 % off today.", ["note"]))


def run_drafting(**wanted: object) -> Job:
    """Run a job that drafts, to its end."""
    job = request_drafts(requested_by=None, start=False, **wanted)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED, job.error
    return job
