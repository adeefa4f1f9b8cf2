//===- OpenCL.cpp - Devices of OpenCL -------------------------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Memory is shared virtual memory, so that pointers are pointers: of the
// device's own kind, which the host reaches by copies only.
//
//===----------------------------------------------------------------------===//

#include "OpenCL.h"
#include "Driver.h"
#include "Library.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_map>
#include <vector>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace fisher::runtime;

static std::string describe(cl_int status);

namespace {
struct Kernel {
  cl_kernel kernel;
  /// A letter for each argument, which the pass that names kernels wrote.
  std::string arguments;
};

struct Module {
  cl_program program;
  std::unordered_map<std::string, Kernel> kernels;
};

class OpenCLDriver : public Driver {
public:
  /// Returns what is wrong, or nothing.
  std::string open();

  std::string openOwn(int index) override;
  Place *findPlace(void *queue) override;

  void *loadModule(const void *code, size_t size) override;
  void unloadModule(void *module) override;
  void *getFunction(void *module, const char *name) override;
  void launch(void *function, const Launch &launch) override;
  void synchronize() override { check(cl.clFinish(getQueue()), "clFinish"); }
  void *allocate(size_t bytes, std::string &error) override;
  void free(void *memory) override { cl.clSVMFree(getContext(), memory); }
  void *allocateInOrder(size_t bytes, std::string &error) override {
    return allocate(bytes, error);
  }
  void freeInOrder(void *memory) override {
    check(cl.clEnqueueSVMFree(getQueue(), 1, &memory, nullptr, nullptr, 0,
                              nullptr, nullptr),
          "clEnqueueSVMFree");
  }
  void copy(void *to, const void *from, size_t bytes) override {
    check(cl.clEnqueueSVMMemcpy(getQueue(), CL_FALSE, to, from, bytes, 0,
                                nullptr, nullptr),
          "clEnqueueSVMMemcpy");
  }
  void fill(void *memory, uint32_t number, size_t size, size_t count) override {
    check(cl.clEnqueueSVMMemFill(getQueue(), memory, &number, size,
                                 size * count, 0, nullptr, nullptr),
          "clEnqueueSVMMemFill");
  }

  // An event is a place for the last one that was recorded.
  void *createEvent() override {
    return static_cast<void *>(new cl_event(nullptr));
  }
  void destroyEvent(void *event) override {
    release(*static_cast<cl_event *>(event));
    delete static_cast<cl_event *>(event);
  }
  void recordEvent(void *event) override {
    auto &place = *static_cast<cl_event *>(event);
    release(place);
    check(cl.clEnqueueMarkerWithWaitList(getQueue(), 0, nullptr, &place),
          "clEnqueueMarkerWithWaitList");
  }
  void waitForEvent(void *event) override {
    if (*static_cast<cl_event *>(event))
      check(cl.clWaitForEvents(1, static_cast<cl_event *>(event)),
            "clWaitForEvents");
  }
  double getSeconds(void *begin, void *end) override {
    return (getNanoseconds(end) - getNanoseconds(begin)) * 1e-9;
  }

private:
  void findFunctions();
  /// Chooses the device `index` of those that are fit: GPUs come first.
  std::string selectDevice(int index, cl_device_id &device) const;
  std::string findFault(cl_device_id device) const;
  std::string getText(cl_device_id device, cl_uint name) const;
  template <typename T>
  T getNumber(cl_device_id device, cl_uint name) const {
    T number = 0;
    cl.clGetDeviceInfo(device, name, sizeof(number), &number, nullptr);
    return number;
  }

  template <typename T>
  T *getOfQueue(cl_command_queue queue, cl_uint name) const {
    void *value = nullptr;
    cl_int status = cl.clGetCommandQueueInfo(
        queue, name, sizeof(value), static_cast<void *>(&value), nullptr);
    if (status != CL_SUCCESS)
      fail("clGetCommandQueueInfo failed: " + describe(status));
    return static_cast<T *>(value);
  }

