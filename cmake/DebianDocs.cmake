# Puts the license and the changelogs of what cpack has gathered where Debian looks
# for them, and in its form.
set(docs ${CPACK_TEMPORARY_DIRECTORY}${CPACK_PACKAGING_INSTALL_PREFIX}/share/doc/fisher)

# Debian has the text of the Apache License already; what remains are the exceptions.
file(READ ${docs}/LICENSE exceptions)
string(FIND "${exceptions}" "As an exception" start)
string(SUBSTRING "${exceptions}" ${start} -1 exceptions)
string(STRIP "${exceptions}" exceptions)
string(REPLACE "\n\n" "\n.\n" exceptions "${exceptions}")
string(REPLACE "\n" "\n " exceptions "${exceptions}")
file(WRITE ${docs}/copyright
"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Fisher

Files: *
Copyright: 2026 The authors of Fisher
License: Apache-2.0 with LLVM-exception
 The Apache License 2.0 is in /usr/share/common-licenses/Apache-2.0, and the
 exceptions are:
 .
 ${exceptions}
")
file(REMOVE ${docs}/LICENSE)

string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${docs}/changelog.Debian
"fisher (${CPACK_PACKAGE_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}) unstable; urgency=medium

  * What changed is in changelog.gz.

 -- ${CPACK_PACKAGE_CONTACT}  ${date}
")
file(RENAME ${docs}/CHANGELOG.md ${docs}/changelog)
execute_process(COMMAND gzip -9 -n changelog changelog.Debian WORKING_DIRECTORY ${docs}
  COMMAND_ERROR_IS_FATAL ANY)
