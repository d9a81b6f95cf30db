"""What an installation needs, checked one by one, each failure with its fix."""

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from guidance.campaigns.channels.email import open_backend
from guidance.content.services.providers import reach_writer
from guidance.core.selectors import is_worker_alive
from guidance.training.hooks import recipe
from guidance.training.models import ModelVersion
from models_ml.recommender.artefacts import OutdatedFiles
from models_ml.writer.providers import ProviderUnavailable

FREE_DISK_GIB = 2
CLOCK_TOLERANCE_SECONDS = 5


@dataclass(frozen=True)
class Diagnosis:
    """One check's outcome; `fix` says what to do where it is not well."""

    name: str
    is_well: bool
    detail: str
    fix: str = ""


def diagnose() -> list[Diagnosis]:
    """Run every check; one that fails never keeps the others from running."""
    checks: list[Callable[[], Diagnosis]] = [
        check_database,
        check_migrations,
        check_cache,
        check_clock,
        check_disk,
        check_worker,
        check_model_files,
        check_training_libraries,
        check_language_model,
        check_mail,
    ]
    return [check() for check in checks]


def check_database() -> Diagnosis:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        fix = _("Start the database, or correct DATABASE_URL.")
        return Diagnosis(_("Database"), False, str(error), fix)
    return Diagnosis(_("Database"), True, f"{connection.vendor}: {database_name()}")


def database_name() -> str:
    """The database's name, without its password."""
    return str(connection.settings_dict["NAME"])


def check_migrations() -> Diagnosis:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        return Diagnosis(_("Migrations"), False, str(error), _("Mend the database first."))
    detail = _("%(count)d pending") % {"count": len(pending)}
    return Diagnosis(_("Migrations"), not pending, detail, "manage.py migrate" if pending else "")


def check_cache() -> Diagnosis:
    try:
        cache.set("doctor", "well", 10)
        is_well = cache.get("doctor") == "well"
    except DatabaseError as error:
        return Diagnosis(_("Cache"), False, str(error), "manage.py migrate")
    return Diagnosis(_("Cache"), is_well, "", "" if is_well else _("Check the setting CACHES."))


def check_clock() -> Diagnosis:
    """Compare this machine's clock with the database server's; SQLite has none of its own."""
    if connection.vendor != "postgresql":
        return Diagnosis(_("Clock"), True, _("the database shares it"))
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            skew = abs((datetime.now(UTC) - cursor.fetchone()[0]).total_seconds())
    except DatabaseError as error:
        return Diagnosis(_("Clock"), False, str(error), _("Mend the database first."))
    is_well = skew < CLOCK_TOLERANCE_SECONDS
    detail = _("%(seconds).1f s apart from the database's") % {"seconds": skew}
    return Diagnosis(_("Clock"), is_well, detail, "" if is_well else _("Run a time service (NTP)."))


def check_disk() -> Diagnosis:
    folder: Path = settings.VAR_DIR
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 2**30
    is_well = free >= FREE_DISK_GIB
    detail = _("%(free).1f GiB free in %(folder)s") % {"free": free, "folder": folder}
    return Diagnosis(_("Disk"), is_well, detail, "" if is_well else _("Free some space there."))


def check_worker() -> Diagnosis:
    try:
        alive = is_worker_alive()
    except DatabaseError as error:
        return Diagnosis(_("Worker"), False, str(error), _("Mend the database first."))
    return Diagnosis(_("Worker"), alive, "", "" if alive else _("Start one: manage.py worker"))


def check_model_files() -> Diagnosis:
    """Open every promoted version as what serves does."""
    name = _("Model files")
    try:
        promoted = list(ModelVersion.objects.filter(status=ModelVersion.Status.PROMOTED))
    except DatabaseError as error:
        return Diagnosis(name, False, str(error), _("Mend the database first."))
    if not promoted:
        fix = _("Train one, or promote one that passed the gate; until then a baseline answers.")
        return Diagnosis(name, False, _("no version is promoted"), fix)
    found = [(version, _problem_with(version)) for version in promoted]
    details, fixes = [], []
    for version, problem in found:
        details.append(f"{version}: {problem or version.folder}")
        if isinstance(problem, OutdatedFiles):
            told = {"recipe": version.recipe}
            fixes.append(_("Train again, then promote: manage.py train %(recipe)s") % told)
        elif problem is not None:
            fixes.append(_("Roll back on the model versions' page, or train again."))
    return Diagnosis(name, not fixes, "; ".join(details), " ".join(dict.fromkeys(fixes)))


def _problem_with(version: ModelVersion) -> Exception | None:
    """Return what keeps a version's files from serving; None where nothing does."""
    try:
        recipe(version.recipe).check(version.folder, version.policy)
    except Exception as problem:  # whatever lies in the folder, the other checks must run
        return problem
    return None


def check_training_libraries() -> Diagnosis:
    needed = ("torch", "transformers", "peft", "trl")
    missing = [name for name in needed if not importlib.util.find_spec(name)]
    fix = "pip install -r requirements.txt" if missing else ""
    return Diagnosis(_("Training libraries"), not missing, ", ".join(missing), fix)


def check_language_model() -> Diagnosis:
    """Ask the server that writes drafts which models it has, or look for the model's files."""
    name = _("Language model")
    try:
        is_well, detail = reach_writer()
    except ImproperlyConfigured as wrong:
        return Diagnosis(name, False, str(wrong), _("Set it, or unset WRITER_PROVIDER."))
    except ProviderUnavailable as problem:
        return Diagnosis(name, False, str(problem), _("Correct LLM_URL, or start the server."))
    fix = "" if is_well else _("Correct LLM_MODEL or LLM_PATH, or install what is missing.")
    return Diagnosis(name, is_well, detail, fix)


def check_mail() -> Diagnosis:
    """Reach the mail server or build the provider's client, and look at what letters need."""
    name, backend = _("Mail"), settings.EMAIL_BACKEND
    if backend.startswith("django.core.mail.backends.") and not backend.endswith(
        "smtp.EmailBackend"
    ):
        return Diagnosis(name, True, _("%(backend)s: no letter leaves") % {"backend": backend})
    detail = settings.MAIL_PROVIDER or f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        mail = open_backend()
        mail.open()
        mail.close()
    except ImproperlyConfigured as wrong:
        fix = _("Set what it names; ANYMAIL_… variables are a provider's settings.")
        return Diagnosis(name, False, f"{detail}: {wrong}", fix)
    except (OSError, ImportError) as error:
        fix = _("Correct EMAIL_HOST, EMAIL_PORT, the login or TLS, or start the mail server.")
        return Diagnosis(name, False, f"{detail}: {error}", fix)
    fix = " ".join(_missing_for_letters())
    return Diagnosis(name, not fix, detail, fix)


def _missing_for_letters() -> list[str]:
    """Say what letters to shoppers still need, beside a server that takes them."""
    missing = []
    if parseaddr(settings.DEFAULT_FROM_EMAIL)[1].endswith("@localhost"):
        missing.append(_("Set DEFAULT_FROM_EMAIL to the shop's own address."))
    if not settings.PUBLIC_URL.startswith("https://"):
        missing.append(_("Set PUBLIC_URL: unsubscribing in one click takes an https address."))
    if settings.MAIL_PROVIDER and not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        missing.append(_("Set ANYMAIL_WEBHOOK_SECRET, so that bounces and complaints come back."))
    return missing
