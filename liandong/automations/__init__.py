"""Automations of Prefect that come with the program: one file each, in Prefect's own format.

Save one thing: an action names its deployment as `flow/deployment`, because the id that Prefect wants is each server's own.
"""

from pathlib import Path
from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.events.schemas.automations import AutomationCore
from ruamel.yaml import YAML

from tasks.sending import SMTP_LIMIT


async def install(client: PrefectClient) -> list[str]:
    """Return the names of the automations that the server now has, its deployments being there; one switched off stays off."""
    await client.upsert_global_concurrency_limit_by_name(SMTP_LIMIT, 1)
    names = []
    for file in sorted(Path(__file__).parent.glob("*.yaml")):
        wanted = AutomationCore.model_validate(await _resolved(client, YAML(typ="safe").load(file)))
        names.append(wanted.name)
        held = await client.read_automations_by_name(wanted.name)
        if held:
            await client.update_automation(held[0].id, wanted.model_copy(update={"enabled": held[0].enabled}))
        else:
            await client.create_automation(wanted)
    return names


async def _resolved(client: PrefectClient, said: dict[str, Any]) -> dict[str, Any]:
    """Return an automation with the ids of the deployments it names."""
    actions = []
    for action in said["actions"]:
        named = {key: value for key, value in action.items() if key != "deployment"}
        if name := action.get("deployment"):
            named["deployment_id"] = (await client.read_deployment_by_name(name)).id
        actions.append(named)
    return {**said, "actions": actions}
