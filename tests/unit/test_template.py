"""What the template promises that no deployment would show."""

import logging
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from aws_lambda_powertools import Logger
from samtranslator.yaml_helper import yaml_parse

from handler.aws.pairs import DynamoDBPairs
from handler.config import LISTS, BadConfiguration, Config
from handler.core.bill import COUNTS
from handler.core.entry import entry_bytes
from handler.core.filed import Copy, Filed
from handler.core.generations import GENERATIONS
from handler.core.look1 import LOOKS_RADIUS
from handler.core.matches import Likeness, NotedPair, Pair
from handler.core.model import Collection, MatchKind
from handler.core.verdicts import Subject
from handler.entries import room_for

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
PARAMETERS: dict[str, Any] = TEMPLATE["Parameters"]
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
OUTPUTS: dict[str, Any] = TEMPLATE["Outputs"]
COMMON: dict[str, Any] = TEMPLATE["Globals"]["Function"]  # what all functions have
VARIABLES: dict[str, Any] = COMMON["Environment"]["Variables"]
FUNCTIONS = ["LookalikeFunction", "AskFunction"]
ROLES = ["FunctionRole", "AskRole"]
FROM_RESOURCES = {
    "AWS::StackName": "lookalike",
    "BucketTable": "buckets",
    "PictureTable": "pictures",
    "PacksBucket": "packs",
    "MatchTopic": "arn:aws:sns:eu-west-1:1:topic",
    "IntakeQueue": "https://sqs.eu-west-1.amazonaws.com/1/intake",
}


def environment(**parameters: object) -> dict[str, str]:
    """The function's environment under *parameters*, and the defaults of the others."""
    values = FROM_RESOURCES | given() | parameters
    return {variable: str(resolved(value, values)) for variable, value in VARIABLES.items()}


def given(**parameters: str) -> dict[str, Any]:
    """All *parameters*, and the defaults of the others."""
    return {name: described["Default"] for name, described in PARAMETERS.items()} | parameters


def statements(role: str) -> list[dict[str, Any]]:
    """Every statement of every policy that allows something to the function with that *role*."""
    inline = [policy["PolicyDocument"] for policy in RESOURCES[role]["Properties"]["Policies"]]
    apart = [policy["Properties"] for policy in of_type("AWS::IAM::Policy").values()]
    documents = [*inline, *(policy["PolicyDocument"] for policy in apart if {"Ref": role} in policy["Roles"])]
    return [statement for document in documents for statement in document["Statement"]]


def of_sid(policy: str, sid: str) -> dict[str, Any]:
    """The statement *sid* of a policy, whatever condition it depends on."""
    document = RESOURCES[policy]["Properties"]["PolicyDocument"]
    found = [one.get("Fn::If", [None, one])[1] for one in document["Statement"]]
    return next(one for one in found if one["Sid"] == sid)


def made(**parameters: str) -> set[str]:
    """The logical ids of all that a stack has under *parameters*."""
    values = given(**parameters)
    return {
        name
        for name, one in RESOURCES.items()
        if "Condition" not in one or resolved({"Condition": one["Condition"]}, values)
    }


def allowed(role: str) -> dict[str, Any]:
    return {statement["Sid"]: statement["Action"] for statement in statements(role)}


def of_type(kind: str) -> dict[str, Any]:
    return {name: resource for name, resource in RESOURCES.items() if resource["Type"] == kind}


def test_what_comes_again_is_not_taken_for_a_loop() -> None:
    """Lambda ends a chain of function, queue and the same function at the 16th time, unless it is told to allow it."""
    assert RESOURCES["LookalikeFunction"]["Properties"]["RecursiveLoop"] == "Allow"


def test_lists_that_the_template_takes_are_those_that_the_function_takes() -> None:
    assert PARAMETERS["Lists"]["AllowedPattern"] == f"^({LISTS})?$"


def test_defaults_are_a_good_configuration() -> None:
    config = Config.from_env(environment())

    settings = config.settings
    assert (settings.radius, settings.scope_depth, settings.max_matches) == (LOOKS_RADIUS, 0, 20)
    assert config.endpoint_url is None


