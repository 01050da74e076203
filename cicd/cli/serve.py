"""``cicd serve``: AWS's own calls on this machine, until it is interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from cicd.cli.options import shared_options
from cicd.errors import ExitCode

if TYPE_CHECKING:
    from cicd.cli.invocation import Invocation

PORT: Final = 4599


@click.command(
    epilog="""\b
Examples:
  cicd serve
  aws lambda invoke --endpoint-url http://127.0.0.1:4599 --function-name greet out.json
  AWS_ENDPOINT_URL=http://127.0.0.1:4599 python use_boto3.py
  aws codepipeline start-pipeline-execution --name shop --endpoint-url http://127.0.0.1:4599

\b
It answers Lambda's Invoke and the calls about versions and aliases; the calls of
CodeBuild, CodeDeploy and CodePipeline that look at builds, deployments and pipelines;
CodeDeploy's PutLifecycleEventHookExecutionStatus; and CodePipeline's
StartPipelineExecution, StopPipelineExecution, RetryStageExecution, RollbackStage,
OverrideStageCondition, PutApprovalResult, DisableStageTransition,
EnableStageTransition, and the calls of job workers: PollForJobs, AcknowledgeJob,
GetJobDetails, PutJobSuccessResult and PutJobFailureResult.
Any other call of these is refused with the reason, and what to do here.
What it is asked to start it runs itself: Ctrl-C lets running actions end.
Any credentials will do; only programs of this machine are heard, on Linux only
your own and root's, and what they ask for is in 'cicd audit'.
"""
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Of 127.0.0.1; 0 takes any that is free.",
)
@shared_options
def serve(invocation: Invocation, *, port: int) -> int:
    """Answer AWS's own calls on this machine, for boto3 and 'aws --endpoint-url'."""
    from cicd.wiring.functions import serve as listen

    with invocation.services() as services:
        endpoint = listen(services, port, invocation.settings())
        invocation.show.text(f"listening on {endpoint.url}")
        invocation.show.notice("Ctrl-C ends it")
        inbox = services.clock.inbox()
        services.cancel.on_cancel(lambda: inbox.put(None))
        while services.cancel.reason is None:
            inbox.take(None)
    return ExitCode.SUCCEEDED
