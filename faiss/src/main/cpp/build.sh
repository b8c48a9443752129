#!/usr/bin/env bash
# Builds the native library into CLASSES_DIR, next to the class it belongs to, with GCC's libgomp beside it. Does nothing when it is
# newer than its sources.
#   build.sh CLASSES_DIR      (JAVACPP_CLASS_PATH: the jars of JavaCPP and OpenBLAS)
set -euo pipefail

classes=$1
here=$(cd "$(dirname "$0")" && pwd)
binding=org/imagesearch/faiss/binding
library=$classes/$binding/linux-x86_64/libjniFaissCalls.so
gomp=$(g++ -print-file-name=libgomp.so.1 2>/dev/null || true)

missing=()
command -v g++ >/dev/null || missing+=(g++)
[ -e /usr/include/faiss/IndexIVFFlat.h ] || missing+=(libfaiss-dev)
ldconfig -p | grep 'libopenblas\.so\.0' >/dev/null || missing+=(libopenblas-dev)
[ -e "$gomp" ] || missing+=(libgomp1)
if [ ${#missing[@]} -gt 0 ]; then
    echo "The native part of 'faiss' needs Debian packages that are not installed: ${missing[*]}" >&2
    echo "Install them: apt-get install ${missing[*]}" >&2
    exit 1
fi

stamp=$(cat "$here"/*.h "$here"/build.sh "$gomp" "$classes/$binding/FaissCalls.class" | sha256sum | cut -d' ' -f1)
if [ -e "$library" ] && [ "$(cat "$library.stamp" 2>/dev/null)" = "$stamp" ]; then
    exit 0
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Failed assertions of Faiss name their file: without where this folder lies, builds in different places have the same bytes.
if ! java -cp "$JAVACPP_CLASS_PATH:$classes" org.bytedeco.javacpp.tools.Builder \
    -d "$classes/$binding/linux-x86_64" \
    -Dplatform.includepath="$here" \
    -Dplatform.compiler.output.prefix="-O3" \
    -Xcompiler "-ffile-prefix-map=$here=." \
    org.imagesearch.faiss.binding.FaissCalls >"$log" 2>&1 || [ ! -e "$library" ]; then
    cat "$log" >&2
    echo "JavaCPP built no $library" >&2
    exit 1
fi
rm -f "$classes/$binding"/linux-x86_64/*.cpp
cp -L "$gomp" "$classes/$binding/linux-x86_64/libgomp.so.1"
# JavaCPP takes a library of the same size and time for the one that it has unpacked before, and in our jars all times are the same:
# zeros behind the end, as many as the sources say, make each build a size of its own.
head -c $((16#${stamp:0:4})) /dev/zero >>"$library"
echo "$stamp" >"$library.stamp"
