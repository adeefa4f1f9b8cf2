# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What chips have, by their makers' data sheets and programming guides."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Chip:
    """A chip, and how threads share a multiprocessor of it."""

    device: str  # whose clock and memory these are
    target: str
    multiprocessors: int
    schedulers: int  # of a multiprocessor
    # Threads for which a scheduler starts an instruction in a clock.
    lanes: int
    clock: float  # GHz, the highest
    bandwidth: float  # GB/s
    warp: int
    warps: int  # of a multiprocessor, at most
    blocks: int
    registers: int  # of a scheduler, each for all threads of a warp
    granule: int  # in which a thread gets them
    shared: int  # bytes of a multiprocessor
    shared_reserved: int  # of which each block takes so many besides its own

    def budget(self, size):
        """How many instructions may be started while memory moves `size` bytes."""
        per_second = self.multiprocessors * self.schedulers * self.lanes * self.clock
        return per_second * size / self.bandwidth

    def occupancy(self, registers, shared, threads):
        """The share of the warps a multiprocessor can have that it has."""
        warps = -(-threads // self.warp)
        of_thread = -(-max(registers, 1) // self.granule) * self.granule
        # The warps of a block are spread over the schedulers.
        by_registers = self.registers // of_thread * self.schedulers // warps
        of_block = shared + self.shared_reserved
        by_shared = self.shared // of_block if of_block else self.blocks
        blocks = min(self.warps // warps, self.blocks, by_registers, by_shared)
        return blocks * warps / self.warps


# NVIDIA: "A100 Tensor Core GPU" (80 GB SXM), "H200 Tensor Core GPU" (SXM) and
# "DGX B200" data sheets; CUDA C++ Programming Guide, "Technical Specifications
# per Compute Capability". AMD: "Instinct MI250X" (one of its two dies) and
# "Instinct MI300X" data sheets; the CDNA 2 and CDNA 3 instruction set guides. A
# vector instruction of AMD's takes four clocks for its 64 threads. B200's data
# sheet has no clock; H200's is taken.
_NVIDIA = dict(target="nvptx", schedulers=4, lanes=32, warp=32, warps=64, blocks=32,
               registers=512, granule=8, shared_reserved=1024)  # fmt: skip
_AMD = dict(target="amdgpu", schedulers=4, lanes=16, warp=64, warps=32, blocks=32,
            registers=512, granule=8, shared=65536, shared_reserved=0)  # fmt: skip
CHIPS = {
    "sm_80": Chip("A100", multiprocessors=108, clock=1.41, bandwidth=2039,
                  shared=164 * 1024, **_NVIDIA),
    "sm_90": Chip("H200", multiprocessors=132, clock=1.98, bandwidth=4800,
                  shared=228 * 1024, **_NVIDIA),
    "sm_100": Chip("B200", multiprocessors=148, clock=1.98, bandwidth=8000,
                   shared=228 * 1024, **_NVIDIA),
    "gfx90a": Chip("MI250X", multiprocessors=110, clock=1.7, bandwidth=1638, **_AMD),
    "gfx942": Chip("MI300X", multiprocessors=304, clock=2.1, bandwidth=5300, **_AMD),
}  # fmt: skip
