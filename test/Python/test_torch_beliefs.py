# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operations on beliefs in PyTorch against the reference tables, against each
other, and in PyTorch's own ways of differentiating and mapping."""

import csv
import pathlib

import pytest

torch = pytest.importorskip("torch")

import fisher
import fisher.torch

TABLES = pathlib.Path(__file__).parents[1] / "Families"
F64, F32 = torch.float64, torch.float32
# What the families' own tests allow, about.
TOLERANCE = {F64: 1e-10, F32: 1e-5}

SOFTPLUS = fisher.Gaussian("softplus")
# A belief of each kind, as numbers in a chart without bounds where there is one.
FAMILIES = [
    *(fisher.Gaussian(chart) for chart in ("sigma", "log_sigma", "softplus", "variance",
                                           "log_variance", "precision")),
    *(fisher.VonMises(chart) for chart in ("kappa", "log_kappa", "softplus")),
    *(fisher.Categorical(chart) for chart in ("logits", "probabilities")),
    *(fisher.Bernoulli(chart) for chart in ("logit", "probability")),
    *(fisher.Poisson(chart) for chart in ("log_rate", "rate")),
    *(fisher.Exponential(chart) for chart in ("log_rate", "rate")),
    *(fisher.CenteredGaussian(chart) for chart in ("covariance", "cholesky")),
]


def name(family):
    return f"{family.name}-{family.chart}"


def make_belief(family, batch, dtype=F64, seed=0):
    """Components in the range that every chart allows."""
    generator = torch.Generator().manual_seed(seed)
    event = {0: (), 1: (3,), 2: (2, 2)}[family.event_rank]
    components = []
    for _ in family.components:
        values = 0.2 + 0.6 * torch.rand((*batch, *event), generator=generator, dtype=F64)
        if family.chart == "probabilities":
            values = values / values.sum(-1, keepdim=True)
        if family.name == "centered_gaussian":
            values = torch.tril(values) + 0.3 * torch.eye(2, dtype=F64)
            if family.chart == "covariance":
                values = values @ values.mT
        components.append(values.to(dtype))
    return family(*components)


def read(family, table, dtype):
    with open(TABLES / family / f"{table}{'' if dtype == F64 else '_f32'}.csv") as file:
        lines = [line for line in file if not line.startswith("#")]
    return list(csv.DictReader(lines))


def column(rows, name, dtype=F64):
    return torch.tensor([float(row[name]) for row in rows], dtype=dtype)


def assert_close(found, truth, tolerance, scale=None):
    error = (found.double() - truth).abs()
    scale = truth.abs() if scale is None else scale
    worst = (error / scale.clamp_min(1e-30)).max().item()
    assert worst <= tolerance, worst


SCALAR_TABLES = [
    ("Gaussian", "gaussian", fisher.Gaussian("sigma"), ("mu", "sigma")),
    *(
        ("Gaussian", f"gaussian_{chart}", fisher.Gaussian(chart), ("mu", "scale"))
        for chart in ("log_sigma", "softplus", "variance", "log_variance", "precision")
    ),
    ("VonMises", "von_mises", fisher.VonMises("kappa"), ("mu", "kappa")),
    ("Bernoulli", "bernoulli", fisher.Bernoulli("logit"), ("logit",)),
    ("Poisson", "poisson", fisher.Poisson("log_rate"), ("log_rate",)),
    ("Exponential", "exponential", fisher.Exponential("log_rate"), ("log_rate",)),
]


@pytest.mark.parametrize("dtype", [F64, F32], ids=["f64", "f32"])
@pytest.mark.parametrize("folder, table, family, names", SCALAR_TABLES, ids=lambda x: str(x))
def test_tables(folder, table, family, names, dtype):
    rows = read(folder, table, dtype)
    a = [column(rows, f"{name}1", dtype).requires_grad_() for name in names]
    b = [column(rows, f"{name}2", dtype) for name in names]
    squared = fisher.torch.squared_distance(family(*a), family(*b))
    assert squared.dtype == dtype
    truth = column(rows, "d2")
    # What is too large for an element type is infinite there.
    limit = torch.finfo(dtype).max / 1e6
    keep = (truth > 0) & (truth < limit)
    assert keep.sum() > 50
    assert_close(squared[keep], truth[keep], TOLERANCE[dtype])
    gradients = torch.autograd.grad(squared[keep].sum(), a)
    for name, gradient in zip(names, gradients):
        slopes = column(rows, f"d2_{name}1")[keep]
        fits = (slopes.abs() < limit) & (slopes.abs() > 1e6 * torch.finfo(dtype).tiny)
        assert_close(gradient[keep][fits], slopes[fits], 10 * TOLERANCE[dtype])


