//===- Compiler.cpp - The compiler as Python calls it ---------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Compiler.h"
#include "fisher-c/Family.h"
#include "fisher-c/Registration.h"

#include "mlir-c/BuiltinAttributes.h"
#include "mlir-c/BuiltinTypes.h"
#include "mlir-c/Diagnostics.h"
#include "mlir-c/IR.h"
#include "mlir-c/Pass.h"

#include <map>
#include <mutex>

using namespace fisher::python;

static void append(MlirStringRef text, void *to) {
  static_cast<std::string *>(to)->append(text.data, text.length);
}

static MlirStringRef asRef(std::string_view text) {
  return mlirStringRefCreate(text.data(), text.size());
}

static const char *getName(MlirDiagnosticSeverity severity) {
  switch (severity) {
  case MlirDiagnosticError:
    return "error";
  case MlirDiagnosticWarning:
    return "warning";
  case MlirDiagnosticNote:
    return "note";
  case MlirDiagnosticRemark:
    return "remark";
  }
  return "";
}

/// The location as loc(...) prints it, without that.
static std::string describe(MlirLocation location) {
  std::string text;
  mlirLocationPrint(location, append, &text);
  if (text.rfind("loc(", 0) == 0 && text.back() == ')')
    text = text.substr(4, text.size() - 5);
  return text == "unknown" ? "" : text + ": ";
}

static std::string describe(MlirDiagnostic diagnostic) {
  std::string text = describe(mlirDiagnosticGetLocation(diagnostic)) +
                     getName(mlirDiagnosticGetSeverity(diagnostic)) + ": ";
  mlirDiagnosticPrint(diagnostic, append, &text);
  for (intptr_t i = 0, e = mlirDiagnosticGetNumNotes(diagnostic); i != e; ++i) {
    std::string note = describe(mlirDiagnosticGetNote(diagnostic, i));
    // The operation is told already by its location.
    if (note.find("note: see current operation") == std::string::npos)
      text += "\n" + note;
  }
  return text;
}

namespace {
/// A context that knows the dialects, and keeps what is reported in it.
class Session {
public:
  Session() {
    static std::once_flag registered;
    std::call_once(registered, fisherRegisterAllPasses);
    MlirDialectRegistry registry = mlirDialectRegistryCreate();
    fisherRegisterAllDialects(registry);
    context = mlirContextCreateWithRegistry(registry, /*threading=*/false);
    mlirDialectRegistryDestroy(registry);
    mlirContextSetAllowUnregisteredDialects(context, true);
    mlirContextAttachDiagnosticHandler(context, handle, this, nullptr);
  }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;
  ~Session() { mlirContextDestroy(context); }

  MlirContext get() const { return context; }
  std::vector<std::string> takeRemarks() { return std::move(remarks); }

  [[noreturn]] void fail() const {
    throw CompilerError(errors.empty() ? "error: the compiler failed and did "
                                         "not say why"
                                       : errors);
  }

private:
  static MlirLogicalResult handle(MlirDiagnostic diagnostic, void *data) {
    auto *session = static_cast<Session *>(data);
    std::string text = describe(diagnostic);
    if (mlirDiagnosticGetSeverity(diagnostic) == MlirDiagnosticError)
      session->errors += (session->errors.empty() ? "" : "\n") + text;
    else
      session->remarks.push_back(std::move(text));
    return mlirLogicalResultSuccess();
  }

  MlirContext context;
  std::string errors;
  std::vector<std::string> remarks;
};

/// A module that was parsed.
class Module {
public:
  Module(const Session &session, std::string_view text)
      : module(mlirModuleCreateParse(session.get(), asRef(text))) {
    if (mlirModuleIsNull(module))
      session.fail();
  }
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;
  ~Module() { mlirModuleDestroy(module); }

  MlirModule get() const { return module; }

private:
  MlirModule module;
};
} // namespace

static std::string print(MlirModule module, bool generic) {
  std::string text;
  MlirOpPrintingFlags flags = mlirOpPrintingFlagsCreate();
  if (generic)
    mlirOpPrintingFlagsPrintGenericOpForm(flags);
  mlirOperationPrintWithFlags(mlirModuleGetOperation(module), flags, append,
                              &text);
  mlirOpPrintingFlagsDestroy(flags);
  return text;
}

Rewritten fisher::python::rewrite(const std::string &text,
                                  const std::string &pipeline, bool generic) {
  Session session;
  Module module(session, text);
  MlirPassManager manager = mlirPassManagerCreate(session.get());
  std::string message;
  MlirLogicalResult result =
      mlirOpPassManagerAddPipeline(mlirPassManagerGetAsOpPassManager(manager),
                                   asRef(pipeline), append, &message);
  if (mlirLogicalResultIsSuccess(result))
    result =
        mlirPassManagerRunOnOp(manager, mlirModuleGetOperation(module.get()));
  mlirPassManagerDestroy(manager);
  if (!message.empty())
    throw CompilerError(message);
  if (mlirLogicalResultIsFailure(result))
    session.fail();
  return {print(module.get(), generic), session.takeRemarks()};
}

static std::string getText(MlirAttribute attribute) {
  MlirStringRef text = mlirStringAttrGetValue(attribute);
  return std::string(text.data, text.length);
}

