# Finds the programs, in a source tree and in what bin/dist packs; sourced by the commands that run them.
#
#   build_if_needed PROGRAM...      spark-embed, index-merge, search-server, benchmarks   (needs $root and packages.sh): builds one
#                                   whose jar is missing or older than its sources; where there are no sources, does nothing
#   program_jar PROGRAM             the jar with everything in it
#   spark_home                      the folder with jars/ of the Spark that is used where SPARK_HOME is not set

build_if_needed() {
  if is_packed; then
    command -v "${JAVA_HOME:+$JAVA_HOME/bin/}java" >/dev/null || {
      echo "$(basename "$0"): no java: install Java 17 (Debian: openjdk-17-jre-headless) or set JAVA_HOME" >&2
      exit 1
    }
    return 0
  fi
  local program current=yes wanted=spark-embed,index-merge,search-server,spark-home
  for program in "$@"; do
    is_current "$program" || current=''
    [ "$program" != benchmarks ] || wanted+=,benchmarks
  done
  [ -z "$current" ] || return 0

  require_packages "${PACKAGES_TO_BUILD[@]}"
  echo "building (a few minutes the first time: Maven fetches Spark and the rest)" >&2
  (cd "$root" && mvn -q -B -ntp -DskipTests -pl "$wanted" -am package >&2) || {
    echo "$(basename "$0"): the build failed, see above" >&2
    exit 1
  }
}

is_current() {
  local program=$1 modules jar
  case $program in
    spark-embed) modules=(core clip spark-embed spark-home) ;;
    index-merge) modules=(core faiss index-merge spark-home) ;;
    search-server) modules=(core faiss clip search-server) ;;
    benchmarks) modules=(core faiss clip benchmarks) ;;
  esac
  jar=$(program_jar "$program")
  [ -f "$jar" ] || return 1
  case $program in
    spark-embed | index-merge) [ -d "$(spark_home)/jars" ] || return 1 ;;
  esac
  local sources=("$root/pom.xml") module
  for module in "${modules[@]}"; do
    sources+=("$root/$module/pom.xml")
    [ ! -d "$root/$module/src/main" ] || sources+=("$root/$module/src/main")
  done
  [ -z "$(find "${sources[@]}" -type f -newer "$jar" -print -quit)" ]
}

is_packed() {
  [ ! -f "$root/pom.xml" ]
}

program_jar() {
  local folder=$root/$1/target
  ! is_packed || folder=$root/lib
  local jars=("$folder/imagesearch-$1-"*-all.jar)
  echo "${jars[0]}"
}

spark_home() {
  if is_packed; then
    echo "$root/spark"
  else
    echo "$root/spark-home/target/home"
  fi
}