def test_gaussian_table_has_kl_and_geodesics():
    rows = [row for row in read("Gaussian", "gaussian", F64) if float(row["d2"]) > 1e-6]
    family = fisher.Gaussian("sigma")
    a, b = (
        family(*(column(rows, f"{part}{number}") for part in ("mu", "sigma")))
        for number in (1, 2)
    )
    assert_close(fisher.torch.kl_divergence(a, b), column(rows, "kl"), 1e-9)
    for t, suffix in ((0.1, "t01"), (0.5, "t05")):
        point = fisher.torch.geodesic(a, b, t)
        truth = family(column(rows, f"mu_{suffix}"), column(rows, f"sigma_{suffix}"))
        # In units of the spread there.
        error = fisher.torch.squared_distance(point, truth).sqrt()
        assert error.max() < 1e-6


@pytest.mark.parametrize("dtype", [F64, F32], ids=["f64", "f32"])
def test_categorical_table(dtype):
    for row in read("Categorical", "categorical", dtype)[:40]:
        a, b, gradient = (
            torch.tensor([float(text) for text in row[name].split(";")], dtype=dtype)
            for name in ("logits1", "logits2", "d2_logits1")
        )
        family = fisher.Categorical("logits")
        a.requires_grad_()
        squared = fisher.torch.squared_distance(family(a), family(b))
        squared.backward()
        assert squared.item() == pytest.approx(float(row["d2"]), rel=10 * TOLERANCE[dtype])
        scale = gradient.abs().max()
        assert_close(a.grad, gradient.double(), 10 * TOLERANCE[dtype], scale.double())


def test_centered_gaussian_table():
    family = fisher.CenteredGaussian("covariance")
    for row in read("CenteredGaussian", "centered_gaussian", F64)[:20]:
        size = int(row["n"])
        a, b, gradient, midpoint = (
            torch.tensor([float(text) for text in row[name].split(";")], dtype=F64).reshape(size, size)
            for name in ("covariance1", "covariance2", "d2_covariance1", "midpoint")
        )
        a.requires_grad_()
        squared = fisher.torch.squared_distance(family(a), family(b))
        squared.backward()
        assert squared.item() == pytest.approx(float(row["d2"]), rel=1e-9)
        assert_close(a.grad, gradient, 1e-8, gradient.abs().max())
        point = fisher.torch.geodesic(family(a.detach()), family(b), 0.5).components[0]
        assert_close(point, midpoint, 1e-8, midpoint.abs().max())


@pytest.mark.parametrize("dtype", [F32, torch.float16], ids=str)
@pytest.mark.parametrize("family", FAMILIES, ids=name)
def test_gradient_at_zero_distance_is_zero(family, dtype):
    belief = make_belief(family, (5,), dtype)
    a = family(*(part.clone().requires_grad_() for part in belief.components))
    b = family(*(part.clone().requires_grad_() for part in belief.components))
    squared = fisher.torch.squared_distance(a, b)
    assert torch.equal(squared, torch.zeros_like(squared))
    for gradient in torch.autograd.grad(squared.sum(), [*a.components, *b.components]):
        assert gradient.dtype == dtype
        assert torch.equal(gradient, torch.zeros_like(gradient))


def project(family, part):
    """What is symmetric or a triangle or adds up to one, because only there it is
    a belief."""
    if family.chart == "probabilities":
        return part / part.sum(-1, keepdim=True)
    if family.chart == "covariance":
        return (part + part.mT) / 2
    if family.chart == "cholesky":
        return torch.tril(part)
    return part


