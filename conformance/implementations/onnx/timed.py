"""ONNX's reference evaluator as it is timed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from onnx.reference import ReferenceEvaluator

from refimpl.layouts import onnx as layout

from ...cases.workload import Work
from ...contract import NotRun
from ..timing import Call
from .programs import nodes
from .reference import OnnxReference


class Timed:
    """``onnx.reference.ReferenceEvaluator`` with a model of one node."""

    versions: Mapping[str, str] = OnnxReference.versions

    def prepare(self, work: Work) -> Call:
        """The model, and its evaluator."""
        if work.gradients:
            raise NotRun("the evaluator does not differentiate a model")
        arguments = OnnxReference().arguments(work.case(both_biases=True))
        make_model: Any = nodes.make_model
        evaluator = ReferenceEvaluator(make_model(inputs=arguments["inputs"], **arguments["node"]))

        def call() -> tuple[Any, Any]:
            return layout.load_outputs(evaluator.run(None, arguments["inputs"])[0], 0), None

        return call