def test_bill_knows_how_large_a_scope_is_before_it_is_in_the_buckets() -> None:
    config = Config.from_env(
        environment() | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(PARAMETERS["MemorySize"]["Default"])}
    )
    size = entry_bytes(GENERATIONS[config.settings.generation].word_count)

    largest, more = (room_for(int(COUNTS.buckets_from * share)) * size for share in (0.99, 1.01))

    assert largest < config.buckets_from_bytes < more


@pytest.mark.parametrize("end", ["MinValue", "MaxValue"])
@pytest.mark.parametrize(
    "name",
    ["Radius", "ScopeDepth", "MaxMatches", "MaxBytes", "MaxPixels", "JournalMemory", "BucketsFrom", "JournalShards"],
)
def test_function_accepts_both_ends_of_each_range(name: str, end: str) -> None:
    Config.from_env(environment(**{name: PARAMETERS[name][end]}))


@pytest.mark.parametrize("orientations", PARAMETERS["Orientations"]["AllowedValues"])
@pytest.mark.parametrize("also", PARAMETERS["AlsoGeneration"]["AllowedValues"])
@pytest.mark.parametrize("generation", PARAMETERS["Generation"]["AllowedValues"])
def test_rules_refuse_what_the_function_would_refuse(generation: str, also: str, orientations: str) -> None:
    chosen = given(Generation=generation, AlsoGeneration=also, Orientations=orientations)

    deploys = all(
        resolved(assertion["Assert"], chosen)
        for rule in TEMPLATE["Rules"].values()
        if resolved(rule.get("RuleCondition", True), chosen)
        for assertion in rule["Assertions"]
    )

    if deploys:
        Config.from_env(environment(**chosen))
    else:
        with pytest.raises(BadConfiguration):
            Config.from_env(environment(**chosen))


@pytest.mark.parametrize("max_bytes", [PARAMETERS["MaxBytes"][end] for end in ("MinValue", "MaxValue")])
def test_smallest_function_takes_every_size_of_file(max_bytes: int) -> None:
    memory = {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(PARAMETERS["MemorySize"]["MinValue"])}

    assert Config.from_env(environment(MaxBytes=max_bytes) | memory).journal_memory_mb >= 128


def test_everything_that_people_see_is_described() -> None:
    seen = [*PARAMETERS.items(), *OUTPUTS.items()]

    assert [name for name, described in seen if not described.get("Description")] == []


@pytest.mark.parametrize("role", ROLES)
def test_function_is_allowed_nothing_by_wildcard(role: str) -> None:
    for statement in statements(role):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]

        assert not [action for action in actions if "*" in action]
        assert statement["Resource"] != "*"


