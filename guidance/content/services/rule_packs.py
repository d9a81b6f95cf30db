"""Rule packs: writing a version, trying it on the shop's copy, activating it."""

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.content.models import RulePackVersion
from guidance.content.services.reexamination import request_examination
from guidance.content.services.refusals import Invalid, OwnRequest, Refused
from guidance.content.services.waiting import require
from guidance.core.locks import hold_lock
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from models_ml.writer.packs import PACKS, builtin_text
from models_ml.writer.rules.reading import PackError, PackInvalid, read_pack

LONGEST_RULES = 500_000
BUILTIN_NOTE = "built in"
# Held while versions are numbered, so that two people who write one at once get two numbers.
LOCK = "content.rule_packs"


class RulesInvalid(Invalid):
    """The rules cannot be used; `errors` say where and why."""

    code = "rules_invalid"

    def __init__(self, errors: tuple[PackError, ...]) -> None:
        super().__init__(_("The rules have %(count)d mistakes.") % {"count": len(errors)})
        self.errors = errors


@transaction.atomic
def create_version(*, pack: str, rules: str, note: str, actor: User) -> RulePackVersion:
    """Store rules as the next version of a pack, which somebody else may activate.

    Raises PermissionDenied, RulesInvalid with every mistake, or Invalid for rules of another pack,
    without a note or too long.
    """
    require(actor, "content.add_rulepackversion")
    note = " ".join(note.split())
    if not note:
        raise Invalid(_("Say what changed and why."))
    if len(rules) > LONGEST_RULES:
        raise Invalid(_("The rules are longer than %(most)d characters.") % {"most": LONGEST_RULES})
    check_rules(pack=pack, rules=rules)
    hold_lock(LOCK)
    version = RulePackVersion.objects.create(
        pack=pack, number=_next_number(pack), rules=rules, note=note[:500], created_by=actor
    )
    record_audit(
        actor=actor, verb="write_rule_pack", target=version, details={"note": version.note}
    )
    return version


def check_rules(*, pack: str, rules: str) -> None:
    """Raise RulesInvalid or Invalid unless these are usable rules of this pack."""
    try:
        read = read_pack(rules)
    except PackInvalid as invalid:
        raise RulesInvalid(invalid.errors) from invalid
    if read.key != pack:
        said = {"said": read.key, "wanted": pack}
        raise Invalid(_("These are rules of pack “%(said)s”, not of “%(wanted)s”.") % said)


@transaction.atomic
def activate_version(*, version_id: uuid.UUID, actor: User) -> Job | None:
    """Put a version in force, retire the one before, and return the job that examines copy by it.

    It is None where there is no copy in the pack's languages. Raises PermissionDenied, Refused
    where it is in force or retired, or OwnRequest for its author.
    """
    require(actor, "content.activate_rulepackversion")
    pack = RulePackVersion.objects.values_list("pack", flat=True).get(pk=version_id)
    # All of the pack, so that two activations at once follow one another.
    versions = {
        row.pk: row for row in RulePackVersion.objects.select_for_update().filter(pack=pack)
    }
    version = versions[version_id]
    if version.status != RulePackVersion.Status.DRAFT:
        raise Refused(_("This version was activated before; write a new one from it."))
    if version.created_by_id == actor.pk:
        raise OwnRequest(_("You wrote this version; somebody else must activate it."))
    before = next((row for row in versions.values() if row.status == "active"), None)
    _put_in_force(version, before, actor)
    return request_examination(pack=pack, requested_by=actor)


@transaction.atomic
def discard_version(*, version_id: uuid.UUID, actor: User) -> RulePackVersion:
    """Retire a version that was never activated; raises PermissionDenied or Refused."""
    require(actor, "content.add_rulepackversion")
    version = RulePackVersion.objects.select_for_update().get(pk=version_id)
    if version.status != RulePackVersion.Status.DRAFT:
        raise Refused(_("Only a version that is not active yet can be discarded."))
    version.status = RulePackVersion.Status.RETIRED
    version.save(update_fields=["status"])
    record_audit(actor=actor, verb="discard_rule_pack", target=version)
    return version


@transaction.atomic
def seed_rule_packs() -> None:
    """Put the built-in packs in force where a pack has no version; offer them where they changed.

    A shop's own rules are never replaced: a later built-in pack waits as a version to activate.
    """
    hold_lock(LOCK)
    for pack in PACKS:
        text = builtin_text(pack)
        versions = RulePackVersion.objects.filter(pack=pack)
        if versions.filter(created_by=None, rules=text).exists():
            continue
        is_first = not versions.exists()
        version = RulePackVersion.objects.create(
            pack=pack, number=_next_number(pack), rules=text, note=BUILTIN_NOTE
        )
        if is_first:
            version.status, version.activated_at = RulePackVersion.Status.ACTIVE, timezone.now()
            version.save(update_fields=["status", "activated_at"])


def _next_number(pack: str) -> int:
    last = RulePackVersion.objects.filter(pack=pack).aggregate(last=Max("number"))["last"]
    return int(last or 0) + 1


def _put_in_force(version: RulePackVersion, before: RulePackVersion | None, actor: User) -> None:
    if before is not None:
        before.status = RulePackVersion.Status.RETIRED
        before.save(update_fields=["status"])
    version.status = RulePackVersion.Status.ACTIVE
    version.activated_by, version.activated_at = actor, timezone.now()
    version.save(update_fields=["status", "activated_by", "activated_at"])
    details = {"pack": version.pack, "number": version.number}
    details |= {"before": before.number} if before else {}
    record_audit(actor=actor, verb="activate_rule_pack", target=version, details=details)
