"""Preloaded once into the fork server: what every flow run needs. Must start no thread and open no connection."""

from __future__ import annotations

import importlib
import logging
import pkgutil

import holidays.countries.vietnam  # noqa: F401 - reading the calendar would import 279 modules in every run
import prefect.flow_engine
import prefect.main  # noqa: F401

import flows

_logger = logging.getLogger("prefect.dondoc.template")


def _preload_flows() -> None:
    found = [module.name for module in pkgutil.iter_modules(flows.__path__, "flows.")]
    for name in (*found, "deployments.act_followup"):
        try:
            importlib.import_module(name)
        except Exception as error:
            # Only this module's runs fail, later and with their own message; raising here would end the fork server.
            _logger.warning("%s cannot be imported: %s", name, error)


_preload_flows()