def test_function_may_do_exactly_this() -> None:
    assert allowed("FunctionRole") == {
        "Read": ["s3:GetObject", "s3:GetObjectVersion"],
        "MissingKeysAnswer404": ["s3:ListBucket", "s3:ListBucketVersions"],
        "Buckets": ["dynamodb:UpdateItem", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
        "Pictures": [
            *("dynamodb:BatchGetItem", "dynamodb:PutItem"),
            *("dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"),
        ],
        "Packs": ["s3:GetObject", "s3:PutObject"],
        "MissingPacksAnswer404": "s3:ListBucket",
        "Announce": "sns:Publish",
        "Failures": "sqs:SendMessage",
        "Intake": ["sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
        "Decrypt": "kms:Decrypt",
        "Log": ["logs:CreateLogStream", "logs:PutLogEvents"],
    }


def test_function_that_answers_questions_writes_verdicts_packs_and_its_log_alone() -> None:
    assert allowed("AskRole") == {
        "Read": ["s3:GetObject", "s3:GetObjectVersion"],
        "MissingKeysAnswer404": ["s3:ListBucket", "s3:ListBucketVersions"],
        "Decrypt": "kms:Decrypt",
        "Buckets": ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
        "Pictures": ["dynamodb:BatchGetItem", "dynamodb:Query"],
        "Reviews": "dynamodb:Query",
        "Verdicts": ["dynamodb:PutItem", "dynamodb:DeleteItem"],
        "OpenAndClosedPairs": "dynamodb:UpdateItem",
        "Packs": ["s3:GetObject", "s3:PutObject"],
        "MissingPacksAnswer404": "s3:ListBucket",
        "Log": ["logs:CreateLogStream", "logs:PutLogEvents"],
    }
    packs = next(one for one in statements("AskRole") if one["Sid"] == "Packs")
    assert packs["Resource"] == {"Fn::Sub": "${PacksBucket.Arn}/*"}


class Recording:
    """A table's client that keeps the updates it is asked for."""

    class exceptions:  # noqa: N801 - boto3's name
        ConditionalCheckFailedException = LookupError

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []

    def update_item(self, **request: Any) -> None:
        self.updates.append(request)


KEYWORDS = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT"}


def attributes(request: dict[str, Any]) -> set[str]:
    """What `dynamodb:Attributes` is of a request: the names in its key and in its expressions, placeholders undone."""
    expressions = " ".join(text for name, text in request.items() if name.endswith("Expression"))
    words = set(re.findall(r"(?<![:\w])#?\w+", expressions)) - KEYWORDS
    placeholders = request.get("ExpressionAttributeNames", {})
    functions = set(re.findall(r"(\w+)\(", expressions))
    return {placeholders.get(word, word) for word in words - functions} | set(request["Key"])


def test_function_that_answers_questions_may_change_of_a_pair_what_reviews_change_and_no_more() -> None:
    client, pair = Recording(), Pair(f"{'a' * 32}#A", f"{'b' * 32}#B")
    pairs, collection = DynamoDBPairs(cast(Any, client), "pictures"), Collection("*", "look1")
    likeness = Likeness(MatchKind.NEAR, 3)
    pairs.set_aside(collection, pair, Subject("a", "b"))
    pairs.reopen(collection, pair)
    pairs.close(collection, pair)
    moved = set().union(*map(attributes, client.updates))
    with suppress(TypeError):  # nothing comes back
        pairs.note_pair(collection, pair, NotedPair(likeness, finder="a"))
    copy = Copy("pictures", "a.jpg", None, 1, 1, "JPEG", 1, "")
    pairs.mark_announced(collection, Filed(pair, (copy, copy), likeness, "a", "2026-01-01T00:00:00+00:00"))
    others = [attributes(request) for request in client.updates[3:]]

    (statement,) = [one for one in statements("AskRole") if one["Sid"] == "OpenAndClosedPairs"]

    condition = statement["Condition"]
    assert condition["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["*#p#*"]}
    assert set(condition["ForAllValues:StringEquals"]["dynamodb:Attributes"]) == moved
    assert [names <= moved for names in others] == [False, False]


def test_functions_are_one_code_in_one_layer_with_roles_of_their_own() -> None:
    own = [RESOURCES[name]["Properties"] for name in FUNCTIONS]

    assert [one["Role"]["Fn::GetAtt"] for one in own] == [[role, "Arn"] for role in ROLES]
    assert not [one for one in own if one.keys() & COMMON.keys()]
    assert all((ROOT / "src" / Path(*one["Handler"].split(".")[:-1]).with_suffix(".py")).is_file() for one in own)


@pytest.mark.parametrize("level", PARAMETERS["LogLevel"]["AllowedValues"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_lambda_lets_the_lines_pass_that_the_function_writes(
    name: str, level: str, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """And none of its own but warnings: three lines for each invocation would cost as much as the function's."""
    logging_config = RESOURCES[name]["Properties"]["LoggingConfig"]
    mapping, parameter, key = logging_config["ApplicationLogLevel"]["Fn::FindInMap"]
    lets_pass = TEMPLATE["Mappings"][mapping][level][key]
    monkeypatch.setenv("AWS_LAMBDA_LOG_LEVEL", lets_pass)
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", level)

    assert (logging_config["LogFormat"], logging_config["SystemLogLevel"]) == ("JSON", "WARN")
    assert (parameter, VARIABLES["POWERTOOLS_LOG_LEVEL"]) == ({"Ref": "LogLevel"}, {"Ref": "LogLevel"})
    assert logging.getLevelName(Logger(service=f"{name} at {level}").log_level) == level
    assert not recwarn.list


def test_url_takes_signed_requests_alone_and_can_be_switched_off() -> None:
    (url,) = of_type("AWS::Lambda::Url").values()

    assert url["Properties"] == {"TargetFunctionArn": {"Fn::GetAtt": ["AskFunction", "Arn"]}, "AuthType": "AWS_IAM"}
    for chosen in PARAMETERS["AskUrl"]["AllowedValues"]:
        there = [resolved({"Condition": one["Condition"]}, {"AskUrl": chosen}) for one in (url, OUTPUTS["AskUrl"])]
        assert there == [chosen == "on"] * 2


@pytest.mark.parametrize(
    "name",
    ["PicturesBucket", "PacksBucket", "BucketTable", "PictureTable", "IntakeQueue", "FailureQueue"],
)
def test_what_holds_data_outlives_the_stack_but_not_a_failed_first_deployment(name: str) -> None:
    policies = RESOURCES[name]["DeletionPolicy"], RESOURCES[name]["UpdateReplacePolicy"]

    assert policies == ("RetainExceptOnCreate", "Retain")


def test_tables_cost_nothing_idle_and_can_be_restored() -> None:
    for table in of_type("AWS::DynamoDB::Table").values():
        properties = table["Properties"]

        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize(
    "name",
    [
        "PicturesBucketPolicy",
        "PacksBucketPolicy",
        "MatchTopicPolicy",
        "FailureQueuePolicy",
        "IntakeQueuePolicy",
    ],
)
def test_plain_http_is_refused(name: str) -> None:
    statement = of_sid(name, "TlsOnly")

    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


# --- where pictures come from ---

KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab"
EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]


@pytest.mark.parametrize(
    ("intake", "kind", "to"),
    [
        ("direct", "LambdaConfigurations", ("Function", "LookalikeFunction")),
        ("queue", "QueueConfigurations", ("Queue", "IntakeQueue")),
    ],
)
def test_every_change_of_the_bucket_reaches_the_function(intake: str, kind: str, to: tuple[str, str]) -> None:
    configuration = RESOURCES["PicturesBucket"]["Properties"]["NotificationConfiguration"]

    found = resolved(configuration, given(Intake=intake))

    assert list(found) == [kind]
    assert [one["Event"] for one in found[kind]] == EVENTS
    assert all(one[to[0]] == {"Fn::GetAtt": [to[1], "Arn"]} for one in found[kind])


def test_both_ways_in_are_open_whatever_is_chosen() -> None:
    """An update changes the bucket's configuration alone, and what is on its way by the other is still taken."""
    assert made(Intake="direct") == made(Intake="queue")
    assert made() >= {"PicturesInvokePermission", "IntakeQueue", "IntakeQueuePolicy", "IntakeMapping"}
    assert RESOURCES["PicturesBucket"]["DependsOn"] == ["PicturesInvokePermission", "IntakeQueuePolicy"]


@pytest.mark.parametrize("timeout", PARAMETERS["Timeout"]["AllowedValues"])
def test_message_is_out_of_sight_for_six_timeouts(timeout: int) -> None:
    assert TEMPLATE["Mappings"]["Visibility"][str(timeout)]["seconds"] == 6 * timeout
    assert RESOURCES["IntakeQueue"]["Properties"]["VisibilityTimeout"] == {
        "Fn::FindInMap": ["Visibility", {"Ref": "Timeout"}, "seconds"]
    }


def test_message_that_fails_ten_times_goes_to_the_failure_queue() -> None:
    queue, mapping = (RESOURCES[name]["Properties"] for name in ("IntakeQueue", "IntakeMapping"))

    assert queue["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["FailureQueue", "Arn"]},
        "maxReceiveCount": 10,
    }
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["IntakeQueue", "Arn"]}
    assert mapping["FunctionName"] == {"Ref": "LookalikeFunction"}


def test_existing_buckets_take_the_place_of_one_of_its_own() -> None:
    usual, other = made(), made(ExistingBuckets="one,two")

    assert usual - other == {"PicturesBucket", "PicturesBucketPolicy"}
    assert other - usual == {"ExistingBucketsRule", "BusEventsLostAlarm"}
    assert OUTPUTS["PicturesBucket"]["Condition"] == RESOURCES["PicturesBucket"]["Condition"]


def test_tables_that_are_named_take_the_place_of_those_of_its_own() -> None:
    named = {"BucketTableName": "old-buckets", "PictureTableName": "old-pictures"}

    assert made() - made(**named) == {"BucketTable", "PictureTable"}
    variables = environment(**named)
    assert (variables["BUCKET_TABLE"], variables["PICTURE_TABLE"]) == ("old-buckets", "old-pictures")
    for table, name in named.items():
        assert resolved(OUTPUTS[table]["Value"], given(**named)) == name


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        ("ExistingBuckets", ["", "one", "one,two.three-4"], ["One", "one, two", "one,", "a", "-one"]),
        (
            "KmsKeyArns",
            ["", KEY, f"{KEY},{KEY}"],
            ["alias/pictures", "arn:aws:kms:eu-west-1:111122223333:alias/pictures", "arn:aws:s3:::one"],
        ),
        ("BucketTableName", ["", "lookalike-BucketTable-1ABC"], ["ab", "a b", "arn:aws:dynamodb:::table/a"]),
    ],
)
def test_names_that_the_template_takes(parameter: str, good: list[str], bad: list[str]) -> None:
    pattern = PARAMETERS[parameter]["AllowedPattern"]

    assert [value for value in good if not re.fullmatch(pattern, value)] == []
    assert [value for value in bad if re.fullmatch(pattern, value)] == []


@pytest.mark.parametrize(
    ("named", "deploys"),
    [(("", ""), True), (("buckets", "pictures"), True), (("buckets", ""), False), (("", "pictures"), False)],
)
def test_one_table_is_not_named_without_the_other(named: tuple[str, str], deploys: bool) -> None:
    values = given(BucketTableName=named[0], PictureTableName=named[1])
    assertions = TEMPLATE["Rules"]["TablesAreNamedTogether"]["Assertions"]

    assert all(resolved(one["Assert"], values) for one in assertions) == deploys


@pytest.mark.parametrize("kind", ["Imaging", "Heic"])
def test_each_architecture_has_a_layer_of_each_kind(kind: str) -> None:
    layers = {name: layer for name, layer in of_type("AWS::Serverless::LayerVersion").items() if name.startswith(kind)}
    makefile = (ROOT / "layers" / "Makefile").read_text()

    architectures = [layer["Properties"]["CompatibleArchitectures"] for layer in layers.values()]
    assert sorted(architectures) == sorted([name] for name in PARAMETERS["Architecture"]["AllowedValues"])
    assert all(re.search(rf"^{kind.upper()} := .*build-{name}\b", makefile, re.MULTILINE) for name in layers)


@pytest.mark.parametrize("heic", ["false", "true"])
@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_function_has_the_layers_of_its_architecture_and_heic(architecture: str, heic: str) -> None:
    chosen = {"Architecture": architecture, "Heic": heic}

    attached = resolved(COMMON["Layers"], chosen)
    layers = {
        name: layer
        for name, layer in of_type("AWS::Serverless::LayerVersion").items()
        if resolved({"Condition": layer["Condition"]}, chosen)
    }

    assert attached == list(layers)
    assert {tuple(layer["Properties"]["CompatibleArchitectures"]) for layer in layers.values()} == {(architecture,)}
    assert len(layers) == (2 if heic == "true" else 1)


def resolved(value: Any, parameters: dict[str, str]) -> Any:
    """*value* of the template under *parameters*; a resource stands for itself."""
    match value:
        case {"Ref": name}:
            return parameters.get(name, name)
        case {"Condition": name}:
            return resolved(TEMPLATE["Conditions"][name], parameters)
        case {"Fn::Equals": [left, right]}:
            return resolved(left, parameters) == resolved(right, parameters)
        case {"Fn::Not": [condition]}:
            return not resolved(condition, parameters)
        case {"Fn::And": conditions}:
            return all(resolved(condition, parameters) for condition in conditions)
        case {"Fn::Or": conditions}:
            return any(resolved(condition, parameters) for condition in conditions)
        case {"Fn::If": [condition, then, otherwise]}:
            return resolved(then if resolved({"Condition": condition}, parameters) else otherwise, parameters)
        case list():
            return [resolved(part, parameters) for part in value]
        case _:
            return value
