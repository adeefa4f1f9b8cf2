# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Policies in PyTorch programs: penalties and their state."""

import functools

import torch
import torch._dynamo

from .._compiler import PolicyError
from .._policy import Policy
from .._program import Tensor, build, get_states
from ._call import DTYPE_NAMES, scale_gradients
from ._distributed import check_shards, get_layout, get_local, make_like, split_by, sum_over_mesh
from ._names import name_parameters

# A function that was compiled for a policy is compiled again for another.
torch.utils._pytree.register_constant(Policy)


def _describe(tensors):
    """What the program for some tensors depends on."""
    # A size that was symbolic is so no more.
    return tuple(
        (name, tensor.dtype, tuple(map(int, tensor.shape)), tensor.device)
        for name, tensor in tensors.items()
    )


def _get_types(described):
    return tuple(
        (name, Tensor(DTYPE_NAMES[dtype], shape))
        for name, dtype, shape, _ in described
        if dtype in DTYPE_NAMES
    )


class _Part:
    """Parameters that one program regularizes, where their layout in processes
    and their group of others is the same."""

    def __init__(self, key, policy, types, arguments):
        self.key = key
        self.names = tuple(name for name, _ in types)
        self._make = functools.partial(build, policy, types, arguments)
        self._programs = {}

    def build(self, **options):
        key = tuple(options.items())
        if key not in self._programs:
            self._programs[key] = self._make(**options)
        return self._programs[key]


@functools.lru_cache(maxsize=1024)
def _find_parts(policy, params, local_params, arguments, keys):
    types, argument_types = _get_types(params), _get_types(arguments)
    local_types = dict(_get_types(local_params))
    devices = {name: device for name, _, _, device in (*params, *arguments)}
    parts = []
    for key, policy, part in split_by(
        dict(keys), policy, types, argument_types
    ):
        names = [name for name, _ in part]
        first = names[0]
        for name in (*names, *(name for name, _ in argument_types)):
            if devices[name] != devices[first]:
                raise PolicyError(
                    f"'{name}' is on {devices[name]}, but '{first}' is on {devices[first]}; "
                    "move them to one device with .to"
                )
        local = tuple((name, local_types[name]) for name in names)
        parts.append(_Part(key, policy, local, argument_types))
    return parts


class Step:
    """The parameters that a policy is applied to, and what it may name.

    Args:
      policy: a `fisher.Policy`.
      params, arguments: tensors by name.
      group: for a name, what parameters of one program have in common.
    """

    def __init__(self, policy, params, arguments=None, group=lambda name: None):
        if not isinstance(policy, Policy):
            raise TypeError(f"a fisher.Policy is needed, got {policy!r}")
        self.policy = policy
        self.params = params
        self.arguments = {
            name: tensor if isinstance(tensor, torch.Tensor) else torch.as_tensor(tensor)
            for name, tensor in (arguments or {}).items()
        }
        layouts = {name: get_layout(tensor) for name, tensor in params.items()}
        described = _describe(params), _describe(self.arguments)
        self.values = {("param", name): get_local(tensor) for name, tensor in params.items()}
        self.values.update((("argument", name), get_local(tensor)) for name, tensor in self.arguments.items())
        local = described[0]
        if any(layouts.values()):
            local = _describe({name: self.values["param", name] for name in params})
            check_shards(policy, params, *map(_get_types, described))
        keys = tuple((name, (layouts[name], group(name))) for name in params)
        self.parts = _find_parts(policy, described[0], local, described[1], keys)

    def make_state(self):
        """What `init` returns."""
        types = _get_types(_describe(self.params)), _get_types(_describe(self.arguments))
        states = get_states(self.policy, *types)
        return {name: self.params[start].detach().clone() for name, start in states}

    def run(self, program, state, call, made={}):
        """Calls a program.

        Args:
          program: of one of the parts.
          state: tensors by name, or None.
          call: what takes the program and its tensors, and gives its results.
          made: what the step makes, by kind and name.

        Returns:
          The results by kind and name.
        """
        tensors = []
        for key, type in zip(program.takes, program.inputs):
            kind, name = key
            if kind == "state":
                if name not in (state or {}):
                    raise PolicyError(
                        f"the policy keeps a state, of which '{name}' is missing; make it once "
                        "with fisher.torch.init(params, policy), and pass what update_state "
                        "returned as fisher_state"
                    )
                tensor = get_local(state[name])
                if tuple(tensor.shape) != type.shape or DTYPE_NAMES.get(tensor.dtype) != type.dtype:
                    raise PolicyError(
                        f"the state '{name}' is a {type}, but it was given as "
                        f"{tensor.dtype} of shape {tuple(tensor.shape)}"
                    )
            else:
                tensor = made[key] if key in made else self.values[key]
            tensors.append(tensor)
        return dict(zip(program.returns, call(program, tensors)))


def call_program(program, tensors):
    return torch.ops.fisher.program(tensors, program.module)


