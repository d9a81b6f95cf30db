"""What the page of a plan shows: everybody accounted for, how far it is, and what shoppers read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from guidance.campaigns.models import (
    CampaignMessage,
    Delivery,
    PlanEntry,
    PushPlan,
    Verdict,
    Why,
)
from guidance.campaigns.models.campaigns import PRODUCT_TRIGGERS
from guidance.campaigns.rendering import money
from guidance.campaigns.selectors.deliveries import outbox_of
from guidance.campaigns.selectors.faults import audience_fault
from guidance.campaigns.selectors.open import benefit_title
from guidance.campaigns.selectors.plans import (
    differences,
    reworded,
    sending_span,
    shares,
    tallies,
)
from guidance.campaigns.selectors.snapshot import RECHECKS, snapshot
from guidance.campaigns.selectors.told_rules import caps_in_words, rule_in_words
from guidance.campaigns.services.composing import subject_of, words_of
from guidance.campaigns.services.looking import look_at_entries
from guidance.campaigns.wordings_page import wordings_of_plan
from guidance.core.models import User
from guidance.core.numbers import rounded

MOST_ENTRIES = 50
State = PushPlan.State


@dataclass(frozen=True)
class Preview:
    """One shopper's entry: what they read and when, or why they get nothing."""

    ref: str
    verdict: str
    is_sent: bool
    reason: str
    channel: str
    subject: str
    words: str
    send_at: Any


def plan_page(plan: PushPlan, *, query: QueryDict, person: User) -> dict[str, Any]:
    """Return what the template needs; a fixed number of statements whatever the audience."""
    verdict = _verdict(query.get("verdict", ""))
    ref = query.get("customer", "").replace("\0", "").strip()
    entries: Iterable[PlanEntry] = ()
    if ref or verdict is not None:
        entries = look_at_entries(
            plan=plan, verdict=verdict, ref=ref, most=MOST_ENTRIES, actor=person
        )
    first, last = sending_span(plan)
    told = tallies(plan)
    return {
        "plan": plan,
        "rules": _rules(plan) if plan.campaign.trigger else [],
        "tallies": told,
        "whole": sum(tally.shoppers for tally in told),
        "shares": shares(plan),
        "chosen_by": _chosen_by(plan),
        "results": wordings_of_plan(plan) if plan.state == State.APPROVED else [],
        "first": first,
        "last": last,
        "money": _money(plan),
        "outbox": _outbox(plan),
        "previews": _previews(plan, list(entries)),
        "asked": ref,
        "chosen": None if verdict is None else Verdict(verdict).label,
        "is_proposed": plan.state == State.PROPOSED,
        "is_building": plan.state == State.BUILDING,
        "is_own": plan.proposed_by_id == person.pk,
        "is_changed": plan.state in (State.PROPOSED, State.APPROVED)
        and snapshot(plan.campaign) != plan.frozen,
        "asks_again": plan.frozen.get("campaign", {}).get(RECHECKS, False),
        "audience_fault": _audience_fault(plan),
        "may_approve": person.has_perm("campaigns.approve_pushplan"),
        "may_propose": person.has_perm("campaigns.add_pushplan"),
        "may_stop": person.has_perm("campaigns.stop_campaign"),
        "others": plan.campaign.plans.exclude(pk=plan.pk).exclude(built_at=None)[:20],
        "compared": _compared(plan, query.get("against", "")),
    }


def _previews(plan: PushPlan, entries: Sequence[PlanEntry]) -> list[Preview]:
    caps = caps_in_words() if any(one.verdict == Verdict.CAP for one in entries) else ""
    return [preview_of(entry, plan, caps=caps) for entry in entries]


def preview_of(entry: PlanEntry, plan: PushPlan, *, caps: str = "") -> Preview:
    """Return what an entry means for its shopper, in words; `caps` are those of now."""
    verdict, message, campaign = Verdict(entry.verdict), entry.message, plan.campaign
    if verdict != Verdict.SEND or message is None:
        rule = rule_in_words(verdict, plan.frozen.get("campaign", {}), caps=caps)
        return Preview(entry.customer.ref, str(verdict.label), False, rule, "", "", "", None)
    words = words_of(
        message,
        campaign=campaign,
        offer=entry.offer,
        code=_code(entry),
        tier=entry.customer.tier,
    )
    return Preview(
        ref=entry.customer.ref,
        verdict=str(verdict.label),
        is_sent=True,
        reason=_reason(entry),
        channel=str(message.get_channel_display()),
        subject=subject_of(message),
        words=words,
        send_at=entry.send_at,
    )


def _chosen_by(plan: PushPlan) -> str:
    """Return how a plan's wordings were chosen, and in which arms, in words."""
    told = plan.choices.get("1")
    if told is None:
        return ""
    arms = ", ".join(f"{arm} {count:,}" for arm, count in plan.counts.get("arms", {}).items())
    if "state" in told:
        text = _(
            "Drawn by the bandit %(key)s, as it knew them when the plan was asked for: %(arms)s."
        )
    else:
        text = _("By the experiment %(key)s, in arms: %(arms)s.")
    return text % {"key": told["key"], "arms": arms or "–"}


def _reason(entry: PlanEntry) -> str:
    assert entry.message is not None
    told = {"variant": entry.message.variant, "language": entry.message.language}
    reason = _("Wording %(variant)s in %(language)s, at an hour outside quiet hours.") % told
    if entry.propensity < 1:
        chosen = _(" Chosen with a chance of %(chance)s %%: %(why)s.")
        chance = rounded(100 * entry.propensity, 1)
        reason += chosen % {"chance": chance, "why": entry.get_why_display()}
    elif entry.why != Why.ONLY:
        reason += _(" Why this wording: %(why)s.") % {"why": entry.get_why_display()}
    if entry.offer is not None:
        title = benefit_title(entry.offer, get_language() or "en")
        reason += _(" With the offer %(offer)s.") % {"offer": title}
    if entry.uplift is not None:
        points = _(" A message raises the chance of a response by about %(points)s points.")
        reason += points % {"points": f"{entry.uplift / 10:.1f}"}
    return reason


