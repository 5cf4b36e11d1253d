"""`reference/command-line.md` is what the parsers say, and the JSON what the commands print."""

import argparse
import ast
import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from handler.cli import connections
from handler.cli.answers import PERMISSIONS as HEALTH_PERMISSIONS
from handler.cli.causes import KINDS
from handler.cli.causes import UNKNOWN as UNKNOWN_CAUSE
from handler.cli.connect import PERMISSIONS
from handler.cli.connections import MISSING, OK, UNKNOWN, Check
from handler.cli.dropping import Drop, NamedMessage
from handler.cli.errors import FAILED, OUTPUT_LOST, PIPE_CLOSED, USAGE_ERROR
from handler.cli.exchange import exported
from handler.cli.facts import (
    AlarmState,
    CollectionSize,
    Counted,
    DeployedFunction,
    EventMapping,
    FailureCause,
    LogCount,
    ResourceState,
    RoleRights,
    SourceBucket,
    StackFacts,
    Subscribers,
    Unknown,
    WaitingFailures,
    WaitingQueue,
)
from handler.cli.failed_events import examined
from handler.cli.failure_groups import grouped
from handler.cli.failure_rows import described_failure
from handler.cli.healthiness import Healthiness
from handler.cli.job_files import BackfillJob
from handler.cli.jobs import end
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import Emulator
from handler.cli.main import COMMANDS as TABLE
from handler.cli.main import main, parser
from handler.cli.notifications import Destination
from handler.cli.readings import LAMBDA_METRICS, OWN_METRICS
from handler.cli.redriving import Kept
from handler.cli.reviewing import Sums
from handler.cli.stacks import DeployedStack
from handler.cli.status_document import document
from handler.cli.stopping import SIGNALS
from handler.cli.troubles import Trouble
from tests.alarms import AWS_METRICS
from tests.deployments import FakeDeployment
from tests.docs.markdown import REFERENCE, ROOT, Row, code, names, table, tables
from tests.pictures import jpeg, near_copy, photo
from tests.unit.cli.failures import RECORD, message

PAGE = "command-line.md"


def commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and verb, with its parser."""
    further = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not further:
        yield parser.prog, parser
    for action in further:
        for one in action.choices.values():
            yield from commands(one)


COMMANDS = dict(commands(parser(TABLE)))


def arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not isinstance(action, argparse._HelpAction)]


def shown(action: argparse.Action) -> str:
    """How the page writes an argument."""
    choices = f"{{{','.join(action.choices)}}}" if action.choices else action.dest.upper()
    name = str(action.metavar or choices)
    if action.option_strings:
        return " ".join([", ".join(action.option_strings), name] if action.nargs != 0 else action.option_strings)
    return {"+": f"{name} ...", "?": f"[{name}]"}.get(str(action.nargs), name)


def assert_default(action: argparse.Action, documented: str) -> None:
    """What no default says, the help text has to."""
    if action.nargs == 0:
        assert documented == "off"
    elif action.default is not None:
        assert documented == f"`{action.default}`"
    else:
        assert [word for word in code(documented) if word not in (action.help or "")] == []


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    headings = [line for line in (REFERENCE / PAGE).read_text().splitlines() if line.startswith("#") and "`" in line]
    titles = [code(heading)[0] for heading in headings]

    assert [title for title in titles if not any(name.startswith(title) for name in COMMANDS)] == []
    assert [name for name in COMMANDS if name not in titles] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_and_defaults(name: str) -> None:
    actions = arguments(COMMANDS[name])
    documented: list[Row] = table(PAGE, f"`{name}`") if actions else []

    assert [code(row[0])[0] for row in documented] == [shown(action) for action in actions]
    for action, row in zip(actions, documented, strict=True):
        assert_default(action, row[1])


def test_every_exit_status_that_a_help_names_is_in_the_table() -> None:
    named = {status for one in COMMANDS.values() for status in statuses(str(one.epilog))}
    documented = {status for row in tables(PAGE, "Command line")[0] for status in row[0].split(", ")}

    assert named == documented
    ours = {OUTPUT_LOST, PIPE_CLOSED, USAGE_ERROR, FAILED, *(128 + signal for signal in SIGNALS)}
    assert {str(status) for status in ours} == documented - {"0"}


def statuses(epilog: str) -> Iterator[str]:
    for line in epilog.partition("exit status:\n")[2].partition("\n\n")[0].splitlines():
        if found := re.match(r"  (\d+(?:, \d+)*)  ", line):
            yield from found[1].split(", ")


# --- JSON ---


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, picture in (("a.jpg", photo(1)), ("b.jpg", near_copy(photo(1)))):
        (tmp_path / name).write_bytes(jpeg(picture))
    return [str(tmp_path / name) for name in ("a.jpg", "b.jpg")]


@pytest.mark.parametrize("command", ["hash", "pairs", "compare"])
def test_fields_of_json_about_files(command: str, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    main([command, "--json", *files])

    document = json.loads(capsys.readouterr().out.splitlines()[0])
    assert names(tables(PAGE, f"`lookalike {command}`")[1]) == list(document)


def test_fields_of_json_about_a_bill(capsys: pytest.CaptureFixture[str]) -> None:
    main(["bill", "--json", "--pictures", "1000", "--uploads", "10"])

    bill = json.loads(capsys.readouterr().out)
    documented = {code(name)[0]: code(what) for name, what in tables(PAGE, "`lookalike bill`")[1]}
    assert list(documented) == list(bill)
    assert documented["items"] == list(bill["items"][0])
    assert documented["counts"][:5] == list(bill["counts"][0])
    assert documented["prices"] == list(bill["prices"])


def test_fields_of_json_about_an_entry_of_a_list() -> None:
    record = FakeDeployment(generation="look1").listed("a.jpg", jpeg(photo(1)))

    assert names(tables(PAGE, "`lookalike list export`")[1]) == list(exported(record))


def test_fields_of_json_about_the_failure_queue() -> None:
    rows = tables(PAGE, "`lookalike redrive`")[1]
    documented = {code(name)[0]: code(what) for name, what in rows}

    failure = described_failure(examined(message(json.dumps(RECORD))))
    assert documented["waiting"][1:] == list(failure)
    assert documented["kept"] == list(asdict(Kept("m", "why")))
    assert list(documented) == ["sent", "waiting", "kept", "left", "before"]


def test_fields_of_json_about_what_waits_by_cause() -> None:
    _, of_all, of_group, causes, *_ = tables(PAGE, "`lookalike failures`")
    (group,) = grouped([examined(message(json.dumps(RECORD)))])
    described = group.describe()

    assert names(of_all) == ["groups", "looked_at", "left", "about", "hidden"]
    assert names(of_group) == list(described)
    assert code(table_row(of_group, "example")[1]) == list(described["example"])
    assert [(code(name)[0], code(page)[0]) for name, _, _, page in causes] == [
        (kind.name, f"{kind.page}.md") for kind in (*KINDS, UNKNOWN_CAUSE)
    ]


def test_fields_of_json_about_a_connection() -> None:
    (row,) = tables(PAGE, "`lookalike connect`")[2]
    others = table_row(tables(PAGE, "`lookalike connect`")[1], "others")

    assert code(others[1]) == list(Destination._fields)
    assert [word for word in code(row[1]) if word not in (OK, MISSING, UNKNOWN)] == list(asdict(Check("c", OK, "")))


def test_checks_of_a_connection() -> None:
    documented = names(tables(PAGE, "`lookalike connect`")[3])

    source = ast.parse(inspect.getsource(connections))
    named = [node.value for node in ast.walk(source) if isinstance(node, ast.Constant) and node.value in documented]
    assert set(named) == set(documented)


def test_permissions_that_connecting_needs() -> None:
    assert {code(row[0])[0] for row in tables(PAGE, "`lookalike connect`")[4]} == {*PERMISSIONS.values()}


def table_row(rows: list[Row], name: str) -> Row:
    return next(row for row in rows if code(row[0]) == [name])


def test_fields_of_json_about_dropped_messages() -> None:
    rows = tables(PAGE, "`lookalike redrive`")[2]
    documented = {code(name)[0]: code(what) for name, what in rows}

    assert list(documented) == [field.name for field in fields(Drop)]
    assert documented["found"] == [field.name for field in fields(NamedMessage)]


def test_fields_of_json_about_a_deployment() -> None:
    deployment = Deployment(Emulator("http://127.0.0.1:1", 1, Path()), {}, "url")

    described: dict[str, Any] = deployment.describe()
    assert names(tables(PAGE, "`lookalike local up`")[1]) == list(described)


def test_variables_of_a_deployment() -> None:
    rows = tables(PAGE, "`lookalike local up`")[2]
    outputs = {name: name for name in yaml_parse((ROOT / "template.yaml").read_text())["Outputs"]}

    variables = Deployment(Emulator("http://127.0.0.1:1", 1, Path()), outputs, "MessagesQueueUrl").variables
    assert {code(name)[0]: code(what)[0] for name, what in rows} == variables


def test_fields_of_json_about_a_job(capsys: pytest.CaptureFixture[str]) -> None:
    job = BackfillJob("1", "2026", "none", 1, outcomes={"indexed": 1})

    end(argparse.Namespace(json=True), job, None)

    told, groups = (
        names(found) for found in tables(PAGE, "`lookalike backfill`")[1:2] + tables(PAGE, "What a job tells")[1:]
    )
    assert told == list(json.loads(capsys.readouterr().out))
    assert groups == ["schema", "group", "scope", "best", "others", "pairs"]


def test_fields_of_json_about_the_health_of_a_stack() -> None:
    rows = tables(PAGE, "`lookalike status`")[1]
    documented = {code(name)[0]: code(re.sub(r"\([^)]*\)", "", what)) for name, what in rows}

    stack = DeployedStack("s", "CREATE_COMPLETE", {}, {})
    told = document(StackFacts(datetime.now(UTC), stack, "eu-west-1"))
    assert list(documented) == list(told)
    assert documented["stack"] == list(told["stack"])
    assert documented["troubles"] == list(Trouble._fields)
    assert documented["health"] == [one.name.lower() for one in sorted(Healthiness)]
    assert {name: documented[name] for name in FOUND} == {
        name: [field.name for field in fields(kind)] for name, kind in FOUND.items()
    }
    causes = [field.name for field in fields(FailureCause)]
    assert documented["failures"] == [*(field.name for field in fields(WaitingFailures)), *causes]


FOUND: dict[str, Any] = {
    "unknown": Unknown,
    "functions": DeployedFunction,
    "rights": RoleRights,
    "resources": ResourceState,
    "sources": SourceBucket,
    "subscribers": Subscribers,
    "collections": CollectionSize,
    "queues": WaitingQueue,
    "mappings": EventMapping,
    "lately": Counted,
    "logged": LogCount,
    "alarms": AlarmState,
}


def test_what_is_counted_lately_is_what_the_functions_and_lambda_count() -> None:
    ours = names(table("operating.md", "Metrics"))
    (lambdas,) = AWS_METRICS["AWS/Lambda"].values()

    assert set(OWN_METRICS) <= set(ours)
    assert set(LAMBDA_METRICS) <= lambdas


def test_permissions_that_the_health_of_a_stack_needs() -> None:
    assert names(tables(PAGE, "`lookalike status`")[2]) == list(dict.fromkeys(HEALTH_PERMISSIONS.values()))


def test_fields_of_json_about_reviews() -> None:
    of_decide, of_preview = (names(found) for found in tables(PAGE, "`lookalike decide`")[1:])

    assert of_preview == list(Sums._fields)
    assert (of_decide, names(tables(PAGE, "`lookalike groups`")[1])) == (["batch", "decisions"], ["groups"])
    assert names(tables(PAGE, "`lookalike decisions`")[1]) == ["objects", "contradicted"]