class _Penalty(torch.autograd.Function):
    """The results of a program that has the penalty and its gradients."""

    generate_vmap_rule = True

    @staticmethod
    def forward(program, layout, *tensors):
        results = call_program(program, tensors)
        index = program.returns.index(("penalty", ""))
        results[index] = sum_over_mesh(results[index], layout)
        return tuple(results)

    @staticmethod
    def setup_context(ctx, inputs, output):
        program, _, *tensors = inputs
        results = dict(zip(program.returns, output))
        penalty = results.pop(("penalty", ""))
        ctx.index = program.returns.index(("penalty", ""))
        ctx.mark_non_differentiable(*(result for result in output if result is not penalty))
        gradients = {name: result for (kind, name), result in results.items() if kind == "gradient"}
        ctx.names = tuple(gradients)
        ctx.takes = program.takes
        ctx.save_for_backward(*gradients.values(), *tensors)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, *slopes):
        slope = slopes[ctx.index]
        if slope is None:
            return (None,) * len(ctx.needs_input_grad)
        count = len(ctx.names)
        gradients, tensors = ctx.saved_tensors[:count], ctx.saved_tensors[count:]
        scaled = dict(zip(ctx.names, scale_gradients(slope, gradients, tensors)))
        return None, None, *(
            scaled.get(name) if kind == "param" else None for kind, name in ctx.takes
        )


def evaluate(step, state):
    """The penalty, and the next values of the states that the policy updates."""
    total, states = None, {}
    for part in step.parts:
        layout, _ = part.key
        needs_gradient = torch.is_grad_enabled() and any(
            step.params[name].requires_grad for name in part.names
        )
        if needs_gradient:
            program = part.build(as_mode="coupled")
            call = lambda program, tensors: _Penalty.apply(program, layout, *tensors)
        else:
            program = part.build(as_mode="loss_only")
            call = call_program
        results = step.run(program, state, call)
        penalty = results["penalty", ""]
        if not needs_gradient:
            penalty = sum_over_mesh(penalty, layout)
        total = penalty if total is None else total + penalty
        for (kind, name), result in results.items():
            if kind == "state":
                states[name] = make_like(state[name], result)
    return total, states


def _check_constant(tensors, what):
    for name, tensor in tensors.items():
        if torch.is_grad_enabled() and getattr(tensor, "requires_grad", False):
            raise TypeError(
                f"the penalty is differentiated with respect to parameters only, but the {what} "
                f"'{name}' requires a gradient; pass it through detach()"
            )


@torch._dynamo.nonstrict_trace
def _evaluate(params, policy, arguments, state):
    _check_constant(arguments, "argument")
    _check_constant(state, "state")
    return evaluate(Step(policy, params, arguments), state)[0]


@torch._dynamo.nonstrict_trace
def _update(params, policy, arguments, state):
    with torch.no_grad():
        return evaluate(Step(policy, params, arguments), state)[1]


def init(params, policy, *, arguments=None):
    """The state that a policy keeps: copies of parameters for the references
    `frozen`, `previous` and `moving_average`.

    Args:
      params: a module, whose parameters have the names of `named_parameters`,
        or a dictionary from names to tensors. In nested dictionaries a name is
        the keys on the way, joined by points.
      policy: a `fisher.Policy`.
      arguments: a dictionary of what the policy names: weights, references.

    Returns:
      A dictionary from names to tensors, empty if the policy keeps no state. It
      is saved and loaded like a `state_dict`.

    Raises:
      PolicyError: the policy does not fit the parameters.
    """
    return Step(policy, name_parameters(params), name_parameters(arguments or {})).make_state()


def penalty(params, policy, *, arguments=None, fisher_state=None):
    """The sum of a policy's penalties, to be added to a loss.

    Entries of every mode are counted: weight times the squared distance of each
    belief to its reference. If a gradient is needed, it is computed together
    with the value, in one pass over the parameters.

    Args:
      params: a module, whose parameters have the names of `named_parameters`,
        or a dictionary from names to tensors. Of a `DTensor` each process works
        on its own part, and the penalty is the sum over all of them.
      policy: a `fisher.Policy`.
      arguments: a dictionary of what the policy names: weights, references.
      fisher_state: the state that `init` made, if the policy keeps one.

    Returns:
      A scalar, float64 if a parameter is, else float32. It can be
      differentiated once, with respect to `params`.

    Raises:
      PolicyError: the policy does not fit the parameters, its state is missing,
        or a parameter is on a device or sharded in a way that is not served.
      TypeError: an argument or a state requires a gradient.
    """
    return _evaluate(
        name_parameters(params), policy, name_parameters(arguments or {}), fisher_state or {}
    )


def update_state(params, policy, fisher_state, *, arguments=None):
    """The state after a step: moving averages have moved toward the parameters,
    and `previous` holds them.

    Args:
      params: the parameters that the step was given.
      policy, fisher_state, arguments: as in `penalty`.

    Returns:
      The next state. The one that was given does not change.

    Raises:
      PolicyError: the policy does not fit the parameters, or its state is
        missing.
    """
    updated = _update(
        name_parameters(params), policy, name_parameters(arguments or {}), fisher_state
    )
    return {**fisher_state, **updated}