def _code(entry: PlanEntry) -> str:
    if entry.offer is None:
        return ""
    return _("one of the pool") if entry.offer.is_pooled else entry.offer.code


def _money(plan: PushPlan) -> list[str]:
    told, currency, language = plan.counts, plan.campaign.currency, get_language() or "en"
    lines = []
    if currency and told.get("cost"):
        cost = money(told["cost"], currency, language)
        lines.append(_("Expected to cost %(cost)s, offers and messages.") % {"cost": cost})
        if plan.campaign.budget is not None:
            budget = money(plan.campaign.budget, currency, language)
            lines.append(_("The budget is %(budget)s.") % {"budget": budget})
    if (responses := told.get("responses")) is not None:
        lines.append(
            _("The model expects %(count)s responses more than without it.") % {"count": responses}
        )
    return lines


def _rules(plan: PushPlan) -> list[str]:
    """Return a trigger's rule in words, a line for the trigger and one for each message."""
    campaign, frozen = plan.campaign, plan.frozen
    lines = [
        _("Set off when %(trigger)s, at most %(most)d messages a day.")
        % {"trigger": campaign.get_trigger_display(), "most": campaign.daily_maximum or 0}
    ]
    if campaign.trigger in PRODUCT_TRIGGERS:
        lines.append(
            _(
                "Title, price and link are those of the product that set it off, which is checked"
                " again as each message leaves."
            )
        )
    texts = {
        message.pk: message
        for message in CampaignMessage.objects.filter(step__campaign=campaign).select_related(
            "publication__product", "subject"
        )
    }
    waits = {step["number"]: step["wait_minutes"] for step in frozen["steps"]}
    for told in frozen["messages"]:
        message = texts.get(told["id"])
        if message is not None:
            number = told["step__number"]
            lines.append(
                _("Step %(number)d, after %(minutes)d minutes, %(channel)s: %(text)s")
                % {
                    "number": number,
                    "minutes": waits.get(number, 0),
                    "channel": message.get_channel_display(),
                    "text": words_of(message, campaign=campaign, offer=None, code="", tier=""),
                }
            )
    return lines


def _outbox(plan: PushPlan) -> list[dict[str, Any]]:
    if plan.state != State.APPROVED:
        return []
    return [
        {
            "state": state,
            "label": Delivery.State(state).label,
            "why": Verdict(reason).label if reason else "",
            "reason": reason,
            "count": count,
        }
        for (state, reason), count in sorted(outbox_of(plan).items())
    ]


def _compared(plan: PushPlan, against: str) -> dict[str, Any] | None:
    number = _number(against)
    other = plan.campaign.plans.filter(number=number).first() if number else None
    if other is None or other.pk == plan.pk:
        return None
    changed = differences(other, plan)
    count = sum(change.shoppers for change in changed)
    summary = ngettext(
        "%(count)d shopper is decided otherwise than in plan %(number)d.",
        "%(count)d shoppers are decided otherwise than in plan %(number)d.",
        count,
    ) % {"count": count, "number": other.number}
    return {
        "other": other,
        "summary": summary,
        "rows": _rows(changed),
        "figures": _figures(other, plan),
        "reworded": _reworded(other, plan),
    }


def _figures(other: PushPlan, plan: PushPlan) -> list[tuple[str, str, str]]:
    """Return what both plans come to: name, the other's, this one's."""
    both = (other, plan)
    sent = str(int(Verdict.SEND))
    told = [
        (_("Shoppers"), [rounded(sum(one.counts.get("verdicts", {}).values())) for one in both]),
        (_("Messages"), [rounded(one.counts.get("verdicts", {}).get(sent, 0)) for one in both]),
        (_("Expected cost"), [_cost(one) for one in both]),
        (_("Responses that the model expects more"), [_responses(one) for one in both]),
    ]
    return [(name, before, now) for name, (before, now) in told]


def _cost(plan: PushPlan) -> str:
    currency, cost = plan.campaign.currency, plan.counts.get("cost")
    return money(cost, currency, get_language() or "en") if currency and cost else "–"


def _responses(plan: PushPlan) -> str:
    count = plan.counts.get("responses")
    return "–" if count is None else rounded(count, 1)


def _reworded(other: PushPlan, plan: PushPlan) -> str:
    """Return in a sentence how messages differ of those who get one by both."""
    found = reworded(other, plan)
    if not found.both:
        return ""
    return _(
        "Of %(both)s who get a message by both: %(words)s other words, %(offer)s another offer,"
        " %(time)s at another time."
    ) % {name: rounded(count) for name, count in found._asdict().items()}


def _rows(changed: Sequence[Any]) -> list[tuple[str, str, int]]:
    outside = _("not in the audience")
    return [
        (
            str(one.before.label) if one.before is not None else outside,
            str(one.after.label) if one.after is not None else outside,
            one.shoppers,
        )
        for one in changed
    ]


def _audience_fault(plan: PushPlan) -> str:
    """Return why nobody can tell any more who is in an audience that is asked again."""
    campaign = plan.campaign
    is_asked = plan.state == State.APPROVED and campaign.rechecks_audience
    return audience_fault(campaign.audience) if is_asked and campaign.audience else ""


def _verdict(told: str) -> int | None:
    number = _number(told)
    return number if number in Verdict.values else None


def _number(told: str) -> int | None:
    return int(told) if told.isascii() and told.isdecimal() and len(told) < 9 else None