@pytest.mark.parametrize("family", FAMILIES, ids=name)
def test_gradcheck(family):
    """With respect to both beliefs."""

    a, b = make_belief(family, (3,), seed=1), make_belief(family, (3,), seed=2)
    count = len(a.components)
    inputs = [part.clone().requires_grad_() for part in (*a.components, *b.components)]

    def measure(*parts):
        parts = [project(family, part) for part in parts]
        return fisher.torch.squared_distance(family(*parts[:count]), family(*parts[count:]))

    assert torch.autograd.gradcheck(measure, inputs)
    # Each of the two alone is another program.
    (alone,) = torch.autograd.grad(measure(inputs[0], *(p.detach() for p in inputs[1:])).sum(), inputs[0])
    both = torch.autograd.grad(measure(*inputs).sum(), inputs)
    assert torch.equal(alone, both[0])


FUNCTIONS = {
    "kl_divergence": lambda a, b, t: t * fisher.torch.kl_divergence(a, b),
    "geodesic": lambda a, b, t: fisher.torch.geodesic(a, b, t).components,
    "proximal_step": lambda a, b, t: fisher.torch.proximal_step(a, b, t).components,
    "natural_gradient": lambda a, b, t: fisher.torch.natural_gradient(
        a, *(t * part for part in b.components)
    ),
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("family", FAMILIES, ids=name)
def test_gradcheck_of_other_functions(family, function):
    a, b = make_belief(family, (3,), seed=1), make_belief(family, (3,), seed=2)
    count = len(a.components)
    inputs = [part.clone().requires_grad_() for part in (*a.components, *b.components)]
    fraction = torch.tensor(0.375, dtype=F64, requires_grad=True)

    def call(*parts):
        *parts, t = parts
        parts = [project(family, part) for part in parts]
        return FUNCTIONS[function](family(*parts[:count]), family(*parts[count:]), t)

    assert torch.autograd.gradcheck(call, [*inputs, fraction])


def test_geodesics_between_equal_beliefs_have_derivatives():
    belief = make_belief(SOFTPLUS, (5,), F32)
    a = SOFTPLUS(*(part.clone().requires_grad_() for part in belief.components))
    b = SOFTPLUS(*(part.clone().requires_grad_() for part in belief.components))
    t = torch.tensor(0.25, requires_grad=True)
    mean, scale = fisher.torch.geodesic(a, b, t).components
    by_a, _, by_b, scale_by_b, by_t = torch.autograd.grad(
        mean.sum() + 2 * scale.sum(), [*a.components, *b.components, t]
    )
    ones = torch.ones(5)
    assert torch.allclose(by_a, 0.75 * ones) and torch.allclose(by_b, 0.25 * ones)
    assert torch.allclose(scale_by_b, 0.5 * ones) and by_t == 0


def test_derivatives_in_a_compiled_step():
    """And of one that is a part of what is compiled as a whole."""

    def step(mu, rho, t):
        point = fisher.torch.geodesic(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0), t)
        spread = fisher.torch.kl_divergence(point, SOFTPLUS(0.0, 1.0)).sum()
        return torch.autograd.grad(spread, [mu, rho, t])

    inputs = [torch.randn(5).requires_grad_(), torch.randn(5).requires_grad_()]
    inputs.append(torch.tensor(0.5, requires_grad=True))
    expected = step(*inputs)
    loss = torch.compile(
        lambda mu, rho, t: fisher.torch.kl_divergence(
            fisher.torch.geodesic(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0), t), SOFTPLUS(0.0, 1.0)
        ).sum(),
        fullgraph=True,
    )
    for got, truth in zip(torch.autograd.grad(loss(*inputs), inputs), expected):
        assert torch.allclose(got, truth, rtol=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_small_types_are_computed_in_float32(dtype):
    a, b = make_belief(SOFTPLUS, (4, 5), dtype, 1), make_belief(SOFTPLUS, (4, 5), dtype, 2)
    parts = [part.requires_grad_() for part in a.components]
    squared = fisher.torch.squared_distance(SOFTPLUS(*parts), b)
    assert squared.dtype == F32
    wide = [part.detach().double().requires_grad_() for part in parts]
    truth = fisher.torch.squared_distance(
        SOFTPLUS(*wide), SOFTPLUS(*(part.double() for part in b.components))
    )
    assert_close(squared, truth, 1e-5)
    for found, slope in zip(
        torch.autograd.grad(squared.sum(), parts), torch.autograd.grad(truth.sum(), wide)
    ):
        assert found.dtype == dtype
        assert_close(found, slope, torch.finfo(dtype).eps, slope.abs().max())


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (2, 1, 3, 4)], ids=str)
@pytest.mark.parametrize(
    "family", [SOFTPLUS, fisher.Categorical("logits"), fisher.CenteredGaussian("cholesky")], ids=name
)
def test_shapes(family, shape):
    a, b = make_belief(family, shape, seed=1), make_belief(family, shape, seed=2)
    parts = [part.requires_grad_() for part in a.components]
    squared = fisher.torch.squared_distance(a, b)
    assert squared.shape == shape
    for part, gradient in zip(parts, torch.autograd.grad(squared.sum(), parts)):
        assert gradient.shape == part.shape
    assert fisher.torch.kl_divergence(a, b).shape == shape
    assert fisher.torch.geodesic(a, b, 0.5).components[0].shape == parts[0].shape
    assert fisher.torch.natural_gradient(a, *parts)[0].shape == parts[0].shape


