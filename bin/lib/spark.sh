# Runs a Spark program of this project; sourced by bin/embed and bin/merge.
#
#   run_spark MODULE CLASS CONF ARGUMENT...
#   run_without_spark MODULE CLASS ARGUMENT...     the same program where it has work for this machine alone
#
# With SPARK_HOME set, by that Spark's spark-submit; else by the Spark that Maven put together.
# IMAGESEARCH_DRIVER_MEMORY (for example 8g) bounds the driver's heap, which does all the work unless there is a cluster.
# IMAGESEARCH_SPARK_CONF names a file of Spark settings, such as conf/spark-gpu.conf, to be used instead of Spark's own defaults.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

source "$root/bin/lib/packages.sh"
source "$root/bin/lib/build.sh"
source "$root/bin/lib/log.sh"

use_utf8() {
  # In another encoding Java cannot open files whose names are not plain ASCII.
  case $(locale charmap 2>/dev/null) in
    UTF-8) ;;
    *) export LC_ALL=C.UTF-8 ;;
  esac
}

run_without_spark() {
  local module=$1 class=$2
  shift 2
  use_utf8
  check_log_variables warn
  build_if_needed "$module"
  local heap=()
  [ -z "${IMAGESEARCH_DRIVER_MEMORY:-}" ] || heap=("-Xmx$IMAGESEARCH_DRIVER_MEMORY")
  # Spark's jars, because the program leaves out what Spark brings.
  export CLASSPATH="$(program_jar "$module"):${SPARK_HOME:-$(spark_home)}/jars/*"
  exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" @"$root/bin/lib/spark-java-options" "${heap[@]}" \
    "-Dlog4j2.configurationFile=file:$root/conf/log4j2.properties" "$class" "$@"
}

run_spark() {
  local module=$1 class=$2 conf=$3
  shift 3
  use_utf8
  if [ -n "${SPARK_HOME:-}" ] && [ -n "${IMAGESEARCH_LOG:-}" ]; then
    echo "$(basename "$0"): IMAGESEARCH_LOG and SPARK_HOME are both set: that Spark's conf/log4j2.properties says how it logs" >&2
    exit 2
  fi
  check_log_variables warn
  build_if_needed "$module"
  local jar
  jar=$(program_jar "$module")

  # Spark must know its master before it starts the program; the program takes it, too.
  local submit=() given=() previous='' argument
  for argument in "$@"; do
    case $argument in
      --conf | --conf=*) conf='' ;;
      --master=*) submit+=(--master "${argument#--master=}") ;;
    esac
    [ "$previous" != --master ] || submit+=(--master "$argument")
    previous=$argument
  done
  given=("$@")
  [ -z "$conf" ] || [ ! -f "$root/conf/$conf" ] || given+=(--conf "$root/conf/$conf")

  local options="-Dorg.bytedeco.javacpp.maxphysicalbytes=0 -Dorg.bytedeco.javacpp.maxbytes=0 -Dai.djl.offline=true"
  submit+=(--conf "spark.executor.extraJavaOptions=$options" --class "$class")
  submit+=(--conf spark.executorEnv.RUST_FLAVOR=cpu --conf spark.executorEnv.ORT_DISABLE_TELEMETRY=1)
  export RUST_FLAVOR=cpu
  # ONNX Runtime would tell its makers how it is used, and leave files in the temporary folder.
  export ORT_DISABLE_TELEMETRY=1

  local properties=${IMAGESEARCH_SPARK_CONF:-}
  if [ -n "$properties" ] && [ ! -f "$properties" ]; then
    echo "$(basename "$0"): IMAGESEARCH_SPARK_CONF names no file: $properties" >&2
    exit 2
  fi
  [ -n "$properties" ] || [ -n "${SPARK_HOME:-}" ] || properties=$root/conf/spark-defaults.conf
  [ -z "$properties" ] || submit+=(--properties-file "$properties")

  if [ -n "${SPARK_HOME:-}" ]; then
    [ -z "${IMAGESEARCH_DRIVER_MEMORY:-}" ] || submit+=(--driver-memory "$IMAGESEARCH_DRIVER_MEMORY")
    exec "$SPARK_HOME/bin/spark-submit" --driver-java-options "$options" "${submit[@]}" "$jar" "${given[@]}"
  fi

  local java=${JAVA_HOME:+$JAVA_HOME/bin/}java
  local heap=()
  [ -z "${IMAGESEARCH_DRIVER_MEMORY:-}" ] || heap=("-Xmx$IMAGESEARCH_DRIVER_MEMORY")
  # Not on the command line: ONNX Runtime reads its own and fails on very long ones.
  CLASSPATH="$(spark_home)/jars/*"
  export CLASSPATH
  exec "$java" @"$root/bin/lib/spark-java-options" "${heap[@]}" \
    "-Dlog4j2.configurationFile=file:$root/conf/log4j2.properties" \
    org.apache.spark.deploy.SparkSubmit "${submit[@]}" "$jar" "${given[@]}"
}
