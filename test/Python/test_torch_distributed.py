# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Penalties on two processes: replicated parameters, and parameters of which
each process has a part."""

import copy
import traceback

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch
from torch_models import SOFTPLUS, make_mlp, make_policy

if not torch.distributed.is_available():
    pytest.skip("PyTorch has no torch.distributed", allow_module_level=True)

from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Partial, Replicate, Shard, distribute_tensor
from torch.distributed.tensor.debug import CommDebugMode
from torch.nn.parallel import DistributedDataParallel

NUM_PROCESSES = 2
STEPS = 3
RATE = 0.1
TOLERANCE = 1e-6


def train(model, x, policy, optimizer, get_loss=None):
    """The losses of some steps. In two processes each has half of the batch."""
    state = fisher.torch.init(model, policy)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        penalty = fisher.torch.penalty(model, policy, fisher_state=state)
        loss = model(x).square().mean() + penalty
        loss.backward()
        state = fisher.torch.update_state(model, policy, state)
        optimizer.step()
        losses.append(loss.detach().clone())
    return torch.stack(losses)


def train_alone(policy, optimize):
    model, x = make_mlp()
    return train(model, x, policy, optimize(model)), model


def get_half(x):
    rank = torch.distributed.get_rank()
    return x.chunk(NUM_PROCESSES)[rank]


def average(value):
    torch.distributed.all_reduce(value)
    return value / NUM_PROCESSES


def get_whole(param):
    return param.full_tensor() if isinstance(param, DTensor) else param


def assert_same_training(losses, model, policy, optimize):
    truth, alone = train_alone(policy, optimize)
    torch.testing.assert_close(average(losses), truth, rtol=TOLERANCE, atol=0)
    for one, other in zip(model.parameters(), alone.parameters()):
        torch.testing.assert_close(get_whole(one.detach()), other.detach(), rtol=0, atol=TOLERANCE)


def make_sgd(model):
    return torch.optim.SGD(model.parameters(), lr=RATE)


def shard(model):
    for layer in (model[0], model[2]):
        fully_shard(layer)
    fully_shard(model)
    # The last layer's three rows are two and one.
    assert {param.to_local().shape[0] for param in model[2].parameters()} <= {1, 2}
    return model


def check_ddp():
    policy = make_policy(fisher.moving_average(0.5), weight=0.1)
    model, x = make_mlp()
    parallel = DistributedDataParallel(model)
    losses = train(parallel, get_half(x), policy, make_sgd(parallel))
    assert_same_training(losses, model, policy, make_sgd)


def check_ddp_with_a_compiled_step():
    policy = make_policy()
    model, x = make_mlp()
    parallel = DistributedDataParallel(model)
    x = get_half(x)
    optimizer = make_sgd(model)
    step = torch.compile(
        lambda x: parallel(x).square().mean() + fisher.torch.penalty(parallel, policy), backend="aot_eager"
    )
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses.append(step(x))
        losses[-1].backward()
        optimizer.step()
    assert_same_training(torch.stack(losses).detach(), model, policy, make_sgd)


def check_ddp_of_a_module_that_is_regularized_by_the_backend():
    policy = fisher.Policy().regularize(
        "net.(*).mu", "net.(*).rho", as_=SOFTPLUS, toward=fisher.prior(0.1, 0.5), weight=1e-2
    )

    class WithLoss(torch.nn.Module):
        def __init__(self, net):
            super().__init__()
            self.net = net

        def forward(self, x):
            return self.net(x).square().mean()

    model, x = make_mlp()
    whole = WithLoss(model)
    whole.compile(backend=fisher.torch.backend(policy, inner="aot_eager"))
    parallel = DistributedDataParallel(whole)
    optimizer = make_sgd(model)
    x = get_half(x)
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        losses.append(parallel(x))
        losses[-1].backward()
        optimizer.step()
    assert_same_training(torch.stack(losses).detach(), model, make_policy(), make_sgd)


def check_fsdp():
    policy = make_policy(weight=0.1)
    model, x = make_mlp()
    model = shard(model)
    losses = train(model, get_half(x), policy, make_sgd(model))
    assert_same_training(losses, model, policy, make_sgd)


def check_fsdp_with_state():
    policy = make_policy(fisher.moving_average(0.5), weight=0.1)
    model, x = make_mlp()
    model = shard(model)
    losses = train(model, get_half(x), policy, make_sgd(model))
    assert_same_training(losses, model, policy, make_sgd)


def check_fsdp_with_hooks():
    """Proximal steps and natural gradients of the parts that a process has."""
    for kind in ("proximal", "natural"):

        def optimize(model):
            optimizer = make_sgd(model)
            policy = make_policy(fisher.frozen, weight=0.1, mode=kind)
            getattr(fisher.torch, kind)(optimizer, policy, model)
            return optimizer

        model, x = make_mlp()
        model = shard(model)
        policy = make_policy(weight=0.1)
        losses = train(model, get_half(x), policy, optimize(model))
        assert_same_training(losses, model, policy, optimize)


def check_only_the_value_is_communicated():
    model, _ = make_mlp()
    truth = fisher.torch.penalty(model, make_policy())
    gradients = torch.autograd.grad(truth, model.parameters())
    model = shard(copy.deepcopy(model))
    with CommDebugMode() as mode:
        penalty = fisher.torch.penalty(model, make_policy())
        penalty.backward()
    assert mode.get_total_counts() == 1, mode.get_comm_counts()
    assert not isinstance(penalty, DTensor)
    torch.testing.assert_close(penalty, truth)
    for param, gradient in zip(model.parameters(), gradients):
        assert param.grad.placements == param.placements
        torch.testing.assert_close(param.grad.full_tensor(), gradient)


def check_layouts():
    """Parameters of several layouts, also of one that nothing is divided in."""
    mesh = init_device_mesh("cpu", (NUM_PROCESSES,))
    torch.manual_seed(0)
    values = {
        f"{layer}.{part}": torch.randn(5, 4) for layer in ("a", "b", "c", "d") for part in ("mu", "rho")
    }
    truth = fisher.torch.penalty(values, make_policy())
    placements = {"a": [Shard(0)], "b": [Shard(1)], "c": [Replicate()], "d": None}
    params = {}
    for name, value in values.items():
        placement = placements[name[0]]
        params[name] = distribute_tensor(value, mesh, placement) if placement else value
        params[name].requires_grad_()
    penalty = fisher.torch.penalty(params, make_policy())
    torch.testing.assert_close(penalty, truth)
    for name, gradient in zip(params, torch.autograd.grad(penalty, params.values())):
        wide = values[name].clone().requires_grad_()
        (slope,) = torch.autograd.grad(fisher.torch.penalty({**values, name: wide}, make_policy()), wide)
        torch.testing.assert_close(get_whole(gradient), slope)


def check_compiled():
    model, _ = make_mlp()
    truth = fisher.torch.penalty(model, make_policy())
    gradients = torch.autograd.grad(truth, model.parameters())
    mesh = init_device_mesh("cpu", (NUM_PROCESSES,))
    params = {
        name: distribute_tensor(param.detach(), mesh, [Shard(0)]).requires_grad_()
        for name, param in model.named_parameters()
    }
    policy = make_policy()
    compiled = torch.compile(lambda params: fisher.torch.penalty(params, policy), backend="aot_eager")
    penalty = compiled(params)
    torch.testing.assert_close(penalty, truth)
    penalty.backward()
    for param, gradient in zip(params.values(), gradients):
        torch.testing.assert_close(param.grad.full_tensor(), gradient)


def check_errors():
    mesh = init_device_mesh("cpu", (NUM_PROCESSES,))
    rows, columns = (distribute_tensor(torch.ones(4, 4), mesh, [Shard(dim)]) for dim in (0, 1))
    policy = fisher.Policy().regularize(
        "w", as_=fisher.Categorical("logits"), toward=fisher.frozen, weight=1
    )
    fisher.torch.penalty({"w": rows}, policy, fisher_state=fisher.torch.init({"w": rows}, policy))
    with pytest.raises(fisher.PolicyError, match="'w' is sharded in dimension 1, which is inside of one(.|\n)*shard another"):
        fisher.torch.penalty({"w": columns}, policy)
    with pytest.raises(fisher.PolicyError, match="'a.mu' and 'a.rho' are components of one belief, but they are not distributed in the same way"):
        fisher.torch.penalty({"a.mu": rows, "a.rho": columns}, make_policy())
    with pytest.raises(fisher.PolicyError, match="shapes are .* give them one shape"):
        vector = distribute_tensor(torch.ones(4), mesh, [Shard(0)])
        fisher.torch.penalty({"a.mu": rows, "a.rho": vector}, make_policy())
    with pytest.raises(fisher.PolicyError, match="'a.mu' is placed as .* redistribute it"):
        sums = DTensor.from_local(torch.ones(4, 4), mesh, [Partial()])
        fisher.torch.penalty({"a.mu": sums, "a.rho": sums}, make_policy())


CHECKS = {
    name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")
}


def run_checks(rank, path, queue):
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=NUM_PROCESSES
    )
    for name, check in CHECKS.items():
        torch._dynamo.reset()
        failure = None
        try:
            check()
        except BaseException:
            failure = traceback.format_exc()
        queue.put((name, rank, failure))
        if failure:
            # The other process may wait in vain.
            return
    torch.distributed.destroy_process_group()


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """What went wrong, by the name of the check; processes start once for all."""
    context = torch.multiprocessing.get_context("spawn")
    queue = context.Queue()
    path = tmp_path_factory.mktemp("distributed") / "store"
    processes = [
        context.Process(target=run_checks, args=(rank, path, queue), daemon=True)
        for rank in range(NUM_PROCESSES)
    ]
    for process in processes:
        process.start()
    found = {}
    try:
        for _ in range(NUM_PROCESSES * len(CHECKS)):
            name, rank, failure = queue.get(timeout=120)
            found.setdefault(name, []).append(failure)
            if failure:
                break
    finally:
        for process in processes:
            process.join(timeout=5)
            process.kill()
    return found


@pytest.mark.parametrize("name", CHECKS)
def test_two_processes(failures, name):
    assert failures.get(name) == [None] * NUM_PROCESSES, "\n".join(map(str, failures.get(name, ["not run"])))