def test_components_are_broadcast_and_numbers_taken():
    mu = torch.randn(4, 3, dtype=F64, requires_grad=True)
    rho = torch.randn(3, dtype=F64, requires_grad=True)
    scale = torch.randn(4, 1, dtype=F64, requires_grad=True)
    inputs = (mu, rho, scale)

    def measure(mu, rho, scale):
        return fisher.torch.squared_distance(SOFTPLUS(mu, rho), SOFTPLUS(0.5, scale))

    assert measure(*inputs).shape == (4, 3)
    assert torch.autograd.gradcheck(measure, inputs)
    half = fisher.torch.squared_distance(SOFTPLUS(mu.bfloat16(), rho.float()), SOFTPLUS(0, 1))
    assert half.dtype == F32


def test_views_that_are_not_contiguous_or_not_aligned():
    whole = torch.randn(2, 9, 7)
    for view in (whole.mT, whole[:, 1:, ::2], whole[0, 0, 1:], whole[:, :1].expand(2, 9, 7)):
        mu, rho = view, view.flip(0)
        found = fisher.torch.squared_distance(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0))
        copied = fisher.torch.squared_distance(
            SOFTPLUS(mu.clone(memory_format=torch.contiguous_format), rho.clone()), SOFTPLUS(0.0, 1.0)
        )
        assert torch.equal(found, copied)


def test_operations_agree():
    a, b = make_belief(SOFTPLUS, (50,), seed=1), make_belief(SOFTPLUS, (50,), seed=2)
    squared = fisher.torch.squared_distance(a, b)
    point = fisher.torch.geodesic(a, b, 0.25)
    assert_close(fisher.torch.squared_distance(a, point), squared / 16, 1e-9)
    stepped = fisher.torch.proximal_step(a, b, 1 / 3)
    for one, other in zip(stepped.components, point.components):
        assert torch.allclose(one, other, rtol=1e-12)
    tensor = fisher.torch.proximal_step(a, b, torch.tensor(1 / 3))
    assert torch.allclose(tensor.components[0], point.components[0], rtol=1e-6)

    sigma = fisher.Gaussian("sigma")
    belief = make_belief(sigma, (50,))
    one, other = torch.randn(50, dtype=F64), torch.randn(50, dtype=F64)
    mu, scale = fisher.torch.natural_gradient(belief, one, other)
    variance = belief.components[1] ** 2
    assert torch.allclose(mu, variance * one, rtol=1e-12)
    assert torch.allclose(scale, variance / 2 * other, rtol=1e-12)