  cl_command_queue getQueue() const {
    return static_cast<cl_command_queue>(queue);
  }
  cl_context getContext() const {
    return static_cast<cl_context>(place->context);
  }
  cl_device_id getDevice() const {
    return static_cast<cl_device_id>(place->device);
  }

  cl_program createProgram(const void *code, size_t size);
  std::string toBitcode(const void *code, size_t size,
                        std::string &error) const;
  void release(cl_event event) {
    if (event)
      cl.clReleaseEvent(event);
  }
  int64_t getNanoseconds(void *event) const;
  void check(cl_int status, const std::string &what) const;

  Library library;
  OpenCLFunctions cl = {};
};
} // namespace

static std::string describe(cl_int status) {
  static const std::unordered_map<cl_int, const char *> names = {
      {-1, "CL_DEVICE_NOT_FOUND"},
      {-2, "CL_DEVICE_NOT_AVAILABLE"},
      {-3, "CL_COMPILER_NOT_AVAILABLE"},
      {-4, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
      {-5, "CL_OUT_OF_RESOURCES"},
      {-6, "CL_OUT_OF_HOST_MEMORY"},
      {-11, "CL_BUILD_PROGRAM_FAILURE"},
      {-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"},
      {-30, "CL_INVALID_VALUE"},
      {-33, "CL_INVALID_DEVICE"},
      {-34, "CL_INVALID_CONTEXT"},
      {-36, "CL_INVALID_COMMAND_QUEUE"},
      {-42, "CL_INVALID_BINARY"},
      {-43, "CL_INVALID_BUILD_OPTIONS"},
      {-44, "CL_INVALID_PROGRAM"},
      {-45, "CL_INVALID_PROGRAM_EXECUTABLE"},
      {-46, "CL_INVALID_KERNEL_NAME"},
      {-47, "CL_INVALID_KERNEL_DEFINITION"},
      {-48, "CL_INVALID_KERNEL"},
      {-49, "CL_INVALID_ARG_INDEX"},
      {-50, "CL_INVALID_ARG_VALUE"},
      {-51, "CL_INVALID_ARG_SIZE"},
      {-52, "CL_INVALID_KERNEL_ARGS"},
      {-54, "CL_INVALID_WORK_GROUP_SIZE"},
      {-55, "CL_INVALID_WORK_ITEM_SIZE"},
      {-59, "CL_INVALID_OPERATION"},
      {-61, "CL_INVALID_BUFFER_SIZE"},
      {-63, "CL_INVALID_GLOBAL_WORK_SIZE"},
      // Of the loader: there is no driver.
      {-1001, "CL_PLATFORM_NOT_FOUND_KHR"}};
  auto found = names.find(status);
  return found == names.end() ? "error " + std::to_string(status)
                              : found->second;
}

void OpenCLDriver::check(cl_int status, const std::string &what) const {
  if (status != CL_SUCCESS)
    fail(what + " failed on " + getName() + ": " + describe(status));
}

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

void OpenCLDriver::findFunctions() {
#define FIND(name) library.find(cl.name, #name)
  FIND(clGetPlatformIDs);
  FIND(clGetPlatformInfo);
  FIND(clGetDeviceIDs);
  FIND(clGetDeviceInfo);
  FIND(clCreateContext);
  FIND(clCreateCommandQueueWithProperties);
  FIND(clGetCommandQueueInfo);
  FIND(clRetainContext);
  FIND(clCreateProgramWithBinary);
  FIND(clBuildProgram);
  FIND(clGetProgramBuildInfo);
  FIND(clReleaseProgram);
  FIND(clCreateKernel);
  FIND(clReleaseKernel);
  FIND(clSetKernelArg);
  FIND(clSetKernelArgSVMPointer);
  FIND(clEnqueueNDRangeKernel);
  FIND(clFinish);
  FIND(clSVMAlloc);
  FIND(clSVMFree);
  FIND(clEnqueueSVMFree);
  FIND(clEnqueueSVMMemcpy);
  FIND(clEnqueueSVMMemFill);
  FIND(clEnqueueMarkerWithWaitList);
  FIND(clWaitForEvents);
  FIND(clReleaseEvent);
  FIND(clGetEventProfilingInfo);
#undef FIND
  library.findOptional(cl.clCreateProgramWithIL, "clCreateProgramWithIL");
}

std::string OpenCLDriver::getText(cl_device_id device, cl_uint name) const {
  size_t size = 0;
  cl.clGetDeviceInfo(device, name, 0, nullptr, &size);
  std::string text(size, '\0');
  if (size == 0 || cl.clGetDeviceInfo(device, name, size, text.data(),
                                      nullptr) != CL_SUCCESS)
    return "";
  text.pop_back(); // It ends with a zero.
  return text;
}

/// Why kernels cannot be run on a device, or nothing.
std::string OpenCLDriver::findFault(cl_device_id device) const {
  if (!(getNumber<cl_bitfield>(device, CL_DEVICE_SVM_CAPABILITIES) &
        CL_DEVICE_SVM_COARSE_GRAIN_BUFFER))
    return "it has no shared virtual memory";
  if (getNumber<cl_bitfield>(device, CL_DEVICE_DOUBLE_FP_CONFIG) == 0)
    return "it has no f64";
  return "";
}

std::string OpenCLDriver::selectDevice(int index, cl_device_id &device) const {
  cl_platform_id platforms[16];
  cl_uint count = 0;
  cl_int status = cl.clGetPlatformIDs(16, platforms, &count);
  if (status != CL_SUCCESS)
    return "clGetPlatformIDs failed: " + describe(status);
  const char *wanted = std::getenv("FISHER_OPENCL_PLATFORM");
  std::string faults;
  std::vector<cl_device_id> fit;
  size_t numGPUs = 0;
  for (cl_uint i = 0; i < count && i < 16; ++i) {
    char text[256] = "";
    cl.clGetPlatformInfo(platforms[i], CL_PLATFORM_NAME, sizeof(text), text,
                         nullptr);
    if (wanted && !std::strstr(text, wanted)) {
      faults += std::string("; platform ") + text +
                " is not that of FISHER_OPENCL_PLATFORM";
      continue;
    }
    cl_device_id devices[16];
    cl_uint found = 0;
    if (cl.clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 16, devices,
                          &found) != CL_SUCCESS)
      continue;
    for (cl_uint j = 0; j < found && j < 16; ++j) {
      device = devices[j];
      std::string fault = findFault(device);
      if (!fault.empty()) {
        faults += "; " + getText(device, CL_DEVICE_NAME) + ": " + fault;
        continue;
      }
      bool isGPU =
          getNumber<cl_bitfield>(device, CL_DEVICE_TYPE) & CL_DEVICE_TYPE_GPU;
      fit.insert(isGPU ? fit.begin() + numGPUs++ : fit.end(), device);
    }
  }
  if (static_cast<size_t>(index) >= fit.size())
    return "no device of number " + std::to_string(index) + " among the " +
           std::to_string(fit.size()) + " that are fit" + faults;
  device = fit[index];
  return "";
}

std::string OpenCLDriver::open() {
  if (!library.open({"libOpenCL.so.1"}))
    return "no OpenCL: libOpenCL.so.1 could not be opened (" +
           library.getError() + ")";
  findFunctions();
  if (!library.getMissing().empty())
    return "OpenCL is too old: libOpenCL.so.1 has no " + library.getMissing();
  return "";
}

std::string OpenCLDriver::openOwn(int index) {
  cl_device_id device = nullptr;
  if (std::string fault = selectDevice(index, device); !fault.empty())
    return "no OpenCL device: " + fault;
  std::string name = getText(device, CL_DEVICE_NAME);
  cl_int status;
  cl_context context =
      cl.clCreateContext(nullptr, 1, &device, nullptr, nullptr, &status);
  if (status != CL_SUCCESS)
    return "clCreateContext failed on " + name + ": " + describe(status);
  // Events of the queue tell times.
  cl_bitfield properties[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE,
                              0};
  ownQueue = cl.clCreateCommandQueueWithProperties(context, device, properties,
                                                   &status);
  if (status != CL_SUCCESS)
    return "clCreateCommandQueueWithProperties failed on " + name + ": " +
           describe(status);
  own = &addPlace(context, device);
  own->name = name;
  return "";
}

Place *OpenCLDriver::findPlace(void *queue) {
  if (!queue)
    return nullptr;
  auto *given = static_cast<cl_command_queue>(queue);
  auto *context = getOfQueue<_cl_context>(given, CL_QUEUE_CONTEXT);
  auto *device = getOfQueue<_cl_device_id>(given, CL_QUEUE_DEVICE);
  Place &found = addPlace(context, device);
  if (found.name.empty()) {
    found.name = getText(device, CL_DEVICE_NAME);
    // No other context can have its address.
    cl.clRetainContext(context);
  }
  return &found;
}

std::unique_ptr<Driver> fisher::runtime::openOpenCL(std::string &error) {
  return makeDriver<OpenCLDriver>(error);
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {
/// A file for another program, gone with this object.
class TemporaryFile {
public:
  TemporaryFile() { descriptor = mkstemp(path.data()); }
  ~TemporaryFile() {
    if (descriptor < 0)
      return;
    close(descriptor);
    unlink(path.c_str());
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  bool write(const void *data, size_t size) const {
    return descriptor >= 0 &&
           ::write(descriptor, data, size) == static_cast<ssize_t>(size);
  }
  std::string read() const {
    std::string data;
    if (descriptor < 0 || lseek(descriptor, 0, SEEK_SET) != 0)
      return data;
    std::array<char, 1 << 14> part;
    for (ssize_t count;
         (count = ::read(descriptor, part.data(), part.size())) > 0;)
      data.append(part.data(), count);
    return data;
  }
  const char *getPath() const { return path.c_str(); }

private:
  std::string path = "/tmp/fisher-kernels-XXXXXX";
  int descriptor = -1;
};
} // namespace

static constexpr char translator[] = "llvm-spirv-15";

/// SPIR-V as the bitcode of LLVM that older drivers take, or what is wrong.
std::string OpenCLDriver::toBitcode(const void *code, size_t size,
                                    std::string &error) const {
  TemporaryFile from, to;
  if (!from.write(code, size)) {
    error = "the kernels cannot be written to a file in /tmp";
    return "";
  }
  std::array<std::string, 5> words = {translator, "-r", from.getPath(), "-o",
                                      to.getPath()};
  std::array<char *, 6> arguments = {};
  for (size_t i = 0; i < words.size(); ++i)
    arguments[i] = words[i].data();
  pid_t process;
  int status = 0;
  if (posix_spawnp(&process, translator, nullptr, nullptr, arguments.data(),
                   environ) != 0 ||
      waitpid(process, &status, 0) != process ||
      (WIFEXITED(status) && WEXITSTATUS(status) == 127))
    error = getName() + " takes no SPIR-V, but SPIR, which " + translator +
            " makes of it; install it (Debian has the package " + translator +
            ")";
  else if (status != 0)
    error = std::string(translator) + " failed for the kernels";
  return to.read();
}

cl_program OpenCLDriver::createProgram(const void *code, size_t size) {
  cl_int status;
  cl_context context = getContext();
  cl_device_id device = getDevice();
  bool takesSPIRV =
      getText(device, CL_DEVICE_IL_VERSION).find("SPIR-V") != std::string::npos;
  if (cl.clCreateProgramWithIL && takesSPIRV) {
    cl_program program = cl.clCreateProgramWithIL(context, code, size, &status);
    check(status, "clCreateProgramWithIL");
    return program;
  }
  if (getText(device, CL_DEVICE_EXTENSIONS).find("cl_khr_spir") ==
      std::string::npos)
    fail(getName() + " takes neither SPIR-V nor SPIR");
  std::string error, bitcode = toBitcode(code, size, error);
  if (!error.empty())
    fail(error);
  size_t length = bitcode.size();
  auto *bytes = reinterpret_cast<const unsigned char *>(bitcode.data());
  cl_program program = cl.clCreateProgramWithBinary(
      context, 1, &device, &length, &bytes, nullptr, &status);
  check(status, "clCreateProgramWithBinary");
  return program;
}

void *OpenCLDriver::loadModule(const void *code, size_t size) {
  cl_device_id device = getDevice();
  cl_program program = createProgram(code, size);
  std::string options = "-x spir -spir-std=1.2";
  if (getNumber<cl_bitfield>(device, CL_DEVICE_SINGLE_FP_CONFIG) &
      CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT)
    options += " -cl-fp32-correctly-rounded-divide-sqrt";
  cl_int status =
      cl.clBuildProgram(program, 1, &device, options.c_str(), nullptr, nullptr);
  if (status != CL_SUCCESS) {
    std::vector<char> log(1 << 14);
    cl.clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG,
                             log.size() - 1, log.data(), nullptr);
    fail("the kernels cannot be built for " + getName() + ": " +
         describe(status) + "\n" + log.data());
  }
  return new Module{program, {}};
}

void OpenCLDriver::unloadModule(void *module) {
  auto *own = static_cast<Module *>(module);
  for (auto &[name, kernel] : own->kernels)
    cl.clReleaseKernel(kernel.kernel);
  cl.clReleaseProgram(own->program);
  delete own;
}

void *OpenCLDriver::getFunction(void *module, const char *name) {
  auto *own = static_cast<Module *>(module);
  auto [place, isNew] = own->kernels.try_emplace(name);
  Kernel &kernel = place->second;
  if (isNew) {
    cl_int status;
    kernel.kernel = cl.clCreateKernel(own->program, name, &status);
    check(status, std::string("clCreateKernel of ") + name);
    kernel.arguments = place->first.substr(place->first.rfind('_') + 1);
  }
  return &kernel;
}

static size_t getByteSize(char letter) {
  switch (letter) {
  case 'l':
  case 'd':
    return 8;
  case 'i':
  case 'f':
    return 4;
  case 's':
    return 2;
  default:
    return 1;
  }
}

void OpenCLDriver::launch(void *function, const Launch &launch) {
  auto *kernel = static_cast<Kernel *>(function);
  for (cl_uint i = 0; i != kernel->arguments.size(); ++i) {
    char letter = kernel->arguments[i];
    void *value = launch.arguments[i];
    check(letter == 'p' ? cl.clSetKernelArgSVMPointer(
                              kernel->kernel, i, *static_cast<void **>(value))
                        : cl.clSetKernelArg(kernel->kernel, i,
                                            getByteSize(letter), value),
          "setting argument " + std::to_string(i) + " of a kernel");
  }
  std::array<size_t, 3> global = launch.grid;
  for (size_t dim = 0; dim != 3; ++dim)
    global[dim] *= launch.block[dim];
  check(cl.clEnqueueNDRangeKernel(getQueue(), kernel->kernel, 3, nullptr,
                                  global.data(), launch.block.data(), 0,
                                  nullptr, nullptr),
        "clEnqueueNDRangeKernel");
}

//===----------------------------------------------------------------------===//
// Memory and time
//===----------------------------------------------------------------------===//

void *OpenCLDriver::allocate(size_t bytes, std::string &error) {
  void *memory = cl.clSVMAlloc(getContext(), CL_MEM_READ_WRITE, bytes, 128);
  if (memory)
    return memory;
  // The function tells no reason.
  auto most = getNumber<cl_ulong>(getDevice(), CL_DEVICE_MAX_MEM_ALLOC_SIZE);
  error = bytes > most ? "CL_INVALID_BUFFER_SIZE" : "clSVMAlloc gave nothing";
  error += "; an allocation can be " + std::to_string(most) + " bytes";
  return nullptr;
}

int64_t OpenCLDriver::getNanoseconds(void *event) const {
  cl_ulong time = 0;
  check(cl.clGetEventProfilingInfo(*static_cast<cl_event *>(event),
                                   CL_PROFILING_COMMAND_END, sizeof(time),
                                   &time, nullptr),
        "clGetEventProfilingInfo");
  return static_cast<int64_t>(time);
}