/// The marks in a dictionary of attributes, which may be null.
static std::map<std::string, std::string> readMarks(MlirAttribute dictionary) {
  constexpr std::string_view prefix = "fisher.";
  std::map<std::string, std::string> marks;
  if (mlirAttributeIsNull(dictionary))
    return marks;
  for (intptr_t i = 0, e = mlirDictionaryAttrGetNumElements(dictionary); i != e;
       ++i) {
    MlirNamedAttribute element = mlirDictionaryAttrGetElement(dictionary, i);
    MlirStringRef name = mlirIdentifierStr(element.name);
    std::string_view text(name.data, name.length);
    if (text.substr(0, prefix.size()) == prefix &&
        mlirAttributeIsAString(element.attribute))
      marks[std::string(text.substr(prefix.size()))] =
          getText(element.attribute);
  }
  return marks;
}

static MlirAttribute getAttribute(MlirOperation op, const char *name) {
  return mlirOperationGetAttributeByName(op, asRef(name));
}

Signature fisher::python::readSignature(const std::string &text) {
  Session session;
  Module module(session, text);
  MlirOperation op =
      mlirBlockGetFirstOperation(mlirModuleGetBody(module.get()));
  for (; !mlirOperationIsNull(op); op = mlirOperationGetNextInBlock(op)) {
    MlirAttribute name = getAttribute(op, "sym_name");
    if (!mlirAttributeIsNull(name) && getText(name) == "main")
      break;
  }
  if (mlirOperationIsNull(op))
    throw CompilerError("error: the module has no function @main");
  MlirType type = mlirTypeAttrGetValue(getAttribute(op, "function_type"));
  auto makePort = [&](MlirType portType, MlirAttribute marks, intptr_t index) {
    Port port;
    mlirTypePrint(portType, append, &port.type);
    if (!mlirAttributeIsNull(marks))
      port.marks = readMarks(mlirArrayAttrGetElement(marks, index));
    return port;
  };
  Signature signature;
  MlirAttribute marks = getAttribute(op, "arg_attrs");
  MlirBlock body = mlirRegionGetFirstBlock(mlirOperationGetRegion(op, 0));
  for (intptr_t i = 0, e = mlirFunctionTypeGetNumInputs(type); i != e; ++i) {
    signature.arguments.push_back(
        makePort(mlirFunctionTypeGetInput(type, i), marks, i));
    if (!mlirBlockIsNull(body))
      signature.arguments.back().isUsed = !mlirOpOperandIsNull(
          mlirValueGetFirstUse(mlirBlockGetArgument(body, i)));
  }
  marks = getAttribute(op, "res_attrs");
  for (intptr_t i = 0, e = mlirFunctionTypeGetNumResults(type); i != e; ++i)
    signature.results.push_back(
        makePort(mlirFunctionTypeGetResult(type, i), marks, i));
  MlirAttribute beliefs = getAttribute(op, "fisher.regularized");
  if (mlirAttributeIsNull(beliefs))
    return signature;
  for (intptr_t i = 0, e = mlirArrayAttrGetNumElements(beliefs); i != e; ++i) {
    MlirAttribute names = mlirArrayAttrGetElement(beliefs, i);
    std::vector<std::string> &belief = signature.beliefs.emplace_back();
    for (intptr_t k = 0, n = mlirArrayAttrGetNumElements(names); k != n; ++k)
      belief.push_back(getText(mlirArrayAttrGetElement(names, k)));
  }
  return signature;
}

Family fisher::python::describeFamily(const std::string &text) {
  Session session;
  MlirAttribute family = mlirAttributeParseGet(session.get(), asRef(text));
  if (mlirAttributeIsNull(family))
    session.fail();
  if (!fisherAttributeIsAFamily(family))
    throw CompilerError("error: " + text + " is no family");
  Family described;
  auto add = [](std::vector<std::string> &names, MlirStringRef name) {
    names.emplace_back(name.data, name.length);
  };
  for (intptr_t i = 0, e = fisherFamilyGetNumComponents(family); i != e; ++i)
    add(described.components, fisherFamilyGetComponentName(family, i));
  for (intptr_t i = 0, e = fisherFamilyGetNumStandardCoordinates(family);
       i != e; ++i)
    add(described.standardCoordinates, fisherFamilyGetStandardName(family, i));
  described.eventRank = static_cast<size_t>(fisherFamilyGetEventRank(family));
  return described;
}

Kernel::Kernel(const std::string &text, const std::string &device) {
  Session session;
  Module module(session, text);
  kernel = device.empty() ? fisherKernelCompile(module.get(), asRef("main"))
                          : fisherKernelCompileForDevice(
                                module.get(), asRef("main"), asRef(device));
  if (fisherKernelIsNull(kernel))
    session.fail();
}

std::shared_ptr<const Kernel> Kernel::get(std::string_view module,
                                          const std::string &device) {
  // Other threads may be here while the process ends.
  static auto &mutex = *new std::mutex;
  static auto &kernels = *new std::map<std::pair<std::string, std::string>,
                                       std::weak_ptr<const Kernel>>;
  std::pair key(std::string(module), device);
  {
    std::lock_guard<std::mutex> lock(mutex);
    if (auto it = kernels.find(key); it != kernels.end())
      if (auto kernel = it->second.lock())
        return kernel;
  }
  // Others may compile meanwhile, at worst the same.
  auto kernel = std::make_shared<const Kernel>(key.first, device);
  std::lock_guard<std::mutex> lock(mutex);
  kernels[key] = kernel;
  return kernel;
}
