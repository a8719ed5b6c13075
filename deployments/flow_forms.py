"""The typed form of a flow function, as Prefect's pages show it: our fields, in the words of the office's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.flows import Flow
from prefect.utilities.callables import ParameterSchema, parameter_schema


def flow_form(flow: Flow[..., object], words: Mapping[str, Any]) -> ParameterSchema:
    """The JSON schema of a flow's parameters, each with its help. `words` are the office's (forms.yaml among them).

    Raises KeyError naming what forms.yaml lacks.
    """
    form = parameter_schema(flow)
    said = {**words["parameters"]["common"], **words["parameters"].get(flow.fn.__name__, {})}
    for name, parameter in form.properties.items():
        parameter["description"] = said[name]
    for name, typed in form.definitions.items():
        known = words["forms"][name]
        typed.update(title=known["title"], description=known["description"])
        for field, shown in typed["properties"].items():
            shown.update(known["fields"][field])
    return form