def test_second_derivatives_are_refused():
    mu, rho = (torch.randn(5, dtype=F64, requires_grad=True) for _ in range(2))
    squared = fisher.torch.squared_distance(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0)).sum()
    # A sum with something that has a second derivative must not hide it.
    (slope,) = torch.autograd.grad(squared + (mu**3).sum(), mu, create_graph=True)
    with pytest.raises(TypeError, match=r"differentiated again; keep it out with detach"):
        slope.sum().backward()
    (slope,) = torch.autograd.grad(
        fisher.torch.geodesic(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0), 0.5).components[1].sum(),
        mu,
        create_graph=True,
    )
    with pytest.raises(TypeError, match="differentiated again"):
        slope.sum().backward()
    with pytest.raises(TypeError, match="differentiated again"):
        torch.func.grad(torch.func.grad(
                lambda mu: fisher.torch.squared_distance(SOFTPLUS(mu, rho[0]), SOFTPLUS(0.0, 1.0))
            )
        )(mu[0])


def test_func_transforms():
    mu, rho = torch.randn(4, 3, dtype=F64), torch.randn(4, 3, dtype=F64)

    def measure(mu, rho):
        return fisher.torch.squared_distance(SOFTPLUS(mu, rho), SOFTPLUS(0.0, 1.0)).sum()

    inputs = mu.clone().requires_grad_()
    (truth,) = torch.autograd.grad(measure(inputs, rho), inputs)
    assert torch.equal(torch.func.grad(measure)(mu, rho), truth)
    assert torch.equal(torch.func.vmap(torch.func.grad(measure))(mu, rho), truth)
    assert torch.allclose(torch.func.vmap(measure)(mu, rho), measure_rows(mu, rho))
    # One number for each of the mapped.
    points = torch.func.vmap(
        lambda mu, t: fisher.torch.geodesic(SOFTPLUS(mu, rho[0]), SOFTPLUS(mu + 1, rho[1]), t).components[0]
    )(mu, torch.linspace(0, 1, 4, dtype=F64))
    assert torch.allclose(points[0], mu[0]) and torch.allclose(points[3], mu[3] + 1)


def measure_rows(mu, rho):
    return torch.stack(
        [
            fisher.torch.squared_distance(SOFTPLUS(*row), SOFTPLUS(0.0, 1.0)).sum()
            for row in zip(mu, rho)
        ]
    )


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: fisher.torch.squared_distance(torch.ones(3), None), TypeError, "a belief is needed"),
        (
            lambda: fisher.torch.squared_distance(
                SOFTPLUS(torch.ones(3), 0.0), fisher.Gaussian("sigma")(torch.ones(3), 1.0)
            ),
            TypeError,
            "one family and chart",
        ),
        (
            lambda: fisher.torch.kl_divergence(SOFTPLUS(torch.ones(3), 0.0), SOFTPLUS(torch.ones(4), 0.0)),
            ValueError,
            r"shapes that fit each other, got \(3,\), \(\), \(4,\), \(\)",
        ),
        (
            lambda: fisher.torch.squared_distance(
                SOFTPLUS(torch.ones(3, dtype=torch.int64), 0), SOFTPLUS(0, 0)
            ),
            TypeError,
            "got int64; convert them with .to",
        ),
        (
            lambda: fisher.torch.geodesic(SOFTPLUS(torch.ones(3), 0.0), SOFTPLUS(0.0, 0.0), torch.ones(2)),
            ValueError,
            r"t must be one number, got a tensor of shape \(2,\)",
        ),
        (
            lambda: fisher.torch.natural_gradient(SOFTPLUS(torch.ones(3), 0.0), torch.ones(3)),
            TypeError,
            "2 components, but there are 1 gradients",
        ),
        (
            lambda: fisher.torch.squared_distance(
                SOFTPLUS(torch.ones(3, device="meta"), torch.ones(3)), SOFTPLUS(0.0, 0.0)
            ),
            ValueError,
            "on one device, got cpu and meta",
        ),
        (
            lambda: fisher.torch.squared_distance(
                fisher.CenteredGaussian("covariance")(torch.ones(3)),
                fisher.CenteredGaussian("covariance")(torch.ones(3)),
            ),
            fisher.PolicyError,
            "needs 2 event dimensions",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
