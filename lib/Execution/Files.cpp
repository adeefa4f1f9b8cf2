//===- Files.cpp - Files that are whole or not there ----------------------===//
//
// Part of the Fisher project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "fisher/Execution/Files.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <unistd.h>

using namespace mlir;
using namespace mlir::fisher;
using llvm::StringRef;

static llvm::Error fileError(StringRef path, const llvm::Twine &reason) {
  return llvm::createStringError(path + ": cannot be written: " + reason);
}

static StringRef getFolder(StringRef path) {
  StringRef folder = llvm::sys::path::parent_path(path);
  return folder.empty() ? "." : folder;
}

llvm::Error fisher::checkReplaceable(StringRef path) {
  llvm::sys::fs::file_status status;
  std::error_code code = llvm::sys::fs::status(path, status);
  // A file of no regular kind, such as /dev/null, must not be replaced by one.
  if (!code && !llvm::sys::fs::is_regular_file(status))
    return fileError(path, llvm::sys::fs::is_directory(status)
                               ? "it is a folder"
                               : "it is not a regular file");
  if (code == std::errc::filename_too_long)
    return fileError(path, code.message());
  code =
      llvm::sys::fs::access(getFolder(path), llvm::sys::fs::AccessMode::Write);
  return code ? fileError(path, code.message()) : llvm::Error::success();
}

std::string fisher::getTemporaryPath(StringRef path) {
  // LLVM's own names of temporary files replace each '%' of the folder, too.
  static std::atomic<unsigned> count = 0;
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  return llvm::formatv("{0}/fisher-{1}-{2}-{3}.tmp", getFolder(path), getpid(),
                       now, ++count);
}

/// Waits until what was written is on the disk.
static std::error_code sync(StringRef path, int flags) {
  int file = open(path.str().c_str(), flags | O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return std::error_code(errno, std::generic_category());
  llvm::scope_exit close([&] { ::close(file); });
  // Some file systems have nothing to wait for, and say that it is invalid.
  if (fsync(file) != 0 && errno != EINVAL)
    return std::error_code(errno, std::generic_category());
  return {};
}

llvm::Error
fisher::replaceFile(StringRef path,
                    llvm::function_ref<llvm::Error(StringRef)> write) {
  if (llvm::Error err = checkReplaceable(path))
    return err;
  // What a link points to is replaced, not the link.
  llvm::SmallString<128> target(path);
  if (llvm::sys::fs::is_symlink_file(path))
    (void)llvm::sys::fs::real_path(path, target);
  std::string temporary = getTemporaryPath(target);
  llvm::FileRemover remove(temporary);
  if (llvm::Error err = write(temporary))
    return fileError(path, llvm::toString(std::move(err)));
  if (llvm::ErrorOr<llvm::sys::fs::perms> permissions =
          llvm::sys::fs::getPermissions(target))
    (void)llvm::sys::fs::setPermissions(temporary, *permissions);
  if (std::error_code code = sync(temporary, 0))
    return fileError(path, code.message());
  if (std::error_code code = llvm::sys::fs::rename(temporary, target))
    return fileError(path, code.message());
  remove.releaseFile();
  // The file is there; that it has its new name after a loss of power, too, is
  // more than every file system can tell.
  (void)sync(getFolder(target), O_DIRECTORY);
  return llvm::Error::success();
}

llvm::Error fisher::replaceFile(StringRef path, StringRef contents) {
  return replaceFile(path, [&](StringRef temporary) -> llvm::Error {
    std::error_code code;
    llvm::raw_fd_ostream os(temporary, code);
    if (!code) {
      os << contents;
      os.close();
      code = os.error();
      os.clear_error();
    }
    return code ? llvm::createStringError(code.message())
                : llvm::Error::success();
  });
}
