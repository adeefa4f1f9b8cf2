# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A policy as a backend of `torch.compile`: models stay as they are.

Dynamo hands a backend the graph of a step, before it is differentiated. There
the penalty is added to the loss, and what follows differentiates, fuses and
compiles the sum.
"""

import re

import torch
import torch._dynamo

from .._compiler import PolicyError
from .._policy import Policy
from ._names import clean_name, name_parameters
from ._training import Step, check_modes, evaluate

# The steps from a variable to a parameter, as Dynamo writes them:
# L['self']._modules['fc0']._parameters['weight'] or L['params']['fc0.weight'].
_STEP = re.compile(r"\.(?P<attribute>\w+)|\[(?P<key>'(?:[^'\\]|\\.)*'|\d+)\]")


def name_source(source):
    """The name that a module gives to the parameter that is read from a source."""
    _, *steps = (
        found["attribute"] or found["key"].strip("'") for found in _STEP.finditer(source)
    )
    # What leads to the module is not part of its parameters' names.
    if "_parameters" in steps or "_modules" in steps:
        start = min(steps.index(word) for word in ("_parameters", "_modules") if word in steps)
        steps = steps[start:]
    return clean_name(step for step in steps if step not in ("_parameters", "_modules"))


class _AddPenalty(torch.nn.Module):
    """Adds the penalty to a loss, and moves the policy's state on.

    Called in a graph with the loss, and with tensors that have `keys`: pairs of
    a kind and a name.
    """

    def __init__(self, policy, keys):
        super().__init__()
        self._policy = policy
        self._keys = keys

    def forward(self, loss, *tensors):
        values = {"param": {}, "argument": {}, "state": {}}
        for (kind, name), tensor in zip(self._keys, tensors):
            values[kind][name] = tensor
        step = Step(self._policy, values["param"], values["argument"])
        penalty, updated = evaluate(step, values["state"])
        with torch.no_grad():
            for name, tensor in updated.items():
                values["state"][name].copy_(tensor)
        return loss + penalty.to(loss.dtype)


def _copy(graph_module):
    """A graph like another, with what Dynamo says of it."""
    graph, nodes = torch.fx.Graph(), {}
    graph.output(graph.graph_copy(graph_module.graph, nodes))
    copied = torch.fx.GraphModule(graph_module, graph)
    copied.meta.update(graph_module.meta)
    for node in graph_module.graph.find_nodes(op="placeholder"):
        nodes[node]._dynamo_source = getattr(node, "_dynamo_source", None)
    for name in ("_param_name_to_source", "compile_subgraph_reason"):
        if hasattr(graph_module, name):
            setattr(copied, name, getattr(graph_module, name))
    return copied


def _raise(error):
    """A compiled function that raises an error, which would be wrapped in those
    of the compiler if it were raised before."""

    def fail(*_):
        raise error

    return fail


class Backend:
    """A backend of `torch.compile` that regularizes; made by `backend`."""

    def __init__(self, policy, params, arguments, inner):
        self.policy = policy
        self.params = params
        self.arguments = arguments
        self.state = {}
        self._loaded = {}
        self._inner = inner

    def __call__(self, graph_module, example_inputs):
        # Dynamo goes on with its own graph.
        graph_module = _copy(graph_module)
        try:
            more = self._insert(graph_module, example_inputs)
        except PolicyError as error:
            return _raise(error)
        compiled = self._inner(graph_module, [*example_inputs, *more])
        return (lambda *inputs: compiled(*inputs, *more)) if more else compiled

    def state_dict(self):
        """The state that the policy keeps, by name, to be saved."""
        return dict(self.state)

    def load_state_dict(self, state):
        """Puts back a state that was saved, before or after the step is compiled."""
        self._loaded = dict(state)
        self._load()

    def _load(self):
        with torch.no_grad():
            for name in self.state.keys() & self._loaded.keys():
                self.state[name].copy_(self._loaded.pop(name))

    def _insert(self, graph_module, example_inputs):
        """Adds the penalty to a graph, which takes the returned tensors besides."""
        graph = graph_module.graph
        params = self._find_params(graph, example_inputs)
        loss = self._find_loss(graph_module, params)
        if loss is None:
            return []
        here = {name: value for name, (_, value) in params.items()}
        named = {**(self.params or {}), **here}
        if not named:
            raise PolicyError(
                "the graph with the loss has no parameters that a policy could regularize; "
                "pass the module as params to fisher.torch.backend"
            )
        step = Step(self.policy, named, self.arguments)
        # What is wrong is found out here, before the graph is compiled.
        step.build("coupled")
        if not self.state:
            self.state.update(step.make_state())
            self._load()

        more = {("param", name): value for name, value in named.items() if name not in here}
        more.update((("argument", name), value) for name, value in self.arguments.items())
        more.update((("state", name), value) for name, value in self.state.items())
        last = graph.find_nodes(op="placeholder")[-1]
        nodes = []
        with graph.inserting_after(last):
            for index in reversed(range(len(more))):
                node = graph.placeholder(f"fisher_{index}")
                # It is read from nowhere in the step.
                node._dynamo_source = None
                nodes.insert(0, node)
        keys = [*(("param", name) for name in here), *more]
        graph_module.add_submodule("fisher_penalty", _AddPenalty(self.policy, keys))
        (output,) = graph.find_nodes(op="output")
        with graph.inserting_before(output):
            node = graph.call_module(
                "fisher_penalty", (loss, *(node for node, _ in params.values()), *nodes)
            )
        node.meta["example_value"] = loss.meta["example_value"]
        output.replace_input_with(loss, node)
        graph_module.recompile()
        return list(more.values())

    def _find_params(self, graph, example_inputs):
        """The parameters that a graph takes: nodes and tensors by name."""
        names = {id(param): name for name, param in (self.params or {}).items()}
        params = {}
        for node, value in zip(graph.find_nodes(op="placeholder"), example_inputs):
            if names:
                name = names.get(id(value))
            elif isinstance(value, torch.nn.Parameter):
                source = getattr(node, "_dynamo_source", None)
                if source is None:
                    raise PolicyError(
                        "the graph was divided, and its parameters have no names in it; compile "
                        "the module first, and wrap it in DistributedDataParallel afterwards"
                    )
                name = name_source(source.name if isinstance(source.name, str) else source.name())
            else:
                continue
            if name in params:
                raise PolicyError(
                    f"two parameters of the step have the name '{name}'; pass the module, or a "
                    "dictionary from names to tensors, as params to fisher.torch.backend"
                )
            if name:
                params[name] = node, value
        return params

    def _find_loss(self, graph_module, params):
        """The output of a graph that is the loss; None if its step has none here."""
        (output,) = graph_module.graph.find_nodes(op="output")
        candidates = []
        for node in dict.fromkeys(output.all_input_nodes):
            value = node.meta.get("example_value")
            if (
                node.op != "placeholder"
                and isinstance(value, torch.Tensor)
                and value.dim() == 0
                and value.is_floating_point()
                and value.requires_grad
            ):
                candidates.append(node)
        if len(candidates) == 1:
            return candidates[0]
        if len(candidates) > 1:
            names = ", ".join(f"'{node.name}'" for node in candidates)
            raise PolicyError(
                f"the step makes {len(candidates)} scalars that have a gradient ({names}), and "
                "the loss must be the only one; add them up, or detach() the others"
            )
        self._check_left_out(graph_module, params)
        return None

    def _check_left_out(self, graph_module, params):
        """A graph without a loss is left as it is if its parameters are regularized
        in another, or not at all."""
        has_gradient = torch.is_grad_enabled() and any(
            value.requires_grad for _, value in params.values()
        )
        if not has_gradient:
            return
        reason = getattr(graph_module, "compile_subgraph_reason", None)
        is_broken = getattr(reason, "graph_break", False)
        if is_broken and self.params is not None:
            return
        if not is_broken:
            raise PolicyError(
                "the step returns no loss: a scalar that has a gradient. Compile a function "
                "that computes the loss, too, or use fisher.torch.penalty"
            )
        names = ", ".join(f"'{name}'" for name in list(params)[:3])
        raise PolicyError(
            f"the graph breaks between the parameters {names} and the loss, so that the graph "
            "with the loss does not know them; pass the module as params to "
            "fisher.torch.backend, or mend what torch.compile(..., fullgraph=True) reports"
        )


def backend(policy, *, params=None, arguments=None, inner="inductor"):
    """A backend of `torch.compile` that adds a policy's penalties to the loss.

    The model and the step stay as they are::

        step = torch.compile(step, backend=fisher.torch.backend(policy))
        step(x, y).backward()

    The step, a function or a module, returns the loss: a scalar that has a
    gradient, the only one among its results. In `torch.no_grad` there is no
    such scalar, and nothing is added. If the graph breaks, the penalty is in
    the one that returns the loss, and `params` is needed.

    Args:
      policy: a `fisher.Policy` with entries in mode ``coupled`` or ``loss_only``.
      params: a module, or a dictionary from names to tensors. Without it, the
        parameters are those that the graph takes, by the names that the module
        which has them gives them.
      arguments: a dictionary of what the policy names: weights, references. The
        tensors are read at each step.
      inner: the backend that compiles the graph, by its name or itself.

    Returns:
      A backend. If the policy keeps a state, it is part of it, starts when the
      step is compiled, moves on with each call that returns a loss, and is
      saved by its methods `state_dict` and `load_state_dict`.

    Raises:
      PolicyError: the policy has entries in other modes. When the step is
        called: it does not fit the parameters, or there is no loss, or it is
        not known which one it is.
    """
    if not isinstance(policy, Policy):
        raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
    check_modes(
        policy,
        ("coupled", "loss_only"),
        "fisher.torch.backend",
        "use fisher.torch.proximal or fisher.torch.natural with an optimizer",
    )
    if isinstance(inner, str):
        inner = torch._dynamo.lookup_backend(inner)
    return Backend(
        policy,
        None if params is None else name_parameters(params),
        {
            name: torch.as_tensor(value)
            for name, value in name_parameters(arguments or {}).items()
        },
        inner,
    )
