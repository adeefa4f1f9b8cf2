// What fisher-opt can do, and what it says when it is asked for something else.

// RUN: fisher-opt --help | FileCheck %s --check-prefix=HELP
// HELP-DAG: --convert-fisher-to-linalg {{.*}} Lower beliefs and their operations to linalg on tensors
// HELP-DAG: --fisher-insert {{.*}} Insert a policy's regularizers into a training step
// HELP-DAG: --policy-file=<string>
// HELP-DAG: --fisher-strip-marks
// HELP-DAG: --fisher-legalize-floats
// HELP-DAG: --fisher-cpu-pipeline

// RUN: fisher-opt --show-dialects | FileCheck %s --check-prefix=DIALECTS
// DIALECTS: fisher

// Files that are no MLIR, and files that are not there.
// RUN: echo "Dear diary," > %t.txt
// RUN: not fisher-opt %t.txt 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: .txt:1:1: error:
// RUN: not fisher-opt %t.missing.mlir 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: .missing.mlir': No such file or directory
// RUN: not fisher-opt %s --fisher-insert=polcy-file=x 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: no such option polcy-file
