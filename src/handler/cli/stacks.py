"""A deployed stack, as CloudFormation describes it."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from botocore.config import Config as ClientConfig

from handler.cli.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

STACK = "lookalike"  # as the documents call it


def patient(connections: int) -> ClientConfig:
    """Return how clients that make many calls wait and try again, on so many *connections*."""
    return ClientConfig(
        retries={"mode": "standard", "total_max_attempts": 5},
        connect_timeout=5,
        read_timeout=20,
        max_pool_connections=connections,
    )


class DeployedStack(NamedTuple):
    """What a stack of lookalike's has, and how it was deployed."""

    name: str
    status: str
    outputs: dict[str, str]
    parameters: dict[str, str]
    changed: datetime | None = None  # when it was deployed last
    reason: str = ""  # for its status, if CloudFormation gives one

    def output(self, name: str) -> str:
        """Return that output. Raises CommandError if it is no stack of lookalike's."""
        try:
            return self.outputs[name]
        except KeyError as error:
            raise CommandError(
                f"stack {self.name!r} ({self.status}) has no output {error}: "
                "it is not a stack of lookalike's, or not deployed yet"
            ) from error

    def parameter(self, name: str) -> str:
        """Return that parameter. Raises CommandError if the stack was deployed before there was such a one."""
        try:
            return self.parameters[name]
        except KeyError as error:
            raise CommandError(f"stack {self.name!r} has no parameter {error}: deploy it again") from error


def described(client: "CloudFormationClient", name: str) -> DeployedStack:
    """Return the stack *name*. Errors are botocore's."""
    (found,) = client.describe_stacks(StackName=name)["Stacks"]
    return DeployedStack(
        name,
        found["StackStatus"],
        {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])},
        {one["ParameterKey"]: one["ParameterValue"] for one in found.get("Parameters", [])},
        found.get("LastUpdatedTime") or found["CreationTime"],
        found.get("StackStatusReason", ""),
    )
