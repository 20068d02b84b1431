"""The models of meters that can be simulated, one module each."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from dlms.simulate.model import Model
from dlms.simulate.models.dutch import DUTCH
from dlms.simulate.models.european import EUROPEAN
from dlms.simulate.models.indian import INDIAN
from dlms.simulate.models.norwegian import NORWEGIAN

MODELS: Final = MappingProxyType({model.name: model for model in (EUROPEAN, INDIAN, DUTCH, NORWEGIAN)})
"""Every model by its name."""

__all__ = ["DUTCH", "EUROPEAN", "INDIAN", "MODELS", "NORWEGIAN", "Model"]
