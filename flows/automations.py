"""What Prefect's server does by itself when a run's process is gone; registered by `python -m flows.registration`."""

from __future__ import annotations

from datetime import timedelta

from prefect.automations import Automation, ChangeFlowRunState, EventTrigger, Posture, RunDeployment
from prefect.client.schemas.objects import StateType

LIFE_SIGN = timedelta(seconds=90)
"""Three heartbeats of 30 seconds (PREFECT_FLOWS_HEARTBEAT_FREQUENCY), the shortest that Prefect permits."""

START = timedelta(minutes=5)
"""A process that has not begun to run after so long never will."""

ENDS = frozenset(f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "Cancelled", "Crashed"))
BEGINNINGS = frozenset(f"prefect.flow-run.{state}" for state in ("Running", "Retrying", "heartbeat"))
DETOURS = frozenset(
    f"prefect.flow-run.{state}"
    for state in ("Scheduled", "Late", "AwaitingConcurrencySlot", "AwaitingRetry", "Cancelling", "Paused", "Suspended")
)

SILENT = Automation(
    name="a silent run has crashed",
    description="No sign of life for a minute and a half: the worker was killed, or its host is gone.",
    trigger=EventTrigger(
        after=set(BEGINNINGS),
        # A run that waits for somebody's answer is suspended and has no process.
        expect={"prefect.flow-run.heartbeat", "prefect.flow-run.Suspended", *ENDS},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=LIFE_SIGN,
    ),
    actions=[ChangeFlowRunState(state=StateType.CRASHED, message="no sign of life: its worker is gone")],
)

NEVER_BEGUN = Automation(
    name="a run that never begins has crashed",
    description="A worker took it and was killed before the run's process was there.",
    trigger=EventTrigger(
        after={"prefect.flow-run.Pending"},
        expect=set(BEGINNINGS | ENDS | DETOURS),
        match={"prefect.resource.id": "prefect.flow-run.*"},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=START,
    ),
    actions=[ChangeFlowRunState(state=StateType.CRASHED, message="it was taken by a worker and never began")],
)

REQUESTS_AGAIN = Automation(
    name="students' requests are served again at once",
    description="A crashed run of `requests` is followed by another one, and not by the clock 15 minutes later.",
    trigger=EventTrigger(
        expect={"prefect.flow-run.Crashed"},
        match={"prefect.resource.id": "prefect.flow-run.*"},
        match_related={"prefect.resource.role": "deployment", "prefect.resource.name": "requests"},
        for_each={"related:deployment:prefect.resource.id"},
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(seconds=60),
    ),
    actions=[RunDeployment(source="inferred")],
)

AUTOMATIONS = (SILENT, NEVER_BEGUN, REQUESTS_AGAIN)
