"""What the roles of the functions need is what the template gives them; what IAM refuses is told."""

from typing import Any

import pytest

from handler.cli.rights import NEEDED, OF_EACH_BUCKET, rights
from tests.alarms import RESOURCES
from tests.unit.cli.failures import client_error
from tests.unit.cli.test_health import ACCOUNT, REGION, STACK

ROLES = {"events": "FunctionRole", "questions": "AskRole"}
OWN = STACK._replace(
    outputs=STACK.outputs | {f"{one}Arn": f"arn:aws:iam::{ACCOUNT}:role/lookalike-{one}-X" for one in ROLES.values()}
)


class Policies:
    """IAM, which allows all but some."""

    def __init__(self, *denied: str) -> None:
        self.denied = denied
        self.asked = list[tuple[str, str]]()

    def simulate_principal_policy(self, **asked: Any) -> dict[str, Any]:
        (resource,) = asked["ResourceArns"]
        self.asked += [(action, resource) for action in asked["ActionNames"]]
        decided = {True: "implicitDeny", False: "allowed"}
        return {
            "EvaluationResults": [
                {"EvalActionName": one, "EvalResourceName": resource, "EvalDecision": decided[one in self.denied]}
                for one in asked["ActionNames"]
            ]
        }


def statements(policy: dict[str, Any]) -> dict[str, set[str]]:
    """What a policy of the template allows under no condition, by the names of its statements."""
    listed = {one["Sid"]: one["Action"] for one in policy["PolicyDocument"]["Statement"] if "Condition" not in one}
    return {name: {actions} if isinstance(actions, str) else set(actions) for name, actions in listed.items()}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_needs_is_what_the_template_gives_it(role: str) -> None:
    (policy,) = RESOURCES[ROLES[role]]["Properties"]["Policies"]

    assert {name: set(actions) for name, actions in NEEDED[role].items()} == statements(policy)
    of_pictures = RESOURCES["PicturesReadPolicy"]["Properties"]
    assert {name: set(actions) for name, actions in OF_EACH_BUCKET.items()} == statements(of_pictures)


def test_role_that_may_do_all_lacks_nothing_and_is_asked_about_its_own_things() -> None:
    iam = Policies()

    found = rights(iam, OWN, "events")

    assert (found.name, found.there, found.missing) == ("lookalike-FunctionRole-X", True, ())
    assert {
        ("dynamodb:PutItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/pictures"),
        ("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:failure"),
        ("s3:GetObject", "arn:aws:s3:::photos/picture"),
        ("s3:ListBucket", "arn:aws:s3:::packs"),
        ("logs:PutLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:log:log-stream:any"),
    } <= set(iam.asked)


def test_right_that_was_taken_away_is_named_with_what_it_is_on() -> None:
    found = rights(Policies("sns:Publish"), OWN, "events")

    assert found.missing == (f"sns:Publish on {OWN.outputs['TopicArn']}",)


def test_role_that_was_deleted_is_not_there() -> None:
    class Gone:
        def simulate_principal_policy(self, **_: Any) -> dict[str, Any]:
            raise client_error("NoSuchEntity", "SimulatePrincipalPolicy")

    assert not rights(Gone(), OWN, "questions").there
