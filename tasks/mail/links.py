"""The links and the addresses for answers that go into a morning's mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dondoc.mail.links import LinkMaker
from dondoc.mail.notices import Notice
from dondoc.mail.reply_addresses import ReplyTo, answerable
from dondoc.obligations.checkpoints import links_hold_until
from dondoc.plan.plan import Plan
from tasks.config.run_context import RunContext


def link_of(context: RunContext, plans: Mapping[str, Plan]) -> Callable[[Notice], str] | None:
    """What makes the links of notices, each as its own plan's; None where no portal can be reached or no secret signs them."""
    makers = {plan.id: link_maker(context, plan) for plan in plans.values()}
    if not all(makers.values()):
        return None

    def link(notice: Notice) -> str:
        maker = makers[notice.occurrence.plan]
        assert maker is not None
        return maker(notice)

    return link


def link_maker(context: RunContext, plan: Plan) -> LinkMaker | None:
    """What makes the links of this plan's notices; None where no portal can be reached or no secret signs them."""
    chosen, policy = context.settings, context.rules.policy
    if not chosen.base_url or not chosen.link_secret:
        return None
    closes = links_hold_until(plan.year, context.today, policy, context.rules.calendar)
    return LinkMaker(chosen.base_url, chosen.link_secret, closes, policy.zone)


def reply_addresses(reply_to: ReplyTo | None) -> Callable[[Notice], str | None] | None:
    """What gives a notice its own address for answers; None where answers by mail are not set up."""
    if reply_to is None:
        return None

    def address(notice: Notice) -> str | None:
        return (
            reply_to.address(reply_to.of_duty(notice.occurrence.id, notice.recipient)) if answerable(notice) else None
        )

    return address
