# Part of the Fisher project, under the Apache License v2.0 with LLVM
# Exceptions. See LICENSE for license information.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The compiled regularizer, called on tensors of PyTorch.

It is a shared library: cc -shared regularizer.o -lFisherRuntime, or --emit=shared.
"""

import ctypes

import torch

POINTER, SIZE = ctypes.c_void_p, ctypes.c_int64


def load(path):
    """A function that writes the penalty and the gradients of vectors, on the
    stream that PyTorch uses now."""
    function = ctypes.CDLL(path).fisher_regularizer
    # As regularizer.h says: two arrays with their sizes, the weight, the results
    # and the stream.
    function.argtypes = [POINTER, SIZE, POINTER, SIZE, ctypes.c_float, *[POINTER] * 4]
    function.restype = None

    def call(mu, log_sigma, weight, penalty, grad_mu, grad_log_sigma):
        for tensor in (mu, log_sigma, penalty, grad_mu, grad_log_sigma):
            assert tensor.is_cuda and tensor.is_contiguous() and tensor.dtype == torch.float32
        with torch.cuda.device(mu.device):
            function(
                mu.data_ptr(),
                mu.numel(),
                log_sigma.data_ptr(),
                log_sigma.numel(),
                weight,
                penalty.data_ptr(),
                grad_mu.data_ptr(),
                grad_log_sigma.data_ptr(),
                torch.cuda.current_stream().cuda_stream,
            )

    return call
