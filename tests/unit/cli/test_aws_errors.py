import re

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from handler.cli.aws_errors import explain
from tests.unit.cli.failures import client_error


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (NoCredentialsError(), "no AWS credentials .* aws sso login"),
        (NoRegionError(), "no AWS region: set AWS_DEFAULT_REGION"),
        (EndpointConnectionError(endpoint_url="http://x"), "no answer: .* check the connection"),
        (
            client_error("ValidationError", "DescribeStacks", "Stack with id s does not exist"),
            "no stack 's' in eu-west-1: name it with --stack",
        ),
        (
            client_error("AccessDenied", "DescribeStacks"),
            "no permission: ask for cloudformation:DescribeStacks, or give --function",
        ),
        (client_error("AccessDeniedException", "Invoke"), "no permission: ask for lambda:InvokeFunction"),
        (client_error("ExpiredToken", "ReceiveMessage"), "refused the credentials: renew them"),
        (client_error("AWS.SimpleQueueService.NonExistentQueue", "GetQueueAttributes"), "no such queue in eu-west-1"),
        (client_error("ResourceNotFoundException", "Invoke"), "no such function in eu-west-1"),
        (
            client_error("ResourceNotFoundException", "Query"),
            "there is no such table in eu-west-1: lookalike status --stack s says what else",
        ),
        (client_error("ResourceNotFoundException", "FilterLogEvents"), "there is no such log group in eu-west-1"),
        (client_error("ResourceNotFoundException", "GetFunctionConfiguration"), "there is no such function in"),
        (client_error("ResourceNotFoundException", "GetSecretValue"), "^An error occurred"),
    ],
)
def test_error_is_one_line_with_its_cure(error: BotoCoreError | ClientError, line: str) -> None:
    said = explain(error, stack="s", region="eu-west-1")

    assert "\n" not in said
    assert re.search(line, said)
