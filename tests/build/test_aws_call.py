"""What AWS's tools really write when they may not, or cannot, reach it."""

import pytest

from cicd.build.log.aws_call import aws_hint

CREDENTIALS = "wanted credentials, and the build has none"


@pytest.mark.parametrize(
    ("command", "output", "said"),
    [
        (
            "aws s3 cp a s3://b/",
            "upload failed: ./a to s3://b/a Unable to locate credentials",
            f"'aws s3 cp' {CREDENTIALS}",
        ),
        (
            "aws --region eu-west-1 sts get-caller-identity",
            (
                "\nUnable to locate credentials. You can configure credentials by running "
                '"aws configure".'
            ),
            f"'aws sts get-caller-identity' {CREDENTIALS}",
        ),
        (
            "A=$(aws ssm get-parameter --name x)",
            (
                "Error when retrieving credentials from container-role: Error retrieving "
                "metadata: Received error when attempting to retrieve container metadata: "
                'Connect timeout on endpoint URL: "http://169.254.170.2/v2/credentials/0f3c"'
            ),
            f"'aws ssm get-parameter' {CREDENTIALS}",
        ),
        (
            "python deploy.py",
            (
                "Traceback (most recent call last):\n"
                "botocore.exceptions.NoCredentialsError: Unable to locate credentials"
            ),
            f"The command {CREDENTIALS}",
        ),
        (
            "terraform apply",
            (
                "Error: error configuring Terraform AWS Provider: no valid credential sources\n"
                "NoCredentialProviders: no valid providers in chain. Deprecated."
            ),
            f"The command {CREDENTIALS}",
        ),
        (
            "./tool",
            (
                "operation error S3: ListBuckets, https response error StatusCode: 0, "
                "RequestID: , HostID: , get identity: get credentials: failed to "
                "refresh cached credentials, no EC2 IMDS role found, operation error ec2imds: "
                "GetMetadata, canceled"
            ),
            f"ListBuckets of S3 {CREDENTIALS}",
        ),
        (
            "node x.js",
            "CredentialsProviderError: Could not load credentials from any providers",
            f"The command {CREDENTIALS}",
        ),
        (
            "mvn deploy",
            "Unable to load AWS credentials from any provider in the chain",
            f"The command {CREDENTIALS}",
        ),
        (
            "cdk deploy",
            (
                "Need to perform AWS calls for account 123456789012, but no credentials have been "
                "configured"
            ),
            f"The command {CREDENTIALS}",
        ),
        (
            "aws s3 ls s3://b",
            (
                "\nAn error occurred (ExpiredToken) when calling the ListObjectsV2 operation: "
                "The provided token has expired."
            ),
            "ListObjectsV2 ('aws s3 ls') was refused: the build's credentials have expired",
        ),
        (
            "aws sts get-caller-identity",
            (
                "An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity "
                "operation: The security token included in the request is invalid."
            ),
            "GetCallerIdentity ('aws sts get-caller-identity') was refused: AWS does not know",
        ),
        (
            "aws s3 cp a s3://b/a",
            (
                "upload failed: ./a to s3://b/a An error occurred (AccessDenied) when calling the "
                "PutObject operation: Access Denied"
            ),
            "PutObject ('aws s3 cp') was refused: the build's credentials do not allow it",
        ),
        (
            "aws s3 ls",
            'Could not connect to the endpoint URL: "https://s3.us-east-1.amazonaws.com/?x=1"',
            "'aws s3 ls' could not be reached at https://s3.us-east-1.amazonaws.com/",
        ),
        (
            "python x.py",
            (
                "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint "
                'URL: "https://dynamodb.eu-west-1.amazonaws.com/"'
            ),
            "Dynamodb could not be reached at https://dynamodb.eu-west-1.amazonaws.com/",
        ),
        (
            "aws ecr get-login-password | docker login",
            "/codebuild/output/tmp/script.sh: line 4: aws: command not found",
            "'aws ecr get-login-password' needs the AWS CLI",
        ),
        ("aws s3 ls", "sh: 12: aws: not found", "'aws s3 ls' needs the AWS CLI"),
        (
            "aws s3 ls --profile prod",
            "The config profile (prod) could not be found",
            "'aws s3 ls' names the profile 'prod'",
        ),
        (
            "aws s3 ls",
            (
                'You must specify a region. You can also configure your region by running "aws '
                'configure".'
            ),
            "'aws s3 ls' wanted a region",
        ),
    ],
)
def test_what_was_wanted_and_what_to_do(command, output, said):
    means, do = aws_hint(command, output.split("\n")).split("\n")
    assert means.startswith(said)
    assert do


@pytest.mark.parametrize(
    "output",
    [
        "make: *** [all] Error 2",
        "sh: 1: foo: not found",
        "jaws: not found it interesting",
        "expected credentials to equal 3",
        "",
    ],
)
def test_other_failures_are_none_of_ours(output):
    assert "" == aws_hint("make", [output])
