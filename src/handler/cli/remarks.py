"""What is worth knowing of a stack, and no trouble. Pure."""

from handler.cli.facts import ACTIVE, MISSING_STATE, AlarmState, StackFacts
from handler.cli.measures import counted
from handler.cli.troubles import ROLLED_BACK, memory_bytes

NEARLY_FULL = 0.8  # of JournalMemory, from which on it is remarked


def remarks(facts: StackFacts) -> list[str]:
    """Return what is worth knowing, and no trouble."""
    stack, found = facts.stack, list[str]()
    if stack.status.endswith("_IN_PROGRESS"):
        found.append(f"it is being deployed ({stack.status}): look again when that is over")
    if stack.status in ROLLED_BACK:
        found.append("the last deployment failed and was rolled back: what was there before it is what runs")
    for one in facts.subscribers:
        if not one.of_alarms and not one.confirmed:
            found.append("nobody is subscribed to the topic: matches are told to nobody (docs/how-to/subscribe.md)")
        if not one.of_alarms and one.pending:
            found.append(f"{counted(one.pending, 'subscription')} of the topic not confirmed: told of nothing yet")
    if facts.alarms == ():
        found.append("the stack has no alarms (Alarms is off): nobody is woken, and only this command tells")
    elif facts.alarms and not any(one.topics for one in facts.alarms):
        found.append("the alarms tell nobody: deploy with AlarmEmail or AlarmTopicArn")
    for kind, what in ((MISSING_STATE, "not there any more"), ("", "not enabled: nobody is told of them")):
        names = [one.alarm for one in facts.alarms or () if (one.state == kind if kind else _is_muted(one))]
        if names:
            found.append(f"{counted(len(names), 'alarm')} {what}: {', '.join(names)}")
    if stack.parameters.get("LogLevel") in ("WARNING", "ERROR"):
        found.append(f"LogLevel is {stack.parameters['LogLevel']}: searches and outcomes are not counted")
    if stack.parameters.get("JournalMemory") == "0":
        found.append("JournalMemory is 0: searches find no crops, and cost more")
    limit = memory_bytes(facts)
    for size in facts.collections:
        if size.missing_packs and not any(one.kind == "bucket" and one.state != ACTIVE for one in facts.resources):
            missing = f"{size.missing_packs:,} of {counted(size.packs, 'pack')}"
            found.append(f"scope {size.scope} ({size.generation}) lacks {missing}: the next new instance makes them")
        if limit and NEARLY_FULL * limit < size.memory_bytes <= limit:
            share = 100 * size.memory_bytes // limit
            found.append(f"scope {size.scope} ({size.generation}) takes {share} % of JournalMemory: raise it in time")
    return found


def _is_muted(one: AlarmState) -> bool:
    return one.state != MISSING_STATE and bool(one.topics) and not one.enabled
